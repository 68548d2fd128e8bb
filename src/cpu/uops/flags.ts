/** RFLAGS as a word. */
import * as state from '../state.ts';
import { i32, i64, type I32 } from '../wasm/code.ts';
import { ALL_FLAGS, define, Flag } from './define.ts';
import type { UopEmitter } from './emitter.ts';

/** Flags without a slot that popf can change: TF, NT, AC, ID. */
export const PLAIN_FLAGS = 0x100 | 0x4000 | 0x40000 | 0x200000;
const STATUS = ALL_FLAGS & ~Flag.O;

const shl = (v: I32, n: number): I32 => n ? i32.shl(v, i32.const(n)) : v;
const any = (first: I32, ...rest: I32[]): I32 => rest.reduce((a, b) => i32.or(a, b), first);

/** SF ZF AF PF CF, and the bit that is always one. */
const statusByte = (u: UopEmitter): I32 => any(i32.const(2), u.cf(), shl(u.pf(), 2), shl(u.af(), 4), shl(u.zf(), 6), shl(u.sf(), 7));

/** d = RFLAGS. */
export const getFlags = define('getflags', { reads: ALL_FLAGS }, (u) => u.set32('d', any(
  statusByte(u), i32.const(0x200), shl(u.get32(state.DF), 10), shl(u.of(), 11), u.get32(state.EFLAGS))));

function setStatus(u: UopEmitter, f: I32): void {
  const bit = (n: number): I32 => i32.and(i32.shr_u(f, i32.const(n)), i32.const(1));
  u.setCF(bit(0));
  u.setPF(i32.xor(bit(2), i32.const(1)));
  u.setAF(f);
  u.setZF(i64.extend_i32_u(i32.xor(bit(6), i32.const(1))));
  u.setSF(i64.shl(i64.extend_i32_u(f), i64.const(63 - 7)));
}

/** RFLAGS = a, as popf may; imm32 masks the flags that have no slot (popfw reaches the low 16 only). */
export const setFlags = define('setflags', { writes: ALL_FLAGS }, (u) => {
  const f = u.let32(u.get32('a'));
  setStatus(u, f);
  u.setOF(i64.shl(i64.extend_i32_u(f), i64.const(63 - 11)));
  u.put32(state.DF, i32.and(i32.shr_u(f, i32.const(10)), i32.const(1)));
  const mask = u.let32(i32.and(u.imm32(), i32.const(PLAIN_FLAGS)));
  u.put32(state.EFLAGS, i32.or(i32.and(f, mask), i32.and(u.get32(state.EFLAGS), i32.xor(mask, i32.const(-1)))));
});

/** d (a byte) = status flags; status flags = a (a byte). */
export const lahf = define('lahf', { reads: STATUS }, (u) => u.set8('d', statusByte(u)));
export const sahf = define('sahf', { writes: STATUS }, (u) => setStatus(u, u.let32(u.get8('a'))));

export const clc = define('clc', { writes: Flag.C }, (u) => u.setCF(i32.const(0)));
export const stc = define('stc', { writes: Flag.C }, (u) => u.setCF(i32.const(1)));
export const cmc = define('cmc', { reads: Flag.C, writes: Flag.C }, (u) => u.setCF(i32.xor(u.cf(), i32.const(1))));
/** DF = aux. */
export const setDirection = define('setdf', {}, (u) => u.put32(state.DF, u.aux()));
