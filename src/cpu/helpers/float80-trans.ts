/**
 * x87 transcendental functions: F2XM1, FYL2X, FYL2XP1, FPATAN, FSIN, FCOS, FSINCOS, FPTAN. Computed in BigInt fixed point with some
 * 140 significant bits and rounded once, so results are the correctly rounded ones, within 1 ulp of any processor's.
 * Reference: SDM volume 1, 8.3.8–8.3.10 (accuracy, argument reduction).
 */
import {
  absolute, bitLength, Class, classify, Ex, exponentOf, type Float80, type FloatEnv, infinity, invalid, negate, ONE, propagate, quiet,
  round80, scaleOf, shift, signOf, zero,
} from './float80.ts';

/** Good bits kept beyond the leading one. */
const GUARD = 140;
/** Arguments below 2^-TINY are their own first-order approximation. */
const TINY = 70;

/** atanh(z) or, alternating, atan(z): z + z^3/3 + z^5/5 …, fixed point with f fraction bits. */
function oddSeries(z: bigint, f: number, alternating: boolean): bigint {
  const fb = BigInt(f);
  const z2 = (z * z) >> fb;
  let sum = z;
  let power = z;
  for (let k = 3n; ; k += 2n) {
    power = (power * z2) >> fb;
    const term = power / k;
    if (term === 0n || term === -1n) return sum;
    sum += alternating && (k & 2n) !== 0n ? -term : term;
  }
}

const constants = new Map<string, bigint>();
function constant(name: string, f: number, compute: (f: number) => bigint): bigint {
  const key = `${name}/${f}`;
  let v = constants.get(key);
  if (v === undefined) { v = compute(f + 8) >> 8n; constants.set(key, v); }
  return v;
}

const fixed = (num: bigint, den: bigint, f: number): bigint => (num << BigInt(f)) / den;

/** ln 2 = 2 atanh(1/3). */
const ln2 = (f: number): bigint => constant('ln2', f, (g) => 2n * oddSeries(fixed(1n, 3n, g), g, false));
/** Machin: pi = 16 atan(1/5) - 4 atan(1/239). */
const pi = (f: number): bigint =>
  constant('pi', f, (g) => 16n * oddSeries(fixed(1n, 5n, g), g, true) - 4n * oddSeries(fixed(1n, 239n, g), g, true));

/** (-1)^sign * v * 2^-f rounded to 64 bits. The exact result is irrational, so it is marked inexact. */
function finish(env: FloatEnv, v: bigint, f: number): Float80 {
  const sign = v < 0n ? 1 : 0;
  return round80(env, sign, -f - 1, ((sign === 1 ? -v : v) << 1n) | 1n, 64);
}

/** A finite number's magnitude as fixed point with f fraction bits. */
const toFixed = (a: Float80, f: number): bigint => shift(a.m, scaleOf(a) + f);

/** F2XM1: 2^a - 1 for -1 <= a <= 1. */
export function f2xm1(env: FloatEnv, a: Float80): Float80 {
  env.roundedUp = false;
  const c = classify(a);
  if (c > Class.Infinity) return quiet(env, a, c);
  if (c === Class.Zero) return a;
  const sign = signOf(a);
  if (c === Class.Infinity) return sign === 1 ? negate(ONE) : a;
  if (c === Class.Denormal) env.raise(Ex.DE);
  const e = exponentOf(a);
  if (e >= 0) {
    if (e === 0 && a.m === 1n << 63n) return sign === 1 ? { se: 0xbffe, m: 1n << 63n } : a;
    return a;
  }
  if (e < -TINY) return round80(env, sign, scaleOf(a) - GUARD, a.m * ln2(GUARD) | 1n, 64);
  const f = GUARD - e;
  const fb = BigInt(f);
  let x = (toFixed(a, f) * ln2(f)) >> fb;
  if (sign === 1) x = -x;
  let sum = x;
  let term = x;
  for (let k = 2n; ; k++) {
    term = ((term * x) >> fb) / k;
    if (term === 0n || term === -1n) return finish(env, sum, f);
    sum += term;
  }
}

/** ln(1 + d) for fixed-point d > -1, near 0. */
function log1pFixed(d: bigint, f: number): bigint {
  return 2n * oddSeries((d << BigInt(f)) / ((2n << BigInt(f)) + d), f, false);
}

/** log2 of sig * 2^scale > 0 as v * 2^-f; exact is set for powers of two. */
function log2Fixed(sig: bigint, scale: number): { v: bigint; f: number; exact: boolean } {
  const n = bitLength(sig);
  let k = scale + n - 1;
  const f = GUARD + 64;
  let m = shift(sig, f - n + 1);
  if (m === 1n << BigInt(f)) return { v: BigInt(k), f: 0, exact: true };
  // Into [0.75, 1.5), so that no cancellation happens between k and the logarithm.
  if (m >= 3n << BigInt(f - 1)) { m >>= 1n; k++; }
  const l = (log1pFixed(m - (1n << BigInt(f)), f) << BigInt(f)) / ln2(f);
  return { v: (BigInt(k) << BigInt(f)) + l, f, exact: false };
}

function scaled(env: FloatEnv, v: bigint, f: number, y: Float80, exact: boolean): Float80 {
  const sign = (v < 0n ? 1 : 0) ^ signOf(y);
  const product = (v < 0n ? -v : v) * y.m;
  if (exact) {
    // Powers of two come out exact, yet the processor reports them inexact like all others.
    env.raise(Ex.PE);
    return round80(env, sign, scaleOf(y) - f, product, 64);
  }
  return round80(env, sign, scaleOf(y) - f - 1, (product << 1n) | 1n, 64);
}

/** FYL2X: y * log2(x). */
export function fyl2x(env: FloatEnv, x: Float80, y: Float80): Float80 {
  env.roundedUp = false;
  const cx = classify(x), cy = classify(y);
  if (cx > Class.Infinity || cy > Class.Infinity) return propagate(env, x, cx, y, cy);
  const sy = signOf(y);
  if (cx === Class.Zero) {
    if (cy === Class.Zero) return invalid(env);
    if (cy === Class.Infinity) return infinity(sy ^ 1);
    env.raise(Ex.ZE);
    return infinity(sy ^ 1);
  }
  if (signOf(x) === 1) return invalid(env);
  const isOne = x.se === ONE.se && x.m === ONE.m;
  if (cx === Class.Infinity) {
    if (cy === Class.Zero) return invalid(env);
    if (cy === Class.Denormal) env.raise(Ex.DE);
    return infinity(sy);
  }
  if (cy === Class.Infinity) {
    if (isOne) return invalid(env);
    if (cx === Class.Denormal) env.raise(Ex.DE);
    return infinity(sy ^ (exponentOf(x) < 0 ? 1 : 0));
  }
  if (cx === Class.Denormal || cy === Class.Denormal) env.raise(Ex.DE);
  const below = exponentOf(x) < 0 ? 1 : 0;
  if (isOne || cy === Class.Zero) return zero(sy ^ below);
  const l = log2Fixed(x.m, scaleOf(x));
  return scaled(env, l.v, l.f, y, l.exact);
}

/** FYL2XP1: y * log2(x + 1). */
export function fyl2xp1(env: FloatEnv, x: Float80, y: Float80): Float80 {
  env.roundedUp = false;
  const cx = classify(x), cy = classify(y);
  if (cx > Class.Infinity || cy > Class.Infinity) return propagate(env, x, cx, y, cy);
  const sign = signOf(x) ^ signOf(y);
  if (cx === Class.Infinity) {
    if (signOf(x) === 1 || cy === Class.Zero) return invalid(env);
    if (cy === Class.Denormal) env.raise(Ex.DE);
    return infinity(sign);
  }
  if (cy === Class.Infinity) {
    if (cx === Class.Zero) return invalid(env);
    if (cx === Class.Denormal) env.raise(Ex.DE);
    return infinity(sign);
  }
  if (cx === Class.Denormal || cy === Class.Denormal) env.raise(Ex.DE);
  if (cx === Class.Zero || cy === Class.Zero) return zero(sign);
  const e = exponentOf(x);
  if (e < -TINY) {
    const f = GUARD;
    const inverse = (1n << BigInt(2 * f)) / ln2(f);
    return round80(env, sign, scaleOf(x) + scaleOf(y) - f - 1, (x.m * y.m * inverse << 1n) | 1n, 64);
  }
  if (signOf(x) === 1 && e >= 0) return invalid(env);
  if (e >= -1) {
    // Outside the range the instruction is defined for: the logarithm all the same.
    const unit = Math.max(scaleOf(x), -GUARD);
    const m = shift(x.m, scaleOf(x) - unit) * (signOf(x) === 1 ? -1n : 1n) + shift(1n, -unit);
    const l = log2Fixed(m, unit);
    return scaled(env, l.v, l.f, y, l.exact);
  }
  const f = GUARD + Math.max(0, -e) + 64;
  const d = toFixed(x, f);
  const v = (log1pFixed(signOf(x) === 1 ? -d : d, f) << BigInt(f)) / ln2(f);
  return scaled(env, v, f, y, false);
}

/** atan of num/den in [0, 1] with f fraction bits: table of atan(k/16), then a short series. */
function atanFixed(num: bigint, den: bigint, f: number): bigint {
  const k = (num * 16n + den / 2n) / den;
  if (k === 0n) return oddSeries(fixed(num, den, f), f, true);
  // atan(n/d) = atan(k/16) + atan((16 n - k d) / (16 d + k n))
  const base = constant(`atan${k}`, f, (g) => (k === 16n ? pi(g) >> 2n : oddSeries(fixed(k, 16n, g), g, true)));
  return base + oddSeries(fixed(16n * num - k * den, 16n * den + k * num, f), f, true);
}

/** FPATAN: atan2(y, x). */
export function fpatan(env: FloatEnv, y: Float80, x: Float80): Float80 {
  env.roundedUp = false;
  const cx = classify(x), cy = classify(y);
  if (cx > Class.Infinity || cy > Class.Infinity) return propagate(env, x, cx, y, cy);
  const sx = signOf(x), sy = signOf(y);
  const f = GUARD + 80;
  const signed = (v: bigint): Float80 => finish(env, sy === 1 ? -v : v, f);
  if (cx === Class.Denormal || cy === Class.Denormal) env.raise(Ex.DE);
  if (cy === Class.Infinity) return signed(cx !== Class.Infinity ? pi(f) >> 1n : sx === 1 ? (3n * pi(f)) >> 2n : pi(f) >> 2n);
  if (cx === Class.Infinity) return sx === 1 ? signed(pi(f)) : zero(sy);
  if (cy === Class.Zero) return sx === 1 ? signed(pi(f)) : y;
  if (cx === Class.Zero) return signed(pi(f) >> 1n);

  // |y/x|: beyond 2^±200 only the quadrant counts, except for the first one's small angles.
  const d = exponentOf(y) - exponentOf(x);
  if (d < -TINY && sx === 0) {
    const s = 137 - bitLength(y.m) + bitLength(x.m);
    return round80(env, sy, scaleOf(y) - scaleOf(x) - s - 1, (shift(y.m, s) / x.m << 1n) | 1n, 64);
  }
  if (d > 200) return signed(pi(f) >> 1n);
  if (d < -200) return signed(pi(f));
  const e = Math.min(scaleOf(x), scaleOf(y));
  const n = shift(y.m, scaleOf(y) - e);
  const m = shift(x.m, scaleOf(x) - e);
  const v = n <= m ? atanFixed(n, m, f) : (pi(f) >> 1n) - atanFixed(m, n, f);
  return signed(sx === 1 ? pi(f) - v : v);
}

/** Quadrant and remainder in [-pi/4, pi/4] of a finite |a| < 2^63, with the processor's 66-bit pi. */
function reduce(a: Float80): { quadrant: number; r: bigint; f: number } {
  const e = exponentOf(a);
  const f = GUARD + 130 + Math.max(0, -e);
  const x = toFixed(a, f);
  const half = halfPi(f);
  const n = (2n * x + half) / (2n * half);
  return { quadrant: Number(n & 3n), r: x - n * half, f };
}

/** pi/2 as the processor reduces with: pi to 66 bits (SDM volume 1, 8.3.8). */
const halfPi = (f: number): bigint => 0xc90fdaa22168c234cn << BigInt(f - 67);

function sinFixed(r: bigint, f: number): bigint {
  return alternatingSeries(r, r, 2n, f);
}

function cosFixed(r: bigint, f: number): bigint {
  return alternatingSeries(1n << BigInt(f), r, 1n, f);
}

/** first - first*r^2/(k(k+1)) + …: sine from k = 2, cosine from k = 1. */
function alternatingSeries(first: bigint, r: bigint, k: bigint, f: number): bigint {
  const fb = BigInt(f);
  const r2 = (r * r) >> fb;
  let sum = first;
  let term = first;
  for (;; k += 2n) {
    term = -(((term * r2) >> fb) / (k * (k + 1n)));
    if (term === 0n || term === 1n) return sum;
    sum += term;
  }
}

/** Answers of the trigonometric instructions: null when |a| >= 2^63 (C2 set, operand unchanged). */
export interface SinCos { sin: Float80; cos: Float80 }

/** Sine and cosine; `which` limits what is rounded, so that flags and C1 belong to the result asked for last. */
export function sincos(env: FloatEnv, a: Float80, which: 'sin' | 'cos' | 'both'): SinCos | null {
  env.roundedUp = false;
  const c = classify(a);
  if (c > Class.Infinity) { const q = quiet(env, a, c); return { sin: q, cos: q }; }
  if (c === Class.Infinity) { const q = invalid(env); return { sin: q, cos: q }; }
  if (c === Class.Zero) return { sin: a, cos: ONE };
  if (c === Class.Denormal) env.raise(Ex.DE);
  const e = exponentOf(a);
  if (e >= 63) return null;
  if (e < -TINY) {
    const cos = which === 'sin' ? ONE : round80(env, 0, -GUARD, (1n << BigInt(GUARD)) - 1n, 64);
    const sin = which === 'cos' ? a : tiny(env, a, -1);
    return { sin, cos };
  }
  const { quadrant, r, f } = reduce(a);
  const odd = (quadrant & 1) === 1;
  const negative = signOf(a) === 1;
  let sin = ONE, cos = ONE;
  if (which !== 'sin') {
    const v = odd ? sinFixed(r, f) : cosFixed(r, f);
    cos = finish(env, quadrant === 1 || quadrant === 2 ? -v : v, f);
  }
  if (which !== 'cos') {
    const v = odd ? cosFixed(r, f) : sinFixed(r, f);
    sin = finish(env, (quadrant >= 2) !== negative ? -v : v, f);
  }
  return { sin, cos };
}

/** A result just below (-1) or above (+1) a tiny argument in magnitude. */
function tiny(env: FloatEnv, a: Float80, direction: number): Float80 {
  return round80(env, signOf(a), scaleOf(a) - 8, (absolute(a).m << 8n) + BigInt(direction), 64);
}

/** FPTAN's tangent, or null when out of range. */
export function tan(env: FloatEnv, a: Float80): Float80 | null {
  env.roundedUp = false;
  const c = classify(a);
  if (c > Class.Infinity) return quiet(env, a, c);
  if (c === Class.Infinity) return invalid(env);
  if (c === Class.Zero) return a;
  if (c === Class.Denormal) env.raise(Ex.DE);
  const e = exponentOf(a);
  if (e >= 63) return null;
  if (e < -TINY) return tiny(env, a, 1);
  const { quadrant, r, f } = reduce(a);
  const s = sinFixed(r, f);
  const k = cosFixed(r, f);
  const odd = (quadrant & 1) === 1;
  // Rounded from a quotient with GUARD bits, whatever the size of the tangent.
  const num = odd ? k : s;
  const den = odd ? -s : k;
  const sign = (num < 0n ? 1 : 0) ^ (den < 0n ? 1 : 0) ^ signOf(a);
  const n = num < 0n ? -num : num;
  const d = den < 0n ? -den : den;
  const up = Math.max(0, GUARD + bitLength(d) - bitLength(n));
  return round80(env, sign, -up - 1, ((n << BigInt(up)) / d << 1n) | 1n, 64);
}
