/** A Cpu without instructions for kernel tests: real physical memory, translation straight from the address space, no code. */
import type { AddressSpace, Cpu, CpuContext, CpuFault, CpuState, Exit } from '../../src/cpu/cpu.ts';
import { PhysicalMemory } from '../../src/cpu/memory.ts';

const PAGE_MASK = 4095;

export function flatCpu(limit = 256 << 20): Cpu {
  const memory = new PhysicalMemory(65536, limit);
  const registers = new Array<bigint>(16).fill(0n);
  const state = {
    get: (r: number) => Number(registers[r]), set: (r: number, v: number) => { registers[r] = BigInt(v); },
    getBig: (r: number) => registers[r], setBig: (r: number, v: bigint) => { registers[r] = v; },
    rip: 0, rflags: 2, fsBase: 0, gsBase: 0, mxcsr: 0x1f80, fxsave() {}, fxrstor() {},
  } satisfies CpuState;
  return {
    memory,
    mmu: {
      translate(space: AddressSpace, va: number, access: number): number {
        if (!(va >= 0)) return -1;
        const got = space.resolve(va - va % 4096, access);
        return got === 0 ? -1 : got - (got & PAGE_MASK) + va % 4096;
      },
      invalidate() {}, invalidateAll() {}, release() {},
    },
    code: { hasCode: () => false, dropPage() {} },
    state,
    fault: { vector: 14, address: 0, access: 1 } as CpuFault,
    counters: { instructions: 0, blocksDecoded: 0, misses: 0 },
    newContext: () => new Uint8Array(0) as CpuContext,
    load() {}, save() {},
    run: () => 0 as Exit,
    interrupt() {},
  };
}
