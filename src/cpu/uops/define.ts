/**
 * The table of uops. A uop is defined once, at module load, by a function that emits its meaning; its number goes into
 * the records. See src/cpu/README.md.
 */
import type { UopEmitter } from './emitter.ts';

/** Flag sets, for liveness. */
export const Flag = { C: 1, P: 2, A: 4, Z: 8, S: 16, O: 32 } as const;
export const ALL_FLAGS = 63;

export interface UopSpec {
  /** Flags that are read, and that are *always* written (or left undefined by the manual). */
  reads?: number;
  writes?: number;
  /** Flags that may be written (shifts by a count of zero write none), if not the same: a flagged uop is silenced when all these are dead. */
  mayWrite?: number;
  /** Put into the interpreter's main switch. Everything else is a function of its own, reached by an indirect call. */
  hot?: boolean;
}

export interface Uop {
  readonly id: number;
  readonly name: string;
  readonly reads: number;
  readonly writes: number;
  readonly mayWrite: number;
  readonly hot: boolean;
  readonly indexed: boolean;
  /** The same uop without its flags, used where they are dead; or 0. */
  silent: number;
  readonly emit: (u: UopEmitter) => void;
}

/** Index is the uop's number; 0 is no uop. */
export const uops: Uop[] = [{ id: 0, name: 'invalid', reads: 0, writes: 0, mayWrite: 0, hot: false, indexed: false, silent: 0, emit: (u) => u.emit([0x00]) }];
const names = new Map<string, number>();

function add(name: string, spec: UopSpec, indexed: boolean, emit: (u: UopEmitter) => void): number {
  if (names.has(name)) throw new Error(`uop ${name} is defined twice`);
  const id = uops.length;
  names.set(name, id);
  uops.push({ id, name, reads: spec.reads ?? 0, writes: spec.writes ?? 0, mayWrite: spec.mayWrite ?? spec.writes ?? 0, hot: spec.hot ?? false, indexed, silent: 0, emit });
  return id;
}

/** Defines a uop without a memory operand. Returns its number. */
export function define(name: string, spec: UopSpec, emit: (u: UopEmitter) => void): number {
  return add(name, spec, false, emit);
}

/** Defines a uop that writes flags, and its twin that does not. Returns the number of the former. */
export function defineFlagged(name: string, spec: UopSpec, emit: (u: UopEmitter, flags: boolean) => void): number {
  const id = add(name, spec, false, (u) => emit(u, true));
  uops[id].silent = add(`${name}.nf`, { ...spec, writes: 0, mayWrite: 0 }, false, (u) => emit(u, false));
  return id;
}

/** Defines a uop with a memory operand (u.address()). The returned number + 1 is the form with an index register. */
export function defineMemory(name: string, spec: UopSpec, emit: (u: UopEmitter) => void): number {
  const id = add(name, spec, false, emit);
  add(`${name}.x`, spec, true, emit);
  return id;
}

export function uopByName(name: string): number {
  const id = names.get(name);
  if (id === undefined) throw new Error(`no uop ${name}`);
  return id;
}
