/** Helpers for identification, time and randomness. */
import * as state from '../state.ts';
import { bySize } from './alu.ts';
import { ALL_FLAGS } from './define.ts';
import { defineHelper, type HelperCpu } from './helper.ts';
import { Offset } from './record.ts';

const words = (cpu: HelperCpu, registers: readonly number[], values: ArrayLike<number>): void => {
  registers.forEach((r, k) => { cpu.memory.u32[state.gpr(r) >> 2] = values[k]; cpu.memory.u32[(state.gpr(r) >> 2) + 1] = 0; });
};

export const cpuid = defineHelper('cpuid', {}, (cpu) => {
  const out = new Uint32Array(4);
  const { u32 } = cpu.memory;
  cpu.cpuid(u32[state.gpr(0) >> 2], u32[state.gpr(1) >> 2], out);
  words(cpu, [0, 3, 1, 2], out);
});

function timestamp(cpu: HelperCpu): void {
  const t = cpu.tsc();
  words(cpu, [0, 2], [Number(t & 0xffffffffn), Number((t >> 32n) & 0xffffffffn)]);
}
export const rdtsc = defineHelper('rdtsc', {}, timestamp);
/** TSC_AUX is the processor's number, 0. */
export const rdtscp = defineHelper('rdtscp', {}, (cpu) => { timestamp(cpu); words(cpu, [1], [0]); });

const bytes = new Uint8Array(8);
/** d = random bits; CF = 1 and the other flags 0. */
export const rdrand = bySize((size) => defineHelper(`rdrand${size * 8}`, { writes: ALL_FLAGS }, (cpu, record) => {
  const { u8, u16, i32 } = cpu.memory;
  const d = u16[(record + Offset.d) >> 1];
  cpu.random(bytes);
  for (let k = 0; k < (size === 4 ? 8 : size); k++) u8[d + k] = k < size ? bytes[k] : 0;
  i32[state.CF >> 2] = 1;
  i32[state.PF >> 2] = 1;
  i32[state.AF >> 2] = 0;
  for (const slot of [state.SF, state.OF]) i32[slot >> 2] = i32[(slot >> 2) + 1] = 0;
  i32[state.ZF >> 2] = 1;
}));
