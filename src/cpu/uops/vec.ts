/**
 * How vector uops are defined. Most packed integer instructions exist for XMM and for MMX with the same lane-wise meaning: the MMX twin
 * works on registers widened to 128 bits and keeps the low half. An MMX register is the significand of a physical x87
 * register, so writing one sets its exponent to all ones, and every MMX instruction makes all tags valid and TOP 0.
 */
import { FTAG, FTOP } from '../state.ts';
import { i16x8, i32, i64, i64x2, i8x16, v128, type I32, type V128 } from '../wasm/code.ts';
import { define, type UopSpec } from './define.ts';
import type { UopEmitter } from './emitter.ts';

export type Binary = (a: V128, b: V128, u: UopEmitter) => V128;
export type Unary = (a: V128, u: UopEmitter) => V128;
/** Numbers of the XMM and MMX forms of one instruction. */
export interface Packed { readonly xmm: number; readonly mmx: number }

/** Ends an MMX uop: d is the register, c the address of its sign and exponent. */
export function setMmx(u: UopEmitter, value: V128): void {
  u.set64('d', i64x2.extract_lane(value, 0));
  u.set64('c', i64.const(0xffff));
  enterMmx(u);
}

export function enterMmx(u: UopEmitter): void {
  u.put32(FTOP, i32.const(0));
  u.put32(FTAG, i32.const(0xff));
}

/** An MMX operand, in both halves. */
export const getMmx = (u: UopEmitter, p: 'a' | 'b'): V128 => i64x2.splat(u.get64(p));

/** d = f(a, b) for XMM registers only. `a` and `b` may be evaluated more than once only after `u.letV`. */
export function binaryV(name: string, f: Binary, spec: UopSpec = {}): number {
  return define(name, spec, (u) => u.setV('d', f(u.getV('a'), u.getV('b'), u)));
}

export function unaryV(name: string, f: Unary, spec: UopSpec = {}): number {
  return define(name, spec, (u) => u.setV('d', f(u.getV('a'), u)));
}

/** Both forms of a lane-wise operation, whose low half depends on low halves only. */
export function packed(name: string, f: Binary, spec: UopSpec = {}): Packed {
  return {
    xmm: binaryV(name, f, spec),
    mmx: define(`${name}.mmx`, {}, (u) => setMmx(u, f(getMmx(u, 'a'), getMmx(u, 'b'), u))),
  };
}

/** Both forms of an operation that reads its operands as one row of lanes, a's then b's: the MMX form joins them first. */
export function joined(name: string, f: Binary, spec: UopSpec = {}): Packed {
  return {
    xmm: binaryV(name, f, spec),
    mmx: define(`${name}.mmx`, {}, (u) => {
      const ab = u.letV(i64x2.replace_lane(getMmx(u, 'a'), u.get64('b'), 1));
      setMmx(u, f(ab, ab, u));
    }),
  };
}

// ── constants and lane idioms ──

export const zeroV: V128 = v128.const(Array<number>(16).fill(0));
export const splatBytes = (n: number): V128 => v128.const(Array<number>(16).fill(n & 255));
export const bytesV = (f: (i: number) => number): V128 => v128.const(Array.from({ length: 16 }, (_, i) => f(i) & 255));
export const wordsV = (...w: number[]): V128 => bytesV((i) => w[(i >> 1) % w.length] >> (8 * (i & 1)));
export const dwordsV = (...w: number[]): V128 => bytesV((i) => w[(i >> 2) % w.length] >> (8 * (i & 3)));
export const iota: V128 = bytesV((i) => i);

/** A shuffle given by lanes of `size` bytes; lanes of b follow those of a. */
export function lanes(a: V128, b: V128, size: number, ...picks: number[]): V128 {
  return i8x16.shuffle(a, b, picks.flatMap((p) => Array.from({ length: size }, (_, k) => p * size + k)));
}

/** The 16 nibbles of the immediate, lowest first, as a byte vector. */
export function nibbles(u: UopEmitter): V128 {
  const n = u.letV(i64x2.splat(u.imm()));
  const low = v128.and(n, splatBytes(15));
  const high = v128.and(i64x2.shr_u(n, i32.const(4)), splatBytes(15));
  return i8x16.shuffle(low, high, [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23]);
}

/** Bytes that are 0xff where bit i of aux is set. */
export function byteMask(u: UopEmitter): V128 {
  const bits = bytesV((i) => 1 << (i & 7));
  const spread = i8x16.swizzle(i16x8.splat(u.aux()), bytesV((i) => i >> 3));
  return i8x16.eq(v128.and(spread, bits), bits);
}

export const negateMask = (condition: I32): I32 => i32.sub(i32.const(0), condition);

