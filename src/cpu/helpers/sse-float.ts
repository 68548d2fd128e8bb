/**
 * SSE arithmetic on the slow path: results that are not finite (x86's choice of NaN, and the IE, ZE and OE flags of MXCSR) and
 * every operation under a rounding mode other than to-nearest. The fast path is one wasm instruction that sets no flags, so PE, UE
 * and DE are only exact under the other modes. Reference: SDM volume 1, 11.5 and table 4-7.
 */
import * as arith from './float80-arith.ts';
import { Ex, F32_FORMAT, F64_FORMAT, FloatEnv, type Float80, fromF32, fromF64, fromInteger, round80, scaleOf, signOf, toF32, toF64, type Format } from './float80.ts';

export type FloatOp = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';
/** Bytes of a lane. */
export type Width = 4 | 8;

const env = new FloatEnv();

const exact: Readonly<Record<FloatOp, (env: FloatEnv, a: Float80, b: Float80) => Float80>> = {
  add: arith.add, sub: arith.sub, mul: arith.mul, div: arith.div, sqrt: (e, a) => arith.sqrt(e, a),
};
const native: Readonly<Record<FloatOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, sqrt: (a) => Math.sqrt(a),
};

function begin(mxcsr: number, format: Format): FloatEnv {
  env.rc = (mxcsr >> 13) & 3;
  env.format = format;
  env.precision = format.p;
  env.flags = 0;
  return env;
}

interface Memory { readonly view: DataView }

const getFloat = (view: DataView, at: number, width: Width): number => (width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
/** Upper 32 bits of a lane: sign, exponent and the quiet bit are there in both widths. */
const upperWord = (view: DataView, at: number, width: Width): number => view.getUint32(at + width - 4, true);
const quietBit = (width: Width): number => (width === 4 ? 0x400000 : 0x80000);

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

/** One lane: view[to] = view[a] op view[b]. Returns the exception flags. */
export function floatLane(memory: Memory, mxcsr: number, op: FloatOp, width: Width, to: number, a: number, b: number): number {
  const view = memory.view;
  const unary = op === 'sqrt';
  const x = getFloat(view, a, width);
  const y = unary ? 0 : getFloat(view, b, width);
  if (x !== x) {
    const second = y !== y && (upperWord(view, b, width) & quietBit(width)) === 0 ? Ex.IE : 0;
    return copyNaN(view, to, a, width) | second;
  }
  if (y !== y) return copyNaN(view, to, b, width);
  const r = native[op](x, y);
  if (r !== r) { setDefaultNaN(view, to, width); return Ex.IE; }
  if ((mxcsr & 0x6000) !== 0) return roundedLane(view, mxcsr, op, width, to, a, b);
  if (width === 4) view.setFloat32(to, r, true); else view.setFloat64(to, r, true);
  const finite = Number.isFinite(width === 4 ? Math.fround(r) : r);
  if (finite || !Number.isFinite(x) || !Number.isFinite(y)) return 0;
  return op === 'div' && y === 0 ? Ex.ZE : Ex.OE | Ex.PE;
}

function roundedLane(view: DataView, mxcsr: number, op: FloatOp, width: Width, to: number, a: number, b: number): number {
  const scratch = new FloatEnv();
  const load = (at: number): Float80 => (width === 4 ? fromF32(scratch, view.getUint32(at, true)) : fromF64(scratch, view.getBigUint64(at, true)));
  const e = begin(mxcsr, width === 4 ? F32_FORMAT : F64_FORMAT);
  const x = load(a);
  const r = exact[op](e, x, op === 'sqrt' ? x : load(b));
  storeFloat(view, to, width, r);
  return e.flags | (scratch.flags & Ex.DE);
}

function storeFloat(view: DataView, to: number, width: Width, r: Float80): void {
  const scratch = new FloatEnv();
  if (width === 4) view.setUint32(to, toF32(scratch, r), true); else view.setBigUint64(to, toF64(scratch, r), true);
}

/** CVTSD2SS of one lane. */
export function narrowLane(memory: Memory, mxcsr: number, to: number, from: number): number {
  const view = memory.view;
  const x = view.getFloat64(from, true);
  if (x !== x) {
    const bits = view.getBigUint64(from, true);
    const upper = Number(bits >> 32n);
    view.setUint32(to, ((upper & 0x80000000) | 0x7fc00000 | Number((bits >> 29n) & 0x3fffffn)) >>> 0, true);
    return (upper & 0x80000) === 0 ? Ex.IE : 0;
  }
  const e = begin(mxcsr, F32_FORMAT);
  const scratch = new FloatEnv();
  const v = fromF64(scratch, view.getBigUint64(from, true));
  if (v.m === 0n || !Number.isFinite(x)) { view.setFloat32(to, x, true); return 0; }
  storeFloat(view, to, 4, round80(e, signOf(v), scaleOf(v), v.m));
  return e.flags | (scratch.flags & Ex.DE);
}

/** CVTSI2SS and CVTSI2SD: an integer rounded to a float of `width`. */
export function integerToFloat(memory: Memory, mxcsr: number, width: Width, to: number, value: bigint): number {
  const e = begin(mxcsr, width === 4 ? F32_FORMAT : F64_FORMAT);
  const v = fromInteger(value);
  storeFloat(memory.view, to, width, v.m === 0n ? v : round80(e, signOf(v), scaleOf(v), v.m));
  return e.flags;
}

