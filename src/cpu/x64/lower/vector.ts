/** What the lowerings of MMX and SSE instructions share: choosing the MMX or XMM form, and immediates decoded into masks. */
import { mmxEnter, put } from '../../uops/vec-shuffle.ts';
import type { Packed } from '../../uops/vec.ts';
import { Kind, type Insn } from '../insn.ts';
import type { BlockBuilder } from './builder.ts';
import type { Lowering } from './lower.ts';

export const isMmx = (i: Insn, slot: number): boolean => i.kind[slot] === Kind.Mmx;
/** Where an MMX register has its sign and exponent. */
export const exponentOf = (place: number): number => place + 8;

/** Emits the form of `op` that the destination asks for: d = a op b. */
export function emitPacked(b: BlockBuilder, i: Insn, op: Packed, a: number, source: number, aux = 0, immLo = 0, immHi = 0): void {
  const d = b.place(0);
  if (isMmx(i, 0)) b.emit(op.mmx, d, a, source, exponentOf(d), aux, immLo, immHi);
  else b.emit(op.xmm, d, a, source, 0, aux, immLo, immHi);
}

/** dst = dst op src, in both register sets. */
export const packedLowering = (op: Packed): Lowering => (b, i) => emitPacked(b, i, op, b.place(0), b.readV(1));
/** dst = dst op src, XMM only. */
export const vectorLowering = (op: number): Lowering => (b) => b.emit(op, b.place(0), b.place(0), b.readV(1));
/** dst = op src. */
export const unaryLowering = (op: number): Lowering => (b) => b.emit(op, b.place(0), b.readV(1));
/** dst = dst op src with the immediate in aux. */
export const immediateLowering = (op: number): Lowering => (b, i) => b.emit(op, b.place(0), b.place(0), b.readV(1), 0, i.immLo & 255);

export const eachLowering = (table: Readonly<Record<string, number>>, make: (op: number) => Lowering): Record<string, Lowering> =>
  Object.fromEntries(Object.entries(table).map(([name, op]) => [name, make(op)]));

/** Byte picks 0–15 as the two halves of a uop's immediate, lowest nibble first. */
export function nibbleImmediate(picks: readonly number[]): [lo: number, hi: number] {
  let lo = 0, hi = 0;
  for (let i = 0; i < 8; i++) {
    lo |= (picks[i]! & 15) << (4 * i);
    hi |= ((picks[i + 8] ?? 0) & 15) << (4 * i);
  }
  return [lo, hi];
}

/** Picks of whole lanes of `size` bytes. */
export const lanePicks = (size: number, ...lanes: number[]): number[] =>
  lanes.flatMap((lane) => Array.from({ length: size }, (_, k) => lane * size + k));

/** Two bits of a shuffle immediate. */
export const field = (imm: number, n: number): number => (imm >> (2 * n)) & 3;

/** Widens bit i of a lane mask to the `size` bytes of lane i. */
export function byteBits(mask: number, size: number): number {
  let bits = 0;
  for (let i = 0; i < 16 / size; i++) if ((mask >> i) & 1) bits |= ((1 << size) - 1) << (i * size);
  return bits;
}

/** After an instruction that only reads or stores an MMX register. */
export function touchMmx(b: BlockBuilder, i: Insn, slot: number): void {
  if (isMmx(i, slot)) b.emit(mmxEnter);
}

/** Copies `size` bytes between register-file addresses, the rest of d untouched. */
export const copy = (b: BlockBuilder, size: 1 | 2 | 4 | 8, d: number, a: number): void => b.emit(put[size], d, a);
