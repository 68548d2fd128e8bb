/**
 * SSE arithmetic on the slow path. The fast path is one wasm instruction and sets no flags; it is taken when MXCSR is plain (to-nearest,
 * no flushing, and PE already sticky) and the result is finite. All else comes here: x86's choice of NaN, IE, ZE, OE and PE, the
 * other rounding modes, DAZ and FTZ. UE and DE are set here but missed on the fast path. Reference: SDM volume 1, 11.5 and table 4-7.
 */
import * as arith from './float80-arith.ts';
import { Ex, F32_FORMAT, F64_FORMAT, FloatEnv, type Float80, type Format, fromF32, fromF64, fromInteger, round80, scaleOf, signOf, toF32, toF64 } from './float80.ts';

export type FloatOp = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';
/** Bytes of a lane. */
export type Width = 4 | 8;

/** MXCSR bits. */
export const Mx = { DAZ: 0x40, PM_SHIFT: 7, RC: 0x6000, FTZ: 0x8000 } as const;
const MIN_NORMAL = { 4: 2 ** -126, 8: 2 ** -1022 } as const;

const env = new FloatEnv();
/** For conversions that cannot raise anything. */
const quietly = new FloatEnv();

const exact: Readonly<Record<FloatOp, (env: FloatEnv, a: Float80, b: Float80) => Float80>> = {
  add: arith.add, sub: arith.sub, mul: arith.mul, div: arith.div, sqrt: (e, a) => arith.sqrt(e, a),
};
const native: Readonly<Record<FloatOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, sqrt: (a) => Math.sqrt(a),
};

function begin(mxcsr: number, width: Width): FloatEnv {
  const format: Format = width === 4 ? F32_FORMAT : F64_FORMAT;
  env.rc = (mxcsr & Mx.RC) >> 13;
  env.format = format;
  env.precision = format.p;
  env.flags = 0;
  return env;
}

const getFloat = (view: DataView, at: number, width: Width): number => (width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
const setFloat = (view: DataView, at: number, width: Width, v: number): void => { if (width === 4) view.setFloat32(at, v, true); else view.setFloat64(at, v, true); };
/** Upper 32 bits of a lane: sign, exponent and the quiet bit are there in both widths. */
const upperWord = (view: DataView, at: number, width: Width): number => view.getUint32(at + width - 4, true);
const quietBit = (width: Width): number => (width === 4 ? 0x400000 : 0x80000);
/** Of a NaN. */
const signaling = (view: DataView, at: number, width: Width): boolean => (upperWord(view, at, width) & quietBit(width)) === 0;

/** Copies the NaN at `from`, quieted. Returns IE if it was a signaling one. */
function copyNaN(view: DataView, to: number, from: number, width: Width): number {
  const upper = upperWord(view, from, width);
  if (width === 8) view.setUint32(to, view.getUint32(from, true), true);
  view.setUint32(to + width - 4, (upper | quietBit(width)) >>> 0, true);
  return (upper & quietBit(width)) === 0 ? Ex.IE : 0;
}

function setDefaultNaN(view: DataView, to: number, width: Width): void {
  if (width === 8) view.setUint32(to, 0, true);
  view.setUint32(to + width - 4, width === 4 ? 0xffc00000 : 0xfff80000, true);
}

const isDenormal = (x: number, width: Width): boolean => x !== 0 && Math.abs(x) < MIN_NORMAL[width];
const signedZero = (x: number): number => (x < 0 || Object.is(x, -0) ? -0 : 0);

/** Error-free product: the difference between a * b and p, for operands far from the ends of the range. */
function productError(a: number, b: number, p: number): number {
  const split = 134217729;
  const ca = split * a, cb = split * b;
  const ah = ca - (ca - a), bh = cb - (cb - b);
  const al = a - ah, bl = b - bh;
  return ah * bh - p + ah * bl + al * bh + al * bl;
}
const moderate = (x: number): boolean => Math.abs(x) > 2 ** -400 && Math.abs(x) < 2 ** 400;

/** Whether r, the nearest double or float, is not the exact result; undefined where only exact arithmetic can tell. */
function inexact(op: FloatOp, width: Width, x: number, y: number, r: number): boolean | undefined {
  if (op === 'add' || op === 'sub') {
    const z = op === 'add' ? y : -y;
    const s = x + z;
    const bb = s - x;
    return x - (s - bb) + (z - bb) !== 0 || s !== r;
  }
  if (x === 0 || y === 0 && op === 'mul') return false;
  if (width === 4) return op === 'mul' ? x * y !== r : op === 'div' ? r * y !== x : r * r !== x;
  if (!moderate(x) || !moderate(r) || op !== 'sqrt' && !moderate(y)) return undefined;
  if (op === 'mul') return productError(x, y, r) !== 0;
  const b = op === 'div' ? y : r;
  const p = r * b;
  return p !== x || productError(r, b, p) !== 0;
}

/** One lane: view[to] = view[a] op view[b]. Returns the exception flags. May overwrite the operands when DAZ is set. */
export function floatLane(view: DataView, mxcsr: number, op: FloatOp, width: Width, to: number, a: number, b: number): number {
  const unary = op === 'sqrt';
  let x = getFloat(view, a, width);
  let y = unary ? 1 : getFloat(view, b, width);
  if (x !== x) {
    const second = y !== y && signaling(view, b, width) ? Ex.IE : 0;
    return copyNaN(view, to, a, width) | second;
  }
  if (y !== y) return copyNaN(view, to, b, width);
  let flags = 0;
  if (isDenormal(x, width) || isDenormal(y, width)) {
    if ((mxcsr & Mx.DAZ) !== 0) {
      if (isDenormal(x, width)) setFloat(view, a, width, x = signedZero(x));
      if (isDenormal(y, width)) setFloat(view, b, width, y = signedZero(y));
    } else flags = Ex.DE;
  }
  const wide = native[op](x, y);
  if (wide !== wide) { setDefaultNaN(view, to, width); return Ex.IE; }
  const r = width === 4 ? Math.fround(wide) : wide;
  if (!Number.isFinite(x) || !Number.isFinite(y)) { setFloat(view, to, width, r); return flags; }
  if (op === 'div' && y === 0) { setFloat(view, to, width, r); return Ex.ZE; }
  const tiny = Math.abs(r) <= MIN_NORMAL[width] && (r !== 0 || ((op === 'mul' || op === 'div') && x !== 0 && y !== 0));
  const lost = (mxcsr & Mx.RC) !== 0 || tiny || !Number.isFinite(r) ? undefined : inexact(op, width, x, y, r);
  if (lost === undefined) return flags | roundedLane(view, mxcsr, op, width, to, a, b);
  setFloat(view, to, width, r);
  return lost ? flags | Ex.PE : flags;
}

const load = (view: DataView, at: number, width: Width): Float80 =>
  (width === 4 ? fromF32(quietly, view.getUint32(at, true)) : fromF64(quietly, view.getBigUint64(at, true)));

function roundedLane(view: DataView, mxcsr: number, op: FloatOp, width: Width, to: number, a: number, b: number): number {
  const e = begin(mxcsr, width);
  const x = load(view, a, width);
  const r = exact[op](e, x, op === 'sqrt' ? x : load(view, b, width));
  return storeRounded(view, mxcsr, to, width, r, e.flags);
}

/** Stores a result already rounded to `width`, flushed to zero if FTZ says so. Returns the flags. */
function storeRounded(view: DataView, mxcsr: number, to: number, width: Width, r: Float80, flags: number): number {
  if (width === 4) view.setUint32(to, toF32(quietly, r), true); else view.setBigUint64(to, toF64(quietly, r), true);
  if ((mxcsr & Mx.FTZ) === 0) return flags;
  const v = getFloat(view, to, width);
  if (!isDenormal(v, width) && (flags & Ex.UE) === 0) return flags;
  setFloat(view, to, width, signOf(r) === 1 ? -0 : 0);
  return flags | Ex.UE | Ex.PE;
}

/** CVTSD2SS of one lane: into[to] = view[from]. */
export function narrowLane(view: DataView, mxcsr: number, into: DataView, to: number, from: number): number {
  const x = view.getFloat64(from, true);
  if (x !== x) {
    const bits = view.getBigUint64(from, true);
    const upper = Number(bits >> 32n);
    into.setUint32(to, ((upper & 0x80000000) | 0x7fc00000 | Number((bits >> 29n) & 0x3fffffn)) >>> 0, true);
    return (upper & 0x80000) === 0 ? Ex.IE : 0;
  }
  if (Math.fround(x) === x && !isDenormal(x, 4)) { into.setFloat32(to, x, true); return 0; }
  if (isDenormal(x, 8) && (mxcsr & Mx.DAZ) !== 0) { into.setFloat32(to, signedZero(x), true); return 0; }
  const denormal = isDenormal(x, 8) ? Ex.DE : 0;
  const v = load(view, from, 8);
  const e = begin(mxcsr, 4);
  const r = round80(e, signOf(v), scaleOf(v), v.m);
  return denormal | storeRounded(into, mxcsr, to, 4, r, e.flags);
}

/** CVTSI2SS and CVTSI2SD: an integer rounded to a float of `width`. */
export function integerToFloat(view: DataView, mxcsr: number, width: Width, to: number, value: bigint): number {
  const n = Number(value);
  if (Math.abs(n) < (width === 4 ? 2 ** 24 : 2 ** 53)) { setFloat(view, to, width, n); return 0; }
  const e = begin(mxcsr, width);
  const v = fromInteger(value);
  const r = round80(e, signOf(v), scaleOf(v), v.m);
  return storeRounded(view, mxcsr, to, width, r, e.flags);
}

/** IE of a comparison, minimum or maximum: for any NaN, or for signaling ones only (`quiet`). */
export function invalidLane(view: DataView, width: Width, a: number, b: number, quiet: boolean): number {
  for (const at of [a, b]) {
    const x = getFloat(view, at, width);
    if (x !== x && (!quiet || signaling(view, at, width))) return Ex.IE;
  }
  return 0;
}
