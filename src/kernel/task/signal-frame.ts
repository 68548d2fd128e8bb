/**
 * The frame that a signal handler is called with, bit for bit as Linux lays it out on x86-64 (arch/x86/kernel/signal_64.c):
 * return address, ucontext, siginfo, and the FXSAVE image above. Programs read and edit it (Go, JVM, unwinders).
 */
import { MINSIGSTKSZ, SA_ONSTACK, SI_QUEUE, SI_SIGIO, SI_TIMER, SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, type SigSet, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK } from '../../abi/signal.ts';
import { type CpuState, Reg } from '../../cpu/cpu.ts';
import type { Mm } from '../mm/mm.ts';
import type { SigAction, SigInfo } from './signal-state.ts';
import type { AltStack } from './task.ts';

export const SIGINFO_SIZE = 128;
const UCONTEXT = 8;
const UCONTEXT_SIZE = 304;
const MCONTEXT = 40;
const SIGMASK = 296;
const SIGINFO = UCONTEXT + UCONTEXT_SIZE;
export const FRAME_SIZE = SIGINFO + SIGINFO_SIZE;
const FXSAVE_SIZE = 512;
const RED_ZONE = 128;
/** AT_MINSIGSTKSZ: what a handler's stack must hold at the least. */
export const MIN_SIGNAL_STACK = MINSIGSTKSZ;

/** UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS */
const UC_FLAGS = 6;
const USER_CS = 0x33, USER_SS = 0x2b;
const FLAG_TF = 0x100, FLAG_DF = 0x400;
/** Flags that sigreturn may set (FIX_EFLAGS): AC OF DF TF SF ZF AF PF CF. */
const RESTORABLE_FLAGS = 0x40dd5 | 0x200;

/** Order of the general registers in struct sigcontext. */
const ORDER = [Reg.r8, Reg.r9, Reg.r10, Reg.r11, Reg.r12, Reg.r13, Reg.r14, Reg.r15, Reg.rdi, Reg.rsi, Reg.rbp, Reg.rbx, Reg.rdx, Reg.rax, Reg.rcx, Reg.rsp];
const RIP = MCONTEXT + 128, EFLAGS = RIP + 8, SEGMENTS = RIP + 16, ERR = RIP + 24, TRAPNO = RIP + 32, CR2 = RIP + 48, FPSTATE = RIP + 56;

/** The last exception of a thread, as the frame reports it. */
export interface Trap { number: number; error: number; cr2: number }

export function encodeSigInfo(info: SigInfo): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  const v = new DataView(bytes.buffer);
  v.setInt32(0, info.signo, true);
  v.setInt32(4, info.errno ?? 0, true);
  v.setInt32(8, info.code, true);
  if (info.code === SI_TIMER) {
    v.setInt32(16, info.timerId ?? 0, true);
    v.setInt32(20, info.overrun ?? 0, true);
    v.setBigUint64(24, BigInt.asUintN(64, info.value ?? 0n), true);
    return bytes;
  }
  if (info.address !== undefined && [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP].includes(info.signo)) {
    v.setBigInt64(16, BigInt(Math.trunc(info.address)), true);
    return bytes;
  }
  if (info.band !== undefined || info.code === SI_SIGIO) {
    v.setBigInt64(16, BigInt(info.band ?? 0), true);
    v.setInt32(24, info.fd ?? 0, true);
    return bytes;
  }
  v.setInt32(16, info.pid ?? 0, true);
  v.setUint32(20, info.uid ?? 0, true);
  if (info.signo === SIGCHLD && info.code > 0) {
    v.setInt32(24, info.status ?? 0, true);
    v.setBigInt64(32, BigInt(Math.round(info.utime ?? 0)), true);
    v.setBigInt64(40, BigInt(Math.round(info.stime ?? 0)), true);
  } else if (info.value !== undefined || info.code === SI_QUEUE) {
    v.setBigUint64(24, BigInt.asUintN(64, info.value ?? 0n), true);
  }
  return bytes;
}

/** What rt_sigqueueinfo(2) takes from the caller. */
export function decodeSigInfo(bytes: Uint8Array): SigInfo {
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    signo: v.getInt32(0, true), errno: v.getInt32(4, true), code: v.getInt32(8, true),
    pid: v.getInt32(16, true), uid: v.getUint32(20, true), value: v.getBigUint64(24, true),
  };
}

export function onAltStack(alt: AltStack, sp: number): boolean {
  return !(alt.flags & SS_AUTODISARM) && sp > alt.sp && sp - alt.sp <= alt.size;
}

/** ss_flags of sigaltstack(2) for a thread whose stack pointer is `sp`. */
export function altStackFlags(alt: AltStack, sp: number): number {
  if (alt.size === 0) return SS_DISABLE;
  return onAltStack(alt, sp) ? SS_ONSTACK : 0;
}

/** Where the frame of a handler goes: address of the frame and of the FXSAVE image. */
export function placeFrame(state: CpuState, alt: AltStack, flags: number): { frame: number; fx: number } {
  const rsp = state.get(Reg.rsp);
  let sp = rsp - RED_ZONE;
  if (flags & SA_ONSTACK && altStackFlags(alt, rsp) === 0) sp = alt.sp + alt.size;
  const fx = roundDown(sp - FXSAVE_SIZE, 64);
  return { frame: roundDown(fx - FRAME_SIZE, 16) - 8, fx };
}

/** Writes the frame and points the registers at the handler. Throws Errno(EFAULT) when the stack cannot be written. */
export function pushFrame(mm: Mm, state: CpuState, alt: AltStack, action: SigAction, info: SigInfo, mask: SigSet, trap: Trap): void {
  const { frame, fx } = placeFrame(state, alt, action.flags);
  const bytes = new Uint8Array(FRAME_SIZE);
  const v = new DataView(bytes.buffer);
  v.setBigUint64(0, BigInt(action.restorer), true);
  const uc = UCONTEXT;
  const rsp = state.get(Reg.rsp);
  v.setUint32(uc, UC_FLAGS, true);
  v.setBigUint64(uc + 16, BigInt(alt.sp), true);
  v.setUint32(uc + 24, (altStackFlags(alt, rsp) | (alt.flags & SS_AUTODISARM)) >>> 0, true);
  v.setBigUint64(uc + 32, BigInt(alt.size), true);
  ORDER.forEach((reg, i) => v.setBigUint64(uc + MCONTEXT + i * 8, BigInt.asUintN(64, state.getBig(reg)), true));
  v.setBigUint64(uc + RIP, BigInt.asUintN(64, BigInt(state.rip)), true);
  v.setBigUint64(uc + EFLAGS, BigInt(state.rflags), true);
  v.setUint16(uc + SEGMENTS, USER_CS, true);
  v.setUint16(uc + SEGMENTS + 6, USER_SS, true);
  v.setBigUint64(uc + ERR, BigInt(trap.error), true);
  v.setBigUint64(uc + TRAPNO, BigInt(trap.number), true);
  v.setBigUint64(uc + CR2, BigInt.asUintN(64, BigInt(Math.trunc(trap.cr2))), true);
  v.setBigUint64(uc + FPSTATE, BigInt(fx), true);
  v.setBigUint64(uc + SIGMASK, mask, true);
  bytes.set(encodeSigInfo(info), SIGINFO);

  const image = new Uint8Array(FXSAVE_SIZE);
  state.fxsave(image);
  mm.copyOut(fx, image);
  mm.copyOut(frame, bytes);

  state.set(Reg.rdi, info.signo);
  state.set(Reg.rsi, frame + SIGINFO);
  state.set(Reg.rdx, frame + UCONTEXT);
  state.set(Reg.rax, 0);
  state.set(Reg.rsp, frame);
  state.rip = action.handler;
  state.rflags &= ~(FLAG_DF | FLAG_TF);
}

export interface Restored { mask: SigSet; altStack: AltStack }

/** rt_sigreturn(2): takes the registers back from the frame that rsp (after the handler's ret) follows. */
export function popFrame(mm: Mm, state: CpuState): Restored {
  const frame = state.get(Reg.rsp) - 8;
  const bytes = mm.copyIn(frame, SIGINFO);
  const v = new DataView(bytes.buffer);
  const uc = UCONTEXT;
  const fx = Number(v.getBigUint64(uc + FPSTATE, true));
  const image = fx !== 0 ? mm.copyIn(fx, FXSAVE_SIZE) : undefined;
  ORDER.forEach((reg, i) => state.setBig(reg, v.getBigInt64(uc + MCONTEXT + i * 8, true)));
  state.rip = Number(v.getBigInt64(uc + RIP, true));
  state.rflags = (v.getUint32(uc + EFLAGS, true) & RESTORABLE_FLAGS) | 2;
  if (image) state.fxrstor(image);
  return {
    mask: v.getBigUint64(uc + SIGMASK, true),
    altStack: { sp: Number(v.getBigUint64(uc + 16, true)), flags: v.getUint32(uc + 24, true), size: Number(v.getBigUint64(uc + 32, true)) },
  };
}

function roundDown(n: number, to: number): number { return n - (n % to); }
