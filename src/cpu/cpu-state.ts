/** CpuState over the register file: what the kernel reads and writes between runs. */
import type { CpuContext, CpuState } from './cpu.ts';
import { fxrstor, fxsave } from './helpers/fxsave.ts';
import { X87 } from './helpers/x87.ts';
import type { PhysicalMemory } from './memory.ts';
import * as state from './state.ts';
import { PLAIN_FLAGS } from './uops/flags.ts';

/** Registers as at process entry. */
export function freshContext(): CpuContext {
  const context = new Uint8Array(state.CONTEXT_END - state.CONTEXT);
  const view = new DataView(context.buffer);
  const put = (slot: number, value: number): void => view.setInt32(slot - state.CONTEXT, value, true);
  put(state.PF, 1);
  put(state.ZF, 1);
  put(state.FCW, 0x37f);
  put(state.MXCSR, 0x1f80);
  return context;
}

export class RegisterFile implements CpuState {
  private readonly x87: X87;
  constructor(private readonly memory: PhysicalMemory) { this.x87 = new X87(memory); }

  private read64(slot: number): number { return this.memory.i32[(slot + 4) >> 2] * 2 ** 32 + this.memory.u32[slot >> 2]; }
  private write64(slot: number, value: number): void {
    this.memory.u32[slot >> 2] = value % 2 ** 32;
    this.memory.i32[(slot + 4) >> 2] = Math.floor(value / 2 ** 32);
  }

  get(reg: number): number { return this.read64(state.gpr(reg)); }
  set(reg: number, value: number): void { this.write64(state.gpr(reg), value); }
  getBig(reg: number): bigint { return this.memory.view.getBigUint64(state.gpr(reg), true); }
  setBig(reg: number, value: bigint): void { this.memory.view.setBigUint64(state.gpr(reg), BigInt.asUintN(64, value), true); }

  get rip(): number { return this.read64(state.RIP); }
  set rip(value: number) { this.write64(state.RIP, value); }
  get fsBase(): number { return this.read64(state.FSBASE); }
  set fsBase(value: number) { this.write64(state.FSBASE, value); }
  get gsBase(): number { return this.read64(state.GSBASE); }
  set gsBase(value: number) { this.write64(state.GSBASE, value); }
  get mxcsr(): number { return this.memory.i32[state.MXCSR >> 2]; }
  set mxcsr(value: number) { this.memory.i32[state.MXCSR >> 2] = value & 0xffff; }

  get rflags(): number {
    const { i32, u8 } = this.memory;
    const word = (slot: number): number => i32[slot >> 2];
    const parity = (v: number): number => { v ^= v >> 4; return (0x9669 >> (v & 15)) & 1; };
    return word(state.CF) | 2 | (parity(u8[state.PF]) << 2) | (word(state.AF) & 0x10)
      | (word(state.ZF) === 0 && word(state.ZF + 4) === 0 ? 0x40 : 0) | (word(state.SF + 4) < 0 ? 0x80 : 0) | 0x200
      | (word(state.DF) << 10) | (word(state.OF + 4) < 0 ? 0x800 : 0) | word(state.EFLAGS);
  }
  set rflags(f: number) {
    const { i32 } = this.memory;
    const put = (slot: number, value: number): void => { i32[slot >> 2] = value; };
    put(state.CF, f & 1);
    put(state.PF, f & 4 ? 0 : 1);
    put(state.AF, f & 0x10);
    put(state.ZF, f & 0x40 ? 0 : 1);
    put(state.ZF + 4, 0);
    put(state.SF + 4, f & 0x80 ? -1 : 0);
    put(state.OF + 4, f & 0x800 ? -1 : 0);
    put(state.DF, (f >> 10) & 1);
    put(state.EFLAGS, f & PLAIN_FLAGS);
  }

  fxsave(into: Uint8Array): void { fxsave(this.x87, this.memory, into); }
  fxrstor(from: Uint8Array): void { fxrstor(this.x87, this.memory, from); }
}
