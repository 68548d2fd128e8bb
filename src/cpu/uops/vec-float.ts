/**
 * SSE floating point: arithmetic, minimum, comparison. Scalar forms write the lowest lane of d and leave the rest. The meaning is one wasm
 * instruction; what helpers/sse-float.ts says it does not cover goes there.
 */
import { Vector } from '../cpu.ts';
import { floatLane, invalidLane, Mx, type FloatOp, type Width } from '../helpers/sse-float.ts';
import { MXCSR } from '../state.ts';
import { f32, f32x4, f64, f64x2, i32, i32x4, i64, i64x2, select, v128, type F32, type F64, type I32, type V128 } from '../wasm/code.ts';
import { define, Flag } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { helpers, type HelperCpu } from './helper.ts';
import { Offset } from './record.ts';
import { binaryV, lanes, negateMask } from './vec.ts';

const hot = { hot: true };
const PE = 0x20;

export const operand = (cpu: HelperCpu, record: number, field: 'd' | 'a' | 'b' | 'c'): number => cpu.memory.u16[(record + Offset[field]) >> 1];
export const mxcsrOf = (cpu: HelperCpu): number => cpu.memory.u32[MXCSR >> 2];
/** Makes flags sticky. True when one is unmasked: #XM is raised and the result must not be written. */
export function raiseFlags(cpu: HelperCpu, flags: number): boolean {
  const mxcsr = cpu.memory.u32[MXCSR >> 2] |= flags;
  if ((flags & ~(mxcsr >> Mx.PM_SHIFT)) === 0) return false;
  cpu.raise(Vector.XM);
  return true;
}

/** Non-zero under any rounding mode but to-nearest. */
export const otherRounding = (u: UopEmitter): I32 => i32.and(u.get32(MXCSR), i32.const(Mx.RC));
/** Non-zero unless the fast path is right: to-nearest, nothing flushed, PE set already. */
export const notPlain = (u: UopEmitter): I32 => i32.and(i32.xor(u.get32(MXCSR), i32.const(PE)), i32.const(Mx.RC | Mx.FTZ | Mx.DAZ | PE));
export const notFinite32 = (r: F32): I32 => i32.eqz(f32.lt(f32.abs(r), f32.const(Infinity)));
export const notFinite64 = (r: F64): I32 => i32.eqz(f64.lt(f64.abs(r), f64.const(Infinity)));
export const notFiniteV = (width: Width, r: V128): I32 => i32.eqz(width === 4
  ? i32x4.all_true(f32x4.lt(f32x4.abs(r), f32x4.splat(f32.const(Infinity))))
  : i64x2.all_true(f64x2.lt(f64x2.abs(r), f64x2.splat(f64.const(Infinity)))));

// ── denormals-are-zero, for the operands of comparisons and conversions ──

const ifDaz = (u: UopEmitter, then: () => void): void => u.if(i32.and(u.get32(MXCSR), i32.const(Mx.DAZ)), then);
/** Each returns its operand in a local, flushed when DAZ is set. */
export function operandF32(u: UopEmitter, value: F32): F32 {
  const a = u.varF32(value);
  ifDaz(u, () => a.set(select(f32.copysign(f32.const(0), a.get), a.get, f32.lt(f32.abs(a.get), f32.const(2 ** -126)))));
  return a.get;
}
export function operandF64(u: UopEmitter, value: F64): F64 {
  const a = u.varF64(value);
  ifDaz(u, () => a.set(select(f64.copysign(f64.const(0), a.get), a.get, f64.lt(f64.abs(a.get), f64.const(2 ** -1022)))));
  return a.get;
}
export function operandV(u: UopEmitter, width: Width, value: V128): V128 {
  const a = u.varV(value);
  const sign = width === 4 ? i32x4.splat(i32.const(-0x80000000)) : i64x2.splat(i64.const(-(1n << 63n)));
  const small = width === 4
    ? f32x4.lt(f32x4.abs(a.get), f32x4.splat(f32.const(2 ** -126)))
    : f64x2.lt(f64x2.abs(a.get), f64x2.splat(f64.const(2 ** -1022)));
  ifDaz(u, () => a.set(v128.andnot(a.get, v128.andnot(small, sign))));
  return a.get;
}

/** Helper number of a slow path: not a uop of its own. */
function slow(run: (cpu: HelperCpu, record: number) => void): number { return helpers.push(run) - 1; }

/** Computes lane by lane into d; `source` gives the lanes (b's follow a's) and the operation that make lane i. */
function slowLanes(width: Width, count: number, source: (i: number) => { op: FloatOp; a: number; b: number }): number {
  // a, b and the result, as d may be either operand.
  const work = new DataView(new ArrayBuffer(64));
  const sources = Array.from({ length: count }, (_, i) => source(i));
  return slow((cpu, record) => {
    const { view } = cpu.memory;
    const d = operand(cpu, record, 'd'), a = operand(cpu, record, 'a'), b = operand(cpu, record, 'b');
    for (let k = 0; k < width * count; k += 4) {
      work.setUint32(k, view.getUint32(a + k, true), true);
      work.setUint32(16 + k, view.getUint32(b + k, true), true);
    }
    const mxcsr = mxcsrOf(cpu);
    let flags = 0;
    for (let i = 0; i < count; i++) {
      const s = sources[i];
      flags |= floatLane(work, mxcsr, s.op, width, 32 + i * width, s.a * width, s.b * width);
    }
    if (raiseFlags(cpu, flags)) return;
    for (let k = 0; k < width * count; k += 4) view.setUint32(d + k, work.getUint32(32 + k, true), true);
  });
}
const straight = (op: FloatOp, width: Width) => (i: number) => ({ op, a: i, b: i + 16 / width });

export interface FloatForms { readonly ps: number; readonly pd: number; readonly ss: number; readonly sd: number }

function arithmetic(op: FloatOp): FloatForms {
  const unary = op === 'sqrt';
  const scalar32 = slowLanes(4, 1, straight(op, 4)), scalar64 = slowLanes(8, 1, straight(op, 8));
  const single = (u: UopEmitter): F32 => (unary ? f32.sqrt(u.getF32('a')) : f32[op as 'add'](u.getF32('a'), u.getF32('b')));
  const double = (u: UopEmitter): F64 => (unary ? f64.sqrt(u.getF64('a')) : f64[op as 'add'](u.getF64('a'), u.getF64('b')));
  return {
    ps: packedFloat(`${op}ps`, 4, (a, b) => (unary ? f32x4.sqrt(a) : f32x4[op as 'add'](a, b)), straight(op, 4)),
    pd: packedFloat(`${op}pd`, 8, (a, b) => (unary ? f64x2.sqrt(a) : f64x2[op as 'add'](a, b)), straight(op, 8)),
    ss: define(`${op}ss`, hot, (u) => {
      const r = u.letF32(single(u));
      u.if(i32.or(notFinite32(r), notPlain(u)), () => u.helper(scalar32), () => u.putF32('d', r));
    }),
    sd: define(`${op}sd`, hot, (u) => {
      const r = u.letF64(double(u));
      u.if(i32.or(notFinite64(r), notPlain(u)), () => u.helper(scalar64), () => u.putF64('d', r));
    }),
  };
}

function packedFloat(name: string, width: Width, f: (a: V128, b: V128, u: UopEmitter) => V128, source: (i: number) => { op: FloatOp; a: number; b: number }): number {
  const id = slowLanes(width, 16 / width, source);
  return define(name, {}, (u) => {
    const r = u.letV(f(u.getV('a'), u.getV('b'), u));
    u.if(i32.or(notFiniteV(width, r), notPlain(u)), () => u.helper(id), () => u.setV('d', r));
  });
}

/** The operand of sqrt is a. */
export const arithmeticOps: Readonly<Record<string, FloatForms>> = {
  add: arithmetic('add'), sub: arithmetic('sub'), mul: arithmetic('mul'), div: arithmetic('div'), sqrt: arithmetic('sqrt'),
};

const pairs32 = (op: FloatOp) => (i: number) => ({ op, a: 2 * i, b: 2 * i + 1 });
const alternate = (width: Width) => (i: number) => ({ op: (i & 1) === 0 ? 'sub' as const : 'add' as const, a: i, b: i + 16 / width });
/** Sign bits of the even lanes, which are subtracted. */
const evenSigns32 = v128.const(Array.from({ length: 16 }, (_, i) => (i % 8 === 3 ? 0x80 : 0)));
const evenSigns64 = v128.const(Array.from({ length: 16 }, (_, i) => (i === 7 ? 0x80 : 0)));

/** SSE3: neighbours of a, then of b, added or subtracted; alternating subtraction and addition. */
export const horizontalOps: Readonly<Record<string, number>> = {
  haddps: packedFloat('haddps', 4, (a0, b0, u) => { const a = u.letV(a0), b = u.letV(b0); return f32x4.add(lanes(a, b, 4, 0, 2, 4, 6), lanes(a, b, 4, 1, 3, 5, 7)); }, pairs32('add')),
  hsubps: packedFloat('hsubps', 4, (a0, b0, u) => { const a = u.letV(a0), b = u.letV(b0); return f32x4.sub(lanes(a, b, 4, 0, 2, 4, 6), lanes(a, b, 4, 1, 3, 5, 7)); }, pairs32('sub')),
  haddpd: packedFloat('haddpd', 8, (a0, b0, u) => { const a = u.letV(a0), b = u.letV(b0); return f64x2.add(lanes(a, b, 8, 0, 2), lanes(a, b, 8, 1, 3)); }, pairs32('add')),
  hsubpd: packedFloat('hsubpd', 8, (a0, b0, u) => { const a = u.letV(a0), b = u.letV(b0); return f64x2.sub(lanes(a, b, 8, 0, 2), lanes(a, b, 8, 1, 3)); }, pairs32('sub')),
  addsubps: packedFloat('addsubps', 4, (a, b) => f32x4.add(a, v128.xor(b, evenSigns32)), alternate(4)),
  addsubpd: packedFloat('addsubpd', 8, (a, b) => f64x2.add(a, v128.xor(b, evenSigns64)), alternate(8)),
};
// ── minimum and comparison ──

/** Slow path of comparisons: sets IE for NaNs; the result needs nothing else. */
const invalid = (width: Width, count: number, quiet: boolean): number => slow((cpu, record) => {
  const a = operand(cpu, record, 'a'), b = operand(cpu, record, 'b');
  let flags = 0;
  for (let i = 0; i < count; i++) flags |= invalidLane(cpu.memory.view, width, a + i * width, b + i * width, quiet);
  raiseFlags(cpu, flags);
});
const invalidForms = (quiet: boolean): FloatForms => ({ ps: invalid(4, 4, quiet), pd: invalid(8, 2, quiet), ss: invalid(4, 1, quiet), sd: invalid(8, 1, quiet) });
const anyNaN = invalidForms(false), anySignaling = invalidForms(true);

const unordered32 = (a: F32, b: F32): I32 => i32.or(f32.ne(a, a), f32.ne(b, b));
const unordered64 = (a: F64, b: F64): I32 => i32.or(f64.ne(a, a), f64.ne(b, b));
const unorderedV = (width: Width, a: V128, b: V128): I32 => {
  const l = width === 4 ? f32x4 : f64x2;
  return v128.any_true(v128.or(l.ne(a, a), l.ne(b, b)));
};

/** Defines the four forms of an operation that only compares: its operands are read with DAZ, NaNs set IE. */
function comparing(
  name: string, ie: FloatForms,
  f: { ps: (a: V128, b: V128) => V128; pd: (a: V128, b: V128) => V128; ss: (u: UopEmitter, a: F32, b: F32) => void; sd: (u: UopEmitter, a: F64, b: F64) => void },
): FloatForms {
  const packedForm = (form: 'ps' | 'pd', width: Width): number => binaryV(`${name}${form}`, (a0, b0, u) => {
    const a = operandV(u, width, a0), b = operandV(u, width, b0);
    u.if(unorderedV(width, a, b), () => u.helper(ie[form]));
    return f[form](a, b);
  });
  return {
    ps: packedForm('ps', 4),
    pd: packedForm('pd', 8),
    ss: define(`${name}ss`, {}, (u) => {
      const a = operandF32(u, u.getF32('a')), b = operandF32(u, u.getF32('b'));
      u.if(unordered32(a, b), () => u.helper(ie.ss));
      f.ss(u, a, b);
    }),
    sd: define(`${name}sd`, {}, (u) => {
      const a = operandF64(u, u.getF64('a')), b = operandF64(u, u.getF64('b'));
      u.if(unordered64(a, b), () => u.helper(ie.sd));
      f.sd(u, a, b);
    }),
  };
}

/** x86: a < b ? a : b, so NaNs and equal zeros give b. */
export const minMaxOps: Readonly<Record<'min' | 'max', FloatForms>> = {
  min: comparing('min', anyNaN, {
    ps: (a, b) => f32x4.pmin(b, a),
    pd: (a, b) => f64x2.pmin(b, a),
    ss: (u, a, b) => u.putF32('d', select(a, b, f32.lt(a, b))),
    sd: (u, a, b) => u.putF64('d', select(a, b, f64.lt(a, b))),
  }),
  max: comparing('max', anyNaN, {
    ps: (a, b) => f32x4.pmax(b, a),
    pd: (a, b) => f64x2.pmax(b, a),
    ss: (u, a, b) => u.putF32('d', select(a, b, f32.gt(a, b))),
    sd: (u, a, b) => u.putF64('d', select(a, b, f64.gt(a, b))),
  }),
};

interface Comparable<T, R> { eq(a: T, b: T): R; ne(a: T, b: T): R; lt(a: T, b: T): R; le(a: T, b: T): R }
/** The eight predicates of CMPPS: eq lt le unord neq nlt nle ord. */
function predicate<T, R>(l: Comparable<T, R>, and: (a: R, b: R) => R, not: (a: R) => R, n: number, a: T, b: T): R {
  switch (n) {
    case 0: return l.eq(a, b);
    case 1: return l.lt(a, b);
    case 2: return l.le(a, b);
    case 3: return not(and(l.eq(a, a), l.eq(b, b)));
    case 4: return l.ne(a, b);
    case 5: return not(l.lt(a, b));
    case 6: return not(l.le(a, b));
    default: return and(l.eq(a, a), l.eq(b, b));
  }
}

/** Index is the predicate: all ones where it holds. Less and not-less complain about any NaN, the others about signaling ones. */
export const compareOps: readonly FloatForms[] = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'].map((name, n) =>
  comparing(`cmp${name}`, (n & 3) === 1 || (n & 3) === 2 ? anyNaN : anySignaling, {
    ps: (a, b) => predicate(f32x4, v128.and, v128.not, n, a, b),
    pd: (a, b) => predicate(f64x2, v128.and, v128.not, n, a, b),
    ss: (u, a, b) => u.put32('d', negateMask(predicate(f32, i32.and, i32.eqz, n, a, b))),
    sd: (u, a, b) => u.set64('d', i64.extend_i32_s(negateMask(predicate(f64, i32.and, i32.eqz, n, a, b)))),
  }));

const compareSpec = { writes: Flag.C | Flag.P | Flag.A | Flag.Z | Flag.S | Flag.O, hot: true };

/** ZF PF CF: 000 above, 001 below, 100 equal, 111 unordered; the others are cleared. */
function setOrder<T>(u: UopEmitter, l: { eq(a: T, b: T): I32; lt(a: T, b: T): I32; gt(a: T, b: T): I32; ge(a: T, b: T): I32 }, a: T, b: T): void {
  u.setZF(i64.extend_i32_u(i32.or(l.lt(a, b), l.gt(a, b))));
  u.setCF(i32.eqz(l.ge(a, b)));
  // One bit set is odd parity: ordered.
  u.setPF(i32.and(l.eq(a, a), l.eq(b, b)));
  u.setAF(i32.const(0));
  u.setSF(i64.const(0));
  u.setOF(i64.const(0));
}
const orderForms = (name: string, ie: FloatForms) => ({
  ss: define(`${name}ss`, compareSpec, (u) => {
    const a = operandF32(u, u.getF32('a')), b = operandF32(u, u.getF32('b'));
    u.if(unordered32(a, b), () => u.helper(ie.ss));
    setOrder(u, f32, a, b);
  }),
  sd: define(`${name}sd`, compareSpec, (u) => {
    const a = operandF64(u, u.getF64('a')), b = operandF64(u, u.getF64('b'));
    u.if(unordered64(a, b), () => u.helper(ie.sd));
    setOrder(u, f64, a, b);
  }),
});
export const compareFlags = { comi: orderForms('comi', anyNaN), ucomi: orderForms('ucomi', anySignaling) } as const;

// ── approximations and dot products ──

/** Denormals count as zero and come out as zero here, whatever MXCSR says. */
function flushV(u: UopEmitter, value: V128): V128 {
  const a = u.letV(value);
  const small = f32x4.lt(f32x4.abs(a), f32x4.splat(f32.const(2 ** -126)));
  return v128.andnot(a, v128.andnot(small, i32x4.splat(i32.const(-0x80000000))));
}
const reciprocal = (u: UopEmitter, b: V128): V128 => flushV(u, f32x4.div(f32x4.splat(f32.const(1)), flushV(u, b)));
const reciprocalRoot = (u: UopEmitter, b: V128): V128 => f32x4.div(f32x4.splat(f32.const(1)), f32x4.sqrt(flushV(u, b)));
const lowest = (u: UopEmitter, f: (u: UopEmitter, b: V128) => V128): void => u.putF32('d', f32x4.extract_lane(f(u, f32x4.splat(u.getF32('b'))), 0));
/** RCP and RSQRT: the exact quotient, well within the 1.5 * 2^-12 that the manual allows. */
export const approximateOps = {
  rcpps: binaryV('rcpps', (_, b, u) => reciprocal(u, b)),
  rcpss: define('rcpss', {}, (u) => lowest(u, reciprocal)),
  rsqrtps: binaryV('rsqrtps', (_, b, u) => reciprocalRoot(u, b)),
  rsqrtss: define('rsqrtss', {}, (u) => lowest(u, reciprocalRoot)),
};

/** A mask whose lane i is all ones where bit i of `bits` is set. */
function laneMask(width: Width, bits: I32): V128 {
  const weights = v128.const(Array.from({ length: 16 }, (_, i) => (i % width === 0 ? 1 << (i / width) : 0)));
  return width === 4 ? i32x4.eq(v128.and(i32x4.splat(bits), weights), weights) : i64x2.eq(v128.and(i64x2.splat(i64.extend_i32_u(bits)), weights), weights);
}

/** Slow path of the dot products: the same sums lane by lane, with flags. */
function slowDot(width: Width): number {
  const count = 16 / width;
  const lane = new DataView(new ArrayBuffer(80));
  return slow((cpu, record) => {
    const { view } = cpu.memory;
    const imm = cpu.memory.i32[(record + Offset.aux) >> 2];
    const mxcsr = mxcsrOf(cpu);
    const a = operand(cpu, record, 'a'), b = operand(cpu, record, 'b'), d = operand(cpu, record, 'd');
    for (let k = 0; k < 16; k += 4) {
      lane.setUint32(k, view.getUint32(a + k, true), true);
      lane.setUint32(16 + k, view.getUint32(b + k, true), true);
      lane.setUint32(32 + k, 0, true);
    }
    let flags = 0;
    for (let i = 0; i < count; i++) if ((imm >> (4 + i)) & 1) flags |= floatLane(lane, mxcsr, 'mul', width, 32 + i * width, i * width, 16 + i * width);
    for (let n = count; n > 1; n /= 2) {
      for (let i = 0; i < n / 2; i++) flags |= floatLane(lane, mxcsr, 'add', width, 32 + i * width, 32 + 2 * i * width, 32 + (2 * i + 1) * width);
    }
    if (raiseFlags(cpu, flags)) return;
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < width; k += 4) view.setUint32(d + i * width + k, (imm >> i) & 1 ? lane.getUint32(32 + k, true) : 0, true);
    }
  });
}

function dotProduct(name: string, width: Width, sum: (p: V128, u: UopEmitter) => V128): number {
  const id = slowDot(width);
  const l = width === 4 ? f32x4 : f64x2;
  return define(name, {}, (u) => {
    const imm = u.let32(u.aux());
    const all = u.letV(sum(u.letV(v128.and(l.mul(u.getV('a'), u.getV('b')), laneMask(width, i32.shr_u(imm, i32.const(4))))), u));
    u.if(i32.or(notFiniteV(width, all), notPlain(u)), () => u.helper(id), () => u.setV('d', v128.and(all, laneMask(width, imm))));
  });
}

/** aux is the immediate: products to use in the high nibble, lanes to write in the low one. */
export const dotProducts = {
  dpps: dotProduct('dpps', 4, (p, u) => {
    const s = u.letV(f32x4.add(p, lanes(p, p, 4, 1, 0, 3, 2)));
    return f32x4.add(s, lanes(s, s, 4, 2, 2, 0, 0));
  }),
  dppd: dotProduct('dppd', 8, (p) => f64x2.add(p, lanes(p, p, 8, 1, 0))),
};
