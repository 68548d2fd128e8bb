/**
 * Helpers: uops whose meaning is a TypeScript function, for what is rare or has no short form in WebAssembly (cpuid, x87,
 * 128-bit division). A helper reads and writes the register file through `cpu.memory` at the addresses in its record.
 */
import type { Vector } from '../cpu.ts';
import type { PhysicalMemory } from '../memory.ts';
import { define, type UopSpec } from './define.ts';

/** The CPU as a helper sees it. */
export interface HelperCpu {
  readonly memory: PhysicalMemory;
  /** Raises an exception at this instruction; return right after. Nothing architectural may have been written. */
  raise(vector: Vector): void;
  /**
   * Physical address of one access within a page, or -1 after raising #PF. Prefer load/store uops and `checkWrite`
   * around the helper; this is for operands of unusual size.
   */
  translate(va: number, access: number): number;
  /** Copies guest memory; false after raising #PF, with nothing written. */
  read(va: number, into: Uint8Array): boolean;
  write(va: number, from: Uint8Array): boolean;
  cpuid(leaf: number, subleaf: number, out: Uint32Array): void;
  /** Nanoseconds, monotonic: the time-stamp counter. */
  tsc(): bigint;
  random(into: Uint8Array): void;
}

export type Helper = (cpu: HelperCpu, record: number) => void;

/** Index is the helper's number. */
export const helpers: Helper[] = [];

/** Defines a uop that calls `run`. Returns the uop's number. */
export function defineHelper(name: string, spec: UopSpec, run: Helper): number {
  const id = helpers.push(run) - 1;
  return define(name, spec, (u) => u.helper(id));
}
