/** Multiplication and division. The one-operand forms work on rax and rdx, as the instructions do. */
import { Vector } from '../cpu.ts';
import * as state from '../state.ts';
import { i32, i64, type I32, type I64 } from '../wasm/code.ts';
import { bySize } from './alu.ts';
import { ALL_FLAGS, defineFlagged, define, type UopSpec } from './define.ts';
import type { Size, UopEmitter } from './emitter.ts';
import { helpers } from './helper.ts';
import { Offset } from './record.ts';

const rax = state.gpr(0), rdx = state.gpr(2), ah = rax + 1;
/** SF, ZF, AF and PF are undefined after multiplications: counting them as written lets earlier writers be silenced. */
const spec: UopSpec = { writes: ALL_FLAGS };
const low32 = i64.const(0xffffffffn);
const n32 = i64.const(32), n63 = i64.const(63);

function overflowFlags(u: UopEmitter, condition: I32): void {
  const c = u.let32(condition);
  u.setCF(c);
  u.setOF(i64.sub(i64.const(0), i64.extend_i32_u(c)));
}

/** High half of the unsigned product, by 32-bit partial products. */
function mulHigh(u: UopEmitter, a: I64, b: I64): I64 {
  const a0 = u.let64(i64.and(a, low32)), a1 = u.let64(i64.shr_u(a, n32));
  const b0 = u.let64(i64.and(b, low32)), b1 = u.let64(i64.shr_u(b, n32));
  const middle = u.let64(i64.add(i64.mul(a1, b0), i64.shr_u(i64.mul(a0, b0), n32)));
  const other = u.let64(i64.add(i64.mul(a0, b1), i64.and(middle, low32)));
  return i64.add(i64.mul(a1, b1), i64.add(i64.shr_u(middle, n32), i64.shr_u(other, n32)));
}
function mulHighSigned(u: UopEmitter, a: I64, b: I64): I64 {
  const correction = i64.add(i64.and(i64.shr_s(a, n63), b), i64.and(i64.shr_s(b, n63), a));
  return i64.sub(mulHigh(u, a, b), correction);
}

/** rdx:rax = rax * a. */
export const mul = bySize((size) => defineFlagged(`mul${size * 8}`, spec, (u, flags) => {
  const x = u.let64(u.getZ(rax, size)), y = u.let64(u.getZ('a', size));
  const lo = u.let64(i64.mul(x, y));
  const hi = u.let64(size === 8 ? mulHigh(u, x, y) : i64.shr_u(lo, i64.const(size * 8)));
  storeProduct(u, size, lo, hi);
  if (flags) overflowFlags(u, i64.ne(hi, i64.const(0)));
}));
export const imul = bySize((size) => defineFlagged(`imul${size * 8}`, spec, (u, flags) => {
  const x = u.let64(u.getS(rax, size)), y = u.let64(u.getS('a', size));
  const lo = u.let64(i64.mul(x, y));
  const hi = u.let64(size === 8 ? mulHighSigned(u, x, y) : i64.shr_s(lo, i64.const(size * 8)));
  storeProduct(u, size, lo, hi);
  if (flags) overflowFlags(u, size === 8 ? i64.ne(hi, i64.shr_s(lo, n63)) : i64.ne(lo, extend(size, lo)));
}));

function storeProduct(u: UopEmitter, size: Size, lo: I64, hi: I64): void {
  if (size === 1) { u.setSized(rax, 2, lo); return; }
  u.setSized(rax, size, lo);
  u.setSized(rdx, size, hi);
}
const extend = (size: Size, v: I64): I64 => size === 1 ? i64.extend8_s(v) : size === 2 ? i64.extend16_s(v) : size === 4 ? i64.extend32_s(v) : v;

/** d = a * b, truncated; there is no 8-bit form. */
export const imul2 = bySize((size) => defineFlagged(`imul${size * 8}.2`, { ...spec, hot: size >= 4 }, (u, flags) => {
  const x = u.let64(u.getS('a', size)), y = u.let64(u.getS('b', size));
  const r = u.let64(i64.mul(x, y));
  if (flags) overflowFlags(u, size === 8 ? i64.ne(mulHighSigned(u, x, y), i64.shr_s(r, n63)) : i64.ne(r, extend(size, r)));
  u.setSized('d', size, r);
}));

const divideError = (u: UopEmitter, condition: I32): void => u.if(condition, () => u.raise(i32.const(Vector.DE)));

/** The 128-bit dividends that are not an extended 64-bit number. */
function wideDivision(signed: boolean): number {
  return helpers.push((cpu, record) => {
    const view = cpu.memory.view;
    const wrap = (v: bigint, bits: number) => signed ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v);
    const dividend = wrap((view.getBigUint64(rdx, true) << 64n) | view.getBigUint64(rax, true), 128);
    const divisor = wrap(view.getBigUint64(cpu.memory.u16[(record + Offset.a) >> 1], true), 64);
    if (divisor === 0n) { cpu.raise(Vector.DE); return; }
    const quotient = dividend / divisor;
    if (wrap(quotient, 64) !== quotient) { cpu.raise(Vector.DE); return; }
    view.setBigUint64(rax, BigInt.asUintN(64, quotient), true);
    view.setBigUint64(rdx, BigInt.asUintN(64, dividend % divisor), true);
  }) - 1;
}
const wideUnsigned = wideDivision(false), wideSigned = wideDivision(true);

/** rax = rdx:rax / a, rdx = the remainder (8 bits: al and ah from ax). Flags are undefined: hardware keeps them. */
export const div = bySize((size) => define(`div${size * 8}`, { hot: size >= 4 }, (u) => {
  const d = u.let64(u.getZ('a', size));
  divideError(u, i64.eqz(d));
  if (size === 8) {
    u.if(i64.eqz(u.get64(rdx)), () => {
      const n = u.let64(u.get64(rax));
      u.set64(rdx, i64.rem_u(n, d));
      u.set64(rax, i64.div_u(n, d));
    }, () => u.helper(wideUnsigned));
    return;
  }
  const n = u.let64(size === 1 ? u.getZ(rax, 2) : i64.or(i64.shl(u.getZ(rdx, size), i64.const(size * 8)), u.getZ(rax, size)));
  const q = u.let64(i64.div_u(n, d));
  divideError(u, i64.gt_u(q, i64.const((1n << BigInt(size * 8)) - 1n)));
  const r = u.let64(i64.rem_u(n, d));
  storeQuotient(u, size, q, r);
}));
export const idiv = bySize((size) => define(`idiv${size * 8}`, { hot: size >= 4 }, (u) => {
  const d = u.let64(u.getS('a', size));
  divideError(u, i64.eqz(d));
  const overflows = (n: I64) => i32.and(i64.eq(d, i64.const(-1)), i64.eq(n, i64.const(-(1n << 63n))));
  if (size === 8) {
    const n = u.let64(u.get64(rax));
    u.if(i64.eq(u.get64(rdx), i64.shr_s(n, n63)), () => {
      divideError(u, overflows(n));
      u.set64(rdx, i64.rem_s(n, d));
      u.set64(rax, i64.div_s(n, d));
    }, () => u.helper(wideSigned));
    return;
  }
  const n = u.let64(size === 1 ? u.getS(rax, 2) : i64.or(i64.shl(u.getS(rdx, size), i64.const(size * 8)), u.getZ(rax, size)));
  divideError(u, overflows(n));
  const q = u.let64(i64.div_s(n, d));
  divideError(u, i64.ne(q, extend(size, q)));
  const r = u.let64(i64.rem_s(n, d));
  storeQuotient(u, size, q, r);
}));

function storeQuotient(u: UopEmitter, size: Size, q: I64, r: I64): void {
  if (size === 1) { u.setSized(rax, 1, q); u.setSized(ah, 1, r); return; }
  u.setSized(rax, size, q);
  u.setSized(rdx, size, r);
}
