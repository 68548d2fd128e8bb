/** AES-NI and PCLMULQDQ in WebAssembly. References: FIPS 197; SDM volume 2, AESENC and PCLMULQDQ. */
import { i32, i32x4, i64, i64x2, i8x16, v128, type I64, type V128 } from '../wasm/code.ts';
import { define } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { bytesV, splatBytes, zeroV } from './vec.ts';

// ── tables, from the field's arithmetic ──

const xtime = (a: number): number => ((a << 1) ^ (a & 0x80 ? 0x11b : 0)) & 255;
function multiply(a: number, b: number): number {
  let r = 0;
  for (; b !== 0; b >>= 1, a = xtime(a)) if (b & 1) r ^= a;
  return r;
}
const inverse = (a: number): number => { let r = 1; for (let i = 0; i < 254; i++) r = multiply(r, a); return r; };
const rotate = (a: number, n: number): number => ((a << n) | (a >> (8 - n))) & 255;
const S = Array.from({ length: 256 }, (_, a) => { const b = inverse(a); return b ^ rotate(b, 1) ^ rotate(b, 2) ^ rotate(b, 3) ^ rotate(b, 4) ^ 0x63; });
const INVERSE_S = S.reduce<number[]>((t, s, a) => { t[s] = a; return t; }, Array<number>(256).fill(0));

/** table[x] for each byte: sixteen lookups of 16 entries, of which each byte's index falls into one. */
function substitute(u: UopEmitter, x: V128, table: readonly number[]): V128 {
  const a = u.letV(x);
  const sum = u.varV(zeroV);
  for (let row = 0; row < 16; row++) {
    const entries = bytesV((i) => table[row * 16 + i]);
    sum.set(v128.or(sum.get, i8x16.swizzle(entries, i8x16.sub(a, splatBytes(row * 16)))));
  }
  return sum.get;
}

const pick = (a: V128, f: (i: number) => number): V128 => i8x16.shuffle(a, a, Array.from({ length: 16 }, (_, i) => f(i)));
/** Column-major state: byte i is row i % 4 of column i / 4. */
const shiftRows = (a: V128): V128 => pick(a, (i) => (i + 4 * (i & 3)) & 15);
const inverseShiftRows = (a: V128): V128 => pick(a, (i) => (i - 4 * (i & 3)) & 15);
const rotateColumns = (a: V128, n: number): V128 => pick(a, (i) => (i & 12) | ((i + n) & 3));
const doubled = (a: V128): V128 => v128.xor(i8x16.shl(a, i32.const(1)), v128.and(i8x16.shr_s(a, i32.const(7)), splatBytes(0x1b)));

/** 2a + 3b + c + d of each column: 2(a + b) + b + c + d. */
function mixColumns(u: UopEmitter, x: V128): V128 {
  const a = u.letV(x);
  const b = u.letV(rotateColumns(a, 1));
  const sum = u.letV(v128.xor(a, b));
  return v128.xor(v128.xor(doubled(sum), b), v128.xor(rotateColumns(a, 2), rotateColumns(a, 3)));
}
/** The inverse is a mix of columns preprocessed by 4(a + c). */
function inverseMixColumns(u: UopEmitter, x: V128): V128 {
  const a = u.letV(x);
  const twice = u.letV(doubled(v128.xor(a, rotateColumns(a, 2))));
  return mixColumns(u, v128.xor(a, doubled(twice)));
}

/** d = one round of state a with key b. */
export const aesOps: Readonly<Record<string, number>> = {
  aesenc: define('aesenc', {}, (u) => { const m = mixColumns(u, substitute(u, shiftRows(u.letV(u.getV('a'))), S)); u.setV('d', v128.xor(m, u.getV('b'))); }),
  aesenclast: define('aesenclast', {}, (u) => { const m = substitute(u, shiftRows(u.letV(u.getV('a'))), S); u.setV('d', v128.xor(m, u.getV('b'))); }),
  aesdec: define('aesdec', {}, (u) => { const m = inverseMixColumns(u, substitute(u, inverseShiftRows(u.letV(u.getV('a'))), INVERSE_S)); u.setV('d', v128.xor(m, u.getV('b'))); }),
  aesdeclast: define('aesdeclast', {}, (u) => { const m = substitute(u, inverseShiftRows(u.letV(u.getV('a'))), INVERSE_S); u.setV('d', v128.xor(m, u.getV('b'))); }),
};
export const aesimc = define('aesimc', {}, (u) => u.setV('d', inverseMixColumns(u, u.getV('a'))));
/** aux is the round constant. */
export const aeskeygenassist = define('aeskeygenassist', {}, (u) => {
  const s = substitute(u, u.getV('a'), S);
  // Columns 1 and 3, each as it is and rotated with the constant.
  const spread = pick(s, (i) => (i < 8 ? 4 : 12) + ((i & 4) === 0 ? i & 3 : (i + 1) & 3));
  const constant = i32x4.replace_lane(i32x4.replace_lane(zeroV, u.aux(), 1), u.aux(), 3);
  u.setV('d', v128.xor(spread, constant));
});

/** d = a's quadword times b's without carries; the lowering passes the addresses of the chosen halves, so a and b are 64-bit operands. */
export const pclmulqdq = define('pclmulqdq', {}, (u) => {
  const a = u.let64(u.get64('a'));
  const b = u.var64(u.get64('b'));
  const low = u.var64(i64.const(0)), high = u.var64(i64.const(0));
  // From b's top bit down: shift the 128-bit product left, add a where the bit is set.
  const n = u.var32(i32.const(64));
  u.while(() => n.get, () => {
    high.set(i64.or(i64.shl(high.get, i64.const(1)), i64.shr_u(low.get, i64.const(63))));
    const bit: I64 = i64.shr_s(b.get, i64.const(63));
    low.set(i64.xor(i64.shl(low.get, i64.const(1)), i64.and(a, bit)));
    b.set(i64.shl(b.get, i64.const(1)));
    n.set(i32.sub(n.get, i32.const(1)));
  });
  u.setV('d', i64x2.replace_lane(i64x2.splat(low.get), high.get, 1));
});
