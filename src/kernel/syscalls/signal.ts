/** Signals: dispositions, masks, sending and waiting (sigaction(2), kill(2), sigtimedwait(2) …). */
import { CAP_KILL } from '../../abi/capability.ts';
import { EAGAIN, EBADF, EINTR, EINVAL, ENOMEM, EPERM, ESRCH, Errno } from '../../abi/errno.ts';
import { SI_TKILL, SIG_BLOCK, SIG_DFL, SIG_IGN, SIG_SETMASK, SIG_UNBLOCK, sigBit, SIGCONT, SIGKILL, SIGSEGV, SIGSTOP, type SigSet, SS_AUTODISARM, SS_DISABLE,
  SS_ONSTACK, UNBLOCKABLE } from '../../abi/signal.ts';
import { Reg } from '../../cpu/cpu.ts';
import { PidFile } from '../task/pid-file.ts';
import type { Process } from '../task/process.ts';
import { readTimespec } from '../task/clocks.ts';
import { altStackFlags, decodeSigInfo, encodeSigInfo, MIN_SIGNAL_STACK, onAltStack, popFrame, SIGINFO_SIZE } from '../task/signal-frame.ts';
import { defaultDisposition, kernelSignal, type SigInfo, threadSignal, userSignal } from '../task/signal-state.ts';
import type { Task } from '../task/task.ts';
import { Block, full, NO_RESULT, partial, type SyscallRow, type SysResult } from './define.ts';

const SIGSET_SIZE = 8;

export function readSigset(task: Task, va: number, size: number): SigSet {
  if (size !== SIGSET_SIZE) throw new Errno(EINVAL);
  return task.mm.readBig(va);
}

function sigaction(task: Task, sig: number, act: number, old: number, size: number): number {
  if (size !== SIGSET_SIZE || sig < 1 || sig > 64) return -EINVAL;
  const { process, mm } = task;
  if (act !== 0 && (sig === SIGKILL || sig === SIGSTOP)) return -EINVAL;
  const previous = process.handlers.get(sig);
  const next = act === 0 ? undefined
    : { handler: mm.readU64(act), flags: mm.readU32(act + 8), restorer: mm.readU64(act + 16), mask: mm.readBig(act + 24) & ~UNBLOCKABLE };
  if (old !== 0) {
    mm.writeU64(old, previous.handler);
    mm.writeU64(old + 8, previous.flags >>> 0);
    mm.writeU64(old + 16, previous.restorer);
    mm.writeBig(old + 24, previous.mask);
  }
  if (!next) return 0;
  process.handlers.set(sig, next);
  if (next.handler === SIG_IGN || (next.handler === SIG_DFL && defaultDisposition(sig) === 'ignore')) {
    const bit = sigBit(sig);
    process.pending.remove(bit);
    for (const t of process.threads) {
      t.pending.remove(bit);
      task.kernel.signals.recalculate(t);
    }
  }
  return 0;
}

function sigprocmask(task: Task, how: number, set: number, old: number, size: number): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const before = task.blocked;
  if (set !== 0) {
    const given = task.mm.readBig(set);
    let mask: SigSet;
    switch (how) {
      case SIG_BLOCK: mask = before | given; break;
      case SIG_UNBLOCK: mask = before & ~given; break;
      case SIG_SETMASK: mask = given; break;
      default: return -EINVAL;
    }
    if (old !== 0) task.mm.writeBig(old, before);
    task.kernel.signals.setMask(task, mask);
  } else if (old !== 0) {
    task.mm.writeBig(old, before);
  }
  return 0;
}

function sigreturn(task: Task): number {
  const { kernel } = task;
  try {
    const { mask, altStack } = popFrame(task.mm, kernel.cpu.state);
    kernel.signals.setMask(task, mask);
    if (altStack.flags & SS_AUTODISARM || !onAltStack(task.altStack, kernel.cpu.state.get(Reg.rsp))) {
      task.altStack = { sp: altStack.sp, size: altStack.flags & SS_DISABLE ? 0 : altStack.size, flags: altStack.flags & ~SS_ONSTACK };
    }
  } catch (e) {
    if (!(e instanceof Errno)) throw e;
    kernel.signals.force(task, kernelSignal(SIGSEGV));
  }
  return NO_RESULT;
}

function sigaltstack(task: Task, next: number, old: number): number {
  const { mm } = task;
  const rsp = task.kernel.cpu.state.get(Reg.rsp);
  const given = next === 0 ? undefined : { sp: mm.readU64(next), flags: mm.readU32(next + 8), size: mm.readU64(next + 16) };
  const before = task.altStack;
  if (given) {
    if (onAltStack(before, rsp)) return -EPERM;
    const mode = given.flags & ~SS_AUTODISARM;
    if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;
    if (mode !== SS_DISABLE && given.size < MIN_SIGNAL_STACK) return -ENOMEM;
  }
  if (old !== 0) {
    mm.writeU64(old, before.sp);
    mm.writeU64(old + 8, (altStackFlags(before, rsp) | (before.flags & SS_AUTODISARM)) >>> 0);
    mm.writeU64(old + 16, before.size);
  }
  if (given) task.altStack = given.flags & SS_DISABLE ? { sp: 0, size: 0, flags: SS_DISABLE } : given;
  return 0;
}

function mayKill(task: Task, target: Process, sig: number): boolean {
  const c = task.credentials;
  const t = target.thread.credentials;
  if (c.has(CAP_KILL) || c.euid === t.suid || c.euid === t.uid || c.uid === t.suid || c.uid === t.uid) return true;
  return sig === SIGCONT && target.session === task.process.session;
}

function validSignal(sig: number): boolean { return sig >= 0 && sig <= 64; }

function killMany(task: Task, targets: readonly Process[], sig: number): number {
  let permitted = 0;
  const info = userSignal(sig, task.process.pid, task.credentials.uid);
  for (const p of targets) {
    if (!mayKill(task, p, sig)) continue;
    permitted++;
    if (sig !== 0) task.kernel.signals.sendToProcess(p, info);
  }
  if (targets.length === 0) return -ESRCH;
  return permitted > 0 ? 0 : -EPERM;
}

function kill(task: Task, pid: number, sig: number): number {
  const { kernel } = task;
  const id = pid | 0;
  if (!validSignal(sig)) return -EINVAL;
  if (id === -1) return killMany(task, [...kernel.processes.values()].filter((p) => p !== kernel.init && p !== task.process), sig);
  if (id <= 0) return killMany(task, [...(kernel.groups.get(id === 0 ? task.process.pgid : -id)?.members ?? [])], sig);
  const process = kernel.processes.get(id) ?? kernel.tasks.get(id)?.process;
  return process ? killMany(task, [process], sig) : -ESRCH;
}

function sendToThread(task: Task, tgid: number, tid: number, info: SigInfo): number {
  if (!validSignal(info.signo) || tid <= 0) return -EINVAL;
  const target = task.kernel.tasks.get(tid);
  if (!target || !(target.alive || target.process.leader === target) || (tgid >= 0 && target.process.pid !== tgid)) return -ESRCH;
  if (!mayKill(task, target.process, info.signo)) return -EPERM;
  if (info.signo !== 0) task.kernel.signals.sendToTask(target, info);
  return 0;
}

function readQueued(task: Task, sig: number, va: number, targetPid: number): SigInfo {
  const info = decodeSigInfo(task.mm.copyIn(va, SIGINFO_SIZE));
  if ((info.code >= 0 || info.code === SI_TKILL) && targetPid !== task.process.pid) throw new Errno(EPERM);
  return { ...info, signo: sig };
}

function sigqueue(task: Task, pid: number, sig: number, va: number): number {
  if (!validSignal(sig)) return -EINVAL;
  const info = readQueued(task, sig, va, pid);
  const process = task.kernel.processes.get(pid);
  if (!process) return -ESRCH;
  if (!mayKill(task, process, sig)) return -EPERM;
  if (sig !== 0) task.kernel.signals.sendToProcess(process, info);
  return 0;
}

function pidfdSendSignal(task: Task, fd: number, sig: number, va: number, flags: number): number {
  if (flags !== 0 || !validSignal(sig)) return -EINVAL;
  const file = task.files.get(fd);
  if (!(file instanceof PidFile)) return -EBADF;
  const { process } = file;
  if (process.exited) return -ESRCH;
  const info = va === 0 ? userSignal(sig, task.process.pid, task.credentials.uid) : readQueued(task, sig, va, process.pid);
  if (!mayKill(task, process, sig)) return -EPERM;
  if (sig !== 0) task.kernel.signals.sendToProcess(process, info);
  return 0;
}

function sigsuspend(task: Task, set: number, size: number): SysResult {
  const mask = readSigset(task, set, size);
  task.setTemporaryMask(mask);
  return new Block([], undefined, 'nohand');
}

/** Waits for signals that are blocked; one that is not ends it with EINTR. */
function sigtimedwait(task: Task, set: number, info: number, timeout: number, size: number): SysResult {
  const wanted = readSigset(task, set, size) & ~UNBLOCKABLE;
  let deadline = task.waitState as number | undefined;
  if (task.wait === undefined && timeout !== 0) deadline = task.kernel.deadline(readTimespec(task.mm, timeout));
  task.mm.awaitPages(info, SIGINFO_SIZE);
  task.sigwait = undefined;
  const found = task.kernel.signals.dequeue(task, wanted);
  if (found) {
    if (info !== 0) task.mm.copyOut(info, encodeSigInfo(found));
    return found.signo;
  }
  if (task.timedOut || (deadline !== undefined && deadline <= task.kernel.clock.monotonic())) return -EAGAIN;
  task.sigwait = wanted;
  return new Block([], deadline, 'nohand', deadline, (t) => { t.sigwait = undefined; return -EINTR; });
}

function sigpending(task: Task, set: number, size: number): number {
  if (size > SIGSET_SIZE) return -EINVAL;
  task.mm.writeBig(set, (task.pending.set | task.process.pending.set) & task.blocked);
  return 0;
}

export const signalCalls: readonly SyscallRow[] = [
  full(13, 'rt_sigaction', 'sig,ptr,ptr,size', sigaction),
  full(14, 'rt_sigprocmask', 'int,ptr,ptr,size', sigprocmask),
  full(15, 'rt_sigreturn', '', sigreturn),
  full(34, 'pause', '', () => new Block([], undefined, 'nohand')),
  full(62, 'kill', 'pid,sig', kill),
  full(127, 'rt_sigpending', 'ptr,size', sigpending),
  full(128, 'rt_sigtimedwait', 'ptr,ptr,ptr,size', sigtimedwait),
  full(129, 'rt_sigqueueinfo', 'pid,sig,ptr', sigqueue),
  full(130, 'rt_sigsuspend', 'ptr,size', sigsuspend),
  full(131, 'sigaltstack', 'ptr,ptr', sigaltstack),
  full(200, 'tkill', 'pid,sig', (task, tid, sig) => sendToThread(task, -1, tid, threadSignal(sig, task.process.pid, task.credentials.uid))),
  full(234, 'tgkill', 'pid,pid,sig', (task, tgid, tid, sig) => (tgid <= 0 ? -EINVAL : sendToThread(task, tgid, tid, threadSignal(sig, task.process.pid, task.credentials.uid)))),
  full(297, 'rt_tgsigqueueinfo', 'pid,pid,sig,ptr', (task, tgid, tid, sig, info) => sendToThread(task, tgid, tid, readQueued(task, sig, info, tgid))),
  partial(424, 'pidfd_send_signal', 'fd,sig,ptr,flags', 'flags (PIDFD_SIGNAL_*) are EINVAL', pidfdSendSignal),
];

