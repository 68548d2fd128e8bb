/**
 * SSE conversions and rounding. An integer that does not fit is the "integer indefinite" (only the top bit set) and sets IE. Rounding is
 * to nearest unless MXCSR says otherwise, which is looked at where the result depends on it.
 */
import { Ex } from '../helpers/float80.ts';
import { integerToFloat, invalidLane, narrowLane, type Width } from '../helpers/sse-float.ts';
import { MXCSR } from '../state.ts';
import { f32, f32x4, f64, f64x2, i32, i32x4, i64, i64x2, v128, select, type F32, type F64, type I32, type V128 } from '../wasm/code.ts';
import { define } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { helpers, type HelperCpu } from './helper.ts';
import { dwordsV, getMmx, lanes, setMmx, unaryV, zeroV } from './vec.ts';
import {
  mxcsrOf, notFinite32, notFiniteV, notPlain, operand, operandF32, operandF64, operandV, otherRounding, raiseFlags,
} from './vec-float.ts';

const hot = { hot: true };

/** How a conversion or ROUND rounds. Mxcsr is whatever the rounding control says. */
export type Rounding = 'nearest' | 'floor' | 'ceil' | 'trunc' | 'mxcsr';
/** Index is RC, of MXCSR and of ROUND's immediate. */
export const ROUNDINGS = ['nearest', 'floor', 'ceil', 'trunc'] as const;

interface Roundable<T> { nearest(a: T): T; floor(a: T): T; ceil(a: T): T; trunc(a: T): T }
interface Place<T> { readonly get: T; set(value: T): void }

function round<T>(u: UopEmitter, l: Roundable<T>, mode: Rounding, value: T, variable: (value: T) => Place<T>): T {
  if (mode !== 'mxcsr') return l[mode](value);
  const a = variable(value);
  u.if(otherRounding(u), () => {
    const rc = u.let32(i32.and(i32.shr_u(u.get32(MXCSR), i32.const(13)), i32.const(3)));
    u.if(i32.eq(rc, i32.const(1)), () => a.set(l.floor(a.get)), () => u.if(i32.eq(rc, i32.const(2)), () => a.set(l.ceil(a.get)), () => a.set(l.trunc(a.get))));
  }, () => a.set(l.nearest(a.get)));
  return a.get;
}
const round32 = (u: UopEmitter, mode: Rounding, a: F32): F32 => round(u, f32, mode, a, (v) => u.varF32(v));
const round64 = (u: UopEmitter, mode: Rounding, a: F64): F64 => round(u, f64, mode, a, (v) => u.varF64(v));
const roundV = (u: UopEmitter, l: Roundable<V128>, mode: Rounding, a: V128): V128 => round(u, l, mode, a, (v) => u.varV(v));

const flagHelper = (flag: number): number => helpers.push((cpu: HelperCpu) => { raiseFlags(cpu, flag); }) - 1;
const raiseInvalid = flagHelper(Ex.IE), raiseInexact = flagHelper(Ex.PE);

/** PE, until it is sticky. */
const inexactIf = (u: UopEmitter, lost: I32): void =>
  u.if(i32.and(i32.eqz(i32.and(u.get32(MXCSR), i32.const(Ex.PE))), lost), () => u.helper(raiseInexact));
/** IE for an integer that does not fit, PE for one that lost a fraction. */
function conversionFlags(u: UopEmitter, fits: I32, lost: I32): void {
  u.if(i32.eqz(fits), () => u.helper(raiseInvalid));
  inexactIf(u, lost);
}

// ── floating point to general register ──

type Bits = 32 | 64;
function toRegister(name: string, from: Width, bits: Bits, mode: Rounding): number {
  const limit = 2 ** (bits - 1);
  const indefinite = -(1n << 63n);
  return define(name, hot, (u) => {
    if (from === 4) {
      const x = operandF32(u, u.getF32('a'));
      const a = u.letF32(round32(u, mode, x));
      const fits = u.let32(i32.and(f32.ge(a, f32.const(-limit)), f32.lt(a, f32.const(limit))));
      conversionFlags(u, fits, i32.and(fits, f32.ne(a, x)));
      if (bits === 32) u.set32('d', select(i32.trunc_sat_f32_s(a), i32.const(-limit), fits));
      else u.set64('d', select(i64.trunc_sat_f32_s(a), i64.const(indefinite), fits));
      return;
    }
    const x = operandF64(u, u.getF64('a'));
    const a = u.letF64(round64(u, mode, x));
    const fits = u.let32(i32.and(f64.ge(a, f64.const(-limit)), f64.lt(a, f64.const(limit))));
    conversionFlags(u, fits, i32.and(fits, f64.ne(a, x)));
    if (bits === 32) u.set32('d', select(i32.trunc_sat_f64_s(a), i32.const(-limit), fits));
    else u.set64('d', select(i64.trunc_sat_f64_s(a), i64.const(indefinite), fits));
  });
}
const registers = (name: string, from: Width, mode: Rounding) => ({ 4: toRegister(`${name}32`, from, 32, mode), 8: toRegister(`${name}64`, from, 64, mode) });

/** General register d of 4 or 8 bytes = the lowest lane of a. */
export const toInteger = {
  cvtss2si: registers('cvtss2si', 4, 'mxcsr'),
  cvttss2si: registers('cvttss2si', 4, 'trunc'),
  cvtsd2si: registers('cvtsd2si', 8, 'mxcsr'),
  cvttsd2si: registers('cvttsd2si', 8, 'trunc'),
} as const;

// ── general register to floating point ──

const work = new DataView(new ArrayBuffer(16));
const copyOut = (view: DataView, d: number, bytes: number): void => { for (let k = 0; k < bytes; k += 4) view.setUint32(d + k, work.getUint32(k, true), true); };

function slowInteger(width: Width, bytes: 4 | 8, count = 1): number {
  return helpers.push((cpu: HelperCpu, record: number) => {
    const { view } = cpu.memory;
    const a = operand(cpu, record, 'a');
    let flags = 0;
    for (let i = 0; i < count; i++) {
      const v = bytes === 4 ? BigInt(view.getInt32(a + 4 * i, true)) : view.getBigInt64(a, true);
      flags |= integerToFloat(work, mxcsrOf(cpu), width, width * i, v);
    }
    if (!raiseFlags(cpu, flags)) copyOut(view, operand(cpu, record, 'd'), width * count);
  }) - 1;
}

function fromRegister(name: string, inexact: boolean, width: Width, bytes: 4 | 8, store: (u: UopEmitter) => void): number {
  const id = inexact ? slowInteger(width, bytes) : 0;
  return define(name, hot, (u) => {
    if (inexact) u.if(notPlain(u), () => u.helper(id), () => store(u));
    else store(u);
  });
}

/** The lowest lane of d = general register a of 4 or 8 bytes. */
export const fromInteger = {
  cvtsi2ss: {
    4: fromRegister('cvtsi2ss32', true, 4, 4, (u) => u.putF32('d', f32.convert_i32_s(u.get32('a')))),
    8: fromRegister('cvtsi2ss64', true, 4, 8, (u) => u.putF32('d', f32.convert_i64_s(u.get64('a')))),
  },
  cvtsi2sd: {
    4: fromRegister('cvtsi2sd32', false, 8, 4, (u) => u.putF64('d', f64.convert_i32_s(u.get32('a')))),
    8: fromRegister('cvtsi2sd64', true, 8, 8, (u) => u.putF64('d', f64.convert_i64_s(u.get64('a')))),
  },
} as const;

// ── between the floating-point formats ──

function slowNarrow(count: 1 | 2): number {
  return helpers.push((cpu: HelperCpu, record: number) => {
    const { view } = cpu.memory;
    const a = operand(cpu, record, 'a'), d = operand(cpu, record, 'd');
    work.setBigUint64(8, 0n, true);
    let flags = 0;
    for (let i = 0; i < count; i++) {
      const lane = narrowLane(view, mxcsrOf(cpu), work, 4 * i, a + 8 * i);
      flags |= lane;
    }
    if (!raiseFlags(cpu, flags)) copyOut(view, d, count === 1 ? 4 : 16);
  }) - 1;
}
const slowNarrow1 = slowNarrow(1), slowNarrow2 = slowNarrow(2);

/** Widening is exact; a signaling NaN sets IE. */
const invalidWide = (count: number): number => helpers.push((cpu: HelperCpu, record: number) => {
  const a = operand(cpu, record, 'a');
  let flags = 0;
  for (let i = 0; i < count; i++) flags |= invalidLane(cpu.memory.view, 4, a + 4 * i, a + 4 * i, true);
  raiseFlags(cpu, flags);
}) - 1;
const invalidWide1 = invalidWide(1), invalidWide2 = invalidWide(2);

export const betweenFloats = {
  cvtss2sd: define('cvtss2sd', hot, (u) => {
    const a = operandF32(u, u.getF32('a'));
    u.if(f32.ne(a, a), () => u.helper(invalidWide1));
    u.putF64('d', f64.promote_f32(a));
  }),
  cvtsd2ss: define('cvtsd2ss', hot, (u) => {
    const r = u.letF32(f32.demote_f64(u.getF64('a')));
    u.if(i32.or(notFinite32(r), notPlain(u)), () => u.helper(slowNarrow1), () => u.putF32('d', r));
  }),
  cvtps2pd: unaryV('cvtps2pd', (a0, u) => {
    const a = operandV(u, 4, a0);
    const wide = u.letV(f64x2.promote_low_f32x4(a));
    u.if(v128.any_true(f64x2.ne(wide, wide)), () => u.helper(invalidWide2));
    return wide;
  }),
  cvtpd2ps: define('cvtpd2ps', {}, (u) => {
    const r = u.letV(f32x4.demote_f64x2_zero(u.getV('a')));
    u.if(i32.or(notFiniteV(4, r), notPlain(u)), () => u.helper(slowNarrow2), () => u.setV('d', r));
  }),
} as const;

// ── packed integers ──

const slowPacked = slowInteger(4, 4, 4);
const singlesFrom = (a: V128): V128 => f32x4.convert_i32x4_s(a);

export const fromPacked = {
  cvtdq2ps: define('cvtdq2ps', {}, (u) => u.if(notPlain(u), () => u.helper(slowPacked), () => u.setV('d', singlesFrom(u.getV('a'))))),
  cvtdq2pd: unaryV('cvtdq2pd', f64x2.convert_low_i32x4_s),
} as const;

/** Four doublewords from four floats. */
function packedSingles(u: UopEmitter, mode: Rounding, a0: V128): V128 {
  const a = operandV(u, 4, a0);
  const r = u.letV(roundV(u, f32x4, mode, a));
  const fits = u.letV(v128.and(f32x4.lt(r, f32x4.splat(f32.const(2 ** 31))), f32x4.ge(r, f32x4.splat(f32.const(-(2 ** 31))))));
  conversionFlags(u, i32x4.all_true(fits), v128.any_true(v128.and(fits, f32x4.ne(r, a))));
  return v128.bitselect(i32x4.trunc_sat_f32x4_s(r), dwordsV(-(2 ** 31)), fits);
}
/** Two doublewords from two doubles, upper half zero. */
function packedDoubles(u: UopEmitter, mode: Rounding, a0: V128): V128 {
  const a = operandV(u, 8, a0);
  const r = u.letV(roundV(u, f64x2, mode, a));
  const fits = u.letV(v128.and(f64x2.lt(r, f64x2.splat(f64.const(2 ** 31))), f64x2.ge(r, f64x2.splat(f64.const(-(2 ** 31))))));
  conversionFlags(u, i64x2.all_true(fits), v128.any_true(v128.and(fits, f64x2.ne(r, a))));
  return v128.bitselect(i32x4.trunc_sat_f64x2_s_zero(r), dwordsV(-(2 ** 31), -(2 ** 31), 0, 0), lanes(fits, fits, 4, 0, 2, 0, 2));
}

/** The low half of an XMM operand as MMX; the other lanes cannot raise. */
const lowSingles = (u: UopEmitter): V128 => i64x2.replace_lane(zeroV, u.get64('a'), 0);

export const toPacked = {
  cvtps2dq: unaryV('cvtps2dq', (a, u) => packedSingles(u, 'mxcsr', a)),
  cvttps2dq: unaryV('cvttps2dq', (a, u) => packedSingles(u, 'trunc', a)),
  cvtpd2dq: unaryV('cvtpd2dq', (a, u) => packedDoubles(u, 'mxcsr', a)),
  cvttpd2dq: unaryV('cvttpd2dq', (a, u) => packedDoubles(u, 'trunc', a)),
} as const;

/** To MMX register d (c is its exponent's address). */
export const toMmx = {
  cvtps2pi: define('cvtps2pi', {}, (u) => setMmx(u, packedSingles(u, 'mxcsr', lowSingles(u)))),
  cvttps2pi: define('cvttps2pi', {}, (u) => setMmx(u, packedSingles(u, 'trunc', lowSingles(u)))),
  cvtpd2pi: define('cvtpd2pi', {}, (u) => setMmx(u, packedDoubles(u, 'mxcsr', u.getV('a')))),
  cvttpd2pi: define('cvttpd2pi', {}, (u) => setMmx(u, packedDoubles(u, 'trunc', u.getV('a')))),
} as const;

const slowMmxSingles = slowInteger(4, 4, 2);
/** From two doublewords at a, an MMX register or loaded from memory. */
export const fromMmx = {
  cvtpi2ps: define('cvtpi2ps', {}, (u) => u.if(notPlain(u), () => u.helper(slowMmxSingles), () =>
    u.set64('d', i64x2.extract_lane(singlesFrom(getMmx(u, 'a')), 0)))),
  cvtpi2pd: define('cvtpi2pd', {}, (u) => u.setV('d', f64x2.convert_low_i32x4_s(getMmx(u, 'a')))),
} as const;

// ── ROUNDPS and its kin ──

export interface RoundForms { readonly roundps: number; readonly roundpd: number; readonly roundss: number; readonly roundsd: number }
/** aux 8 keeps PE clear. A signaling NaN sets IE. */
const roundFlags = (u: UopEmitter, nan: I32, invalid: number, lost: I32): void => {
  u.if(nan, () => u.helper(invalid));
  inexactIf(u, i32.and(i32.eqz(u.aux()), lost));
};
const invalidRound = { ss: invalidSelf(4, 1), sd: invalidSelf(8, 1), ps: invalidSelf(4, 4), pd: invalidSelf(8, 2) };
function invalidSelf(width: Width, count: number): number {
  return helpers.push((cpu: HelperCpu, record: number) => {
    const a = operand(cpu, record, 'a');
    let flags = 0;
    for (let i = 0; i < count; i++) flags |= invalidLane(cpu.memory.view, width, a + width * i, a + width * i, true);
    raiseFlags(cpu, flags);
  }) - 1;
}
function roundPacked(u: UopEmitter, width: Width, mode: Rounding, a0: V128): V128 {
  const l = width === 4 ? f32x4 : f64x2;
  const a = operandV(u, width, a0);
  const r = u.letV(roundV(u, l, mode, a));
  const nan = u.letV(l.ne(a, a));
  roundFlags(u, v128.any_true(nan), width === 4 ? invalidRound.ps : invalidRound.pd, v128.any_true(v128.andnot(l.ne(r, a), nan)));
  return r;
}
const roundForms = (mode: Rounding): RoundForms => ({
  roundps: unaryV(`roundps.${mode}`, (a, u) => roundPacked(u, 4, mode, a)),
  roundpd: unaryV(`roundpd.${mode}`, (a, u) => roundPacked(u, 8, mode, a)),
  roundss: define(`roundss.${mode}`, {}, (u) => {
    const a = operandF32(u, u.getF32('a'));
    const r = u.letF32(round32(u, mode, a));
    roundFlags(u, f32.ne(a, a), invalidRound.ss, i32.and(f32.eq(a, a), f32.ne(r, a)));
    u.putF32('d', r);
  }),
  roundsd: define(`roundsd.${mode}`, {}, (u) => {
    const a = operandF64(u, u.getF64('a'));
    const r = u.letF64(round64(u, mode, a));
    roundFlags(u, f64.ne(a, a), invalidRound.sd, i32.and(f64.eq(a, a), f64.ne(r, a)));
    u.putF64('d', r);
  }),
});
export const roundOps: Readonly<Record<Rounding, RoundForms>> = {
  nearest: roundForms('nearest'), floor: roundForms('floor'), ceil: roundForms('ceil'), trunc: roundForms('trunc'), mxcsr: roundForms('mxcsr'),
};

