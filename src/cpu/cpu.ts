/**
 * The CPU as the kernel sees it: gVisor's platform seam. The kernel loads a context (registers of one guest thread and the
 * address space it runs in), runs it for a budget of instructions and gets back why it stopped. The CPU knows no Linux;
 * the kernel knows no instruction encodings. Everything is synchronous.
 */
import type { PhysicalMemory } from './memory.ts';

/** Why `run` returned. State is precise: rip is the next instruction to execute, or the one that faulted. */
export const Exit = {
  /** The budget is used up or interrupt() was called; at a block boundary. */
  Interrupted: 0,
  /** SYSCALL executed: rip is after it, rcx and r11 are set as the instruction does. Arguments are in the registers. */
  Syscall: 1,
  /** An exception; see Cpu.fault. Nothing of the faulting instruction has taken effect (string instructions: completed iterations have). */
  Fault: 2,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** Exception vectors (SDM volume 3, table 6-1). */
export const Vector = { DE: 0, DB: 1, BP: 3, OF: 4, UD: 6, NM: 7, SS: 12, GP: 13, PF: 14, MF: 16, AC: 17, XM: 19 } as const;
export type Vector = (typeof Vector)[keyof typeof Vector];

/** Access kinds, and permission bits of a translation; a set is their sum. */
export const Access = { Read: 1, Write: 2, Execute: 4 } as const;

export interface CpuFault {
  vector: Vector;
  /** For #PF the faulting address; for #UD the instruction's address. A guest virtual address, as a number. */
  address: number;
  /** For #PF one of Access. */
  access: number;
}

/** What the kernel's mm offers the CPU: the page table of one address space. */
export interface AddressSpace {
  /**
   * Called when a translation is missing or lacks a permission. Makes the page present if it can do so at once (demand-zero,
   * cached file page, copy-on-write) and returns physical page address + the Access bits that now hold; 0 when it cannot.
   * The kernel then sees Exit.Fault with Vector.PF and either makes the page present (perhaps after I/O) or signals.
   * @param page guest virtual address of the page (multiple of 4096)
   */
  resolve(page: number, access: number): number;
}

/** Software TLBs. A translation is only ever a cache of what AddressSpace.resolve answered. */
export interface Mmu {
  /** Physical address for one access that stays within the page, or -1. Runs resolve, and drops translated code on writes. */
  translate(space: AddressSpace, va: number, access: number): number;
  /** Forgets translations of [va, va+length): after munmap, mprotect, copy-on-write marking. */
  invalidate(space: AddressSpace, va: number, length: number): void;
  /** Forgets everything of a space: after fork (to write-protect) or exec. */
  invalidateAll(space: AddressSpace): void;
  /** The space is gone. */
  release(space: AddressSpace): void;
}

/** Decoded and translated code, keyed by physical page. */
export interface CodeCache {
  hasCode(physicalPage: number): boolean;
  /** The page's bytes changed behind the CPU's back (kernel write into a mapped file page) or the page is being freed. */
  dropPage(physicalPage: number): void;
}

/** Register numbers of CpuState.get/set. */
export const Reg = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7, r8: 8, r9: 9, r10: 10, r11: 11, r12: 12, r13: 13, r14: 14, r15: 15 } as const;

/**
 * Registers of the loaded context. Numbers are signed 64-bit values, exact below 2^53 in magnitude: enough for pointers,
 * sizes, descriptors and errnos; use the lo/hi or bigint accessors where all 64 bits matter.
 */
export interface CpuState {
  get(reg: number): number;
  set(reg: number, value: number): void;
  getBig(reg: number): bigint;
  setBig(reg: number, value: bigint): void;
  rip: number;
  /** RFLAGS: CF PF AF ZF SF TF DF OF, with bit 1 set; IF reads as 1. */
  rflags: number;
  fsBase: number;
  gsBase: number;
  mxcsr: number;
  /** FXSAVE64 image of 512 bytes (x87, MXCSR, XMM): for signal frames and ptrace. */
  fxsave(into: Uint8Array): void;
  fxrstor(from: Uint8Array): void;
}

/** Saved registers of a thread that is not loaded. Opaque; copyable. */
export type CpuContext = Uint8Array;

export interface CpuCounters {
  /** Guest instructions retired since creation, all threads. */
  instructions: number;
  blocksDecoded: number;
  misses: number;
}

export interface Cpu {
  readonly memory: PhysicalMemory;
  readonly mmu: Mmu;
  readonly code: CodeCache;
  readonly state: CpuState;
  readonly fault: CpuFault;
  readonly counters: CpuCounters;
  /** Registers as at process entry: all zero, rflags 0x202, fcw 0x37f, mxcsr 0x1f80. */
  newContext(): CpuContext;
  /** Makes `context` current: registers are copied in, and copied back into it by the next load or save. */
  load(context: CpuContext, space: AddressSpace): void;
  /** Copies the current registers back into the loaded context (before fork copies it). */
  save(): void;
  /** Runs the loaded context for about `budget` instructions. */
  run(budget: number): Exit;
  /** Makes the current run return soon; callable from within resolve or a port. */
  interrupt(): void;
}
