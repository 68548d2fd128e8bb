/**
 * x87 arithmetic on 80-bit numbers: FADD, FSUB, FMUL, FDIV, FSQRT, FPREM, FPREM1, FRNDINT, FSCALE, FXTRACT and comparisons,
 * exact to the bit with the flags and condition codes the processor sets. Reference: SDM volume 2.
 */
import {
  Class, classify, Ex, exponentOf, type Float80, FloatEnv, fromInteger, infinity, invalid, negate,
  propagate, quiet, round80, roundToInteger, scaleOf, shift, signOf, zero, bitLength, Rc,
} from './float80.ts';

/** A shift beyond which the smaller addend is only a sticky bit. */
const FAR = 130;

const special = (c: Class): boolean => c > Class.Infinity;

function denormal(env: FloatEnv, ca: Class, cb: Class): void {
  if (ca === Class.Denormal || cb === Class.Denormal) env.raise(Ex.DE);
}

export function add(env: FloatEnv, a: Float80, b: Float80): Float80 {
  env.roundedUp = false;
  const ca = classify(a), cb = classify(b);
  if (special(ca) || special(cb)) return propagate(env, a, ca, b, cb);
  const sa = signOf(a), sb = signOf(b);
  if (ca === Class.Infinity || cb === Class.Infinity) {
    if (ca === cb && sa !== sb) return invalid(env);
    denormal(env, ca, cb);
    return ca === Class.Infinity ? a : b;
  }
  denormal(env, ca, cb);
  if (ca === Class.Zero && cb === Class.Zero) return sa === sb ? a : zero(env.rc === Rc.Down ? 1 : 0);
  let ea = scaleOf(a), eb = scaleOf(b);
  let ma = a.m, mb = b.m;
  if (ma === 0n) ea = eb;
  if (mb === 0n) eb = ea;
  if (ea - eb > FAR) { mb = 1n; eb = ea - FAR; }
  if (eb - ea > FAR) { ma = 1n; ea = eb - FAR; }
  const e = Math.min(ea, eb);
  ma = shift(ma, ea - e);
  mb = shift(mb, eb - e);
  const sum = (sa === 1 ? -ma : ma) + (sb === 1 ? -mb : mb);
  if (sum === 0n) return zero(env.rc === Rc.Down ? 1 : 0);
  return round80(env, sum < 0n ? 1 : 0, e, sum < 0n ? -sum : sum);
}

export function sub(env: FloatEnv, a: Float80, b: Float80): Float80 {
  // A NaN keeps its sign in a subtraction.
  return add(env, a, special(classify(b)) ? b : negate(b));
}

export function mul(env: FloatEnv, a: Float80, b: Float80): Float80 {
  env.roundedUp = false;
  const ca = classify(a), cb = classify(b);
  if (special(ca) || special(cb)) return propagate(env, a, ca, b, cb);
  const sign = signOf(a) ^ signOf(b);
  if (ca === Class.Infinity || cb === Class.Infinity) {
    if (ca === Class.Zero || cb === Class.Zero) return invalid(env);
    denormal(env, ca, cb);
    return infinity(sign);
  }
  denormal(env, ca, cb);
  return round80(env, sign, scaleOf(a) + scaleOf(b), a.m * b.m);
}

export function div(env: FloatEnv, a: Float80, b: Float80): Float80 {
  env.roundedUp = false;
  const ca = classify(a), cb = classify(b);
  if (special(ca) || special(cb)) return propagate(env, a, ca, b, cb);
  const sign = signOf(a) ^ signOf(b);
  if (ca === Class.Infinity) {
    if (cb === Class.Infinity) return invalid(env);
    denormal(env, ca, cb);
    return infinity(sign);
  }
  if (cb === Class.Infinity) { denormal(env, ca, cb); return zero(sign); }
  if (cb === Class.Zero) {
    if (ca === Class.Zero) return invalid(env);
    env.raise(Ex.ZE);
    return infinity(sign);
  }
  denormal(env, ca, cb);
  if (ca === Class.Zero) return zero(sign);
  const s = 67 + bitLength(b.m) - bitLength(a.m);
  const n = shift(a.m, s);
  const q = n / b.m;
  return round80(env, sign, scaleOf(a) - scaleOf(b) - s - 1, (q << 1n) | (n % b.m === 0n ? 0n : 1n));
}

/** floor(sqrt(v)). */
export function isqrt(v: bigint): bigint {
  if (v === 0n) return 0n;
  const n = bitLength(v);
  // A double gives 52 good bits of the leading part; Newton doubles them from above.
  const s = Math.max(0, n - 104 + (n & 1));
  let r = BigInt(Math.floor(Math.sqrt(Number(v >> BigInt(s)))) + 1) << BigInt(s >> 1);
  r = (r + v / r) >> 1n;
  for (;;) {
    const next = (r + v / r) >> 1n;
    if (next >= r) break;
    r = next;
  }
  while (r * r > v) r--;
  while ((r + 1n) * (r + 1n) <= v) r++;
  return r;
}

export function sqrt(env: FloatEnv, a: Float80): Float80 {
  env.roundedUp = false;
  const c = classify(a);
  if (special(c)) return quiet(env, a, c);
  if (c === Class.Zero) return a;
  if (signOf(a) === 1) return invalid(env);
  if (c === Class.Infinity) return a;
  denormal(env, c, c);
  let s = 136 - bitLength(a.m);
  if (((scaleOf(a) - s) & 1) !== 0) s++;
  const v = a.m << BigInt(s);
  const r = isqrt(v);
  return round80(env, 0, (scaleOf(a) - s) / 2 - 1, (r << 1n) | (r * r === v ? 0n : 1n));
}

/** Result of FPREM and FPREM1: `partial` is C2; the low quotient bits go to C1 (bit 0), C3 (bit 1) and C0 (bit 2). */
export interface Remainder { value: Float80; quotient: number; partial: boolean }

function remainder(env: FloatEnv, a: Float80, b: Float80, nearest: boolean): Remainder {
  env.roundedUp = false;
  const ca = classify(a), cb = classify(b);
  const done = (value: Float80): Remainder => ({ value, quotient: 0, partial: false });
  if (special(ca) || special(cb)) return done(propagate(env, a, ca, b, cb));
  if (ca === Class.Infinity || cb === Class.Zero) return done(invalid(env));
  denormal(env, ca, cb);
  const sign = signOf(a);
  if (ca === Class.Zero) return done(a);
  if (cb === Class.Infinity) return done(round80(env, sign, scaleOf(a), a.m, 64));
  const d = exponentOf(a) - exponentOf(b);
  if (d < -1) return done(round80(env, sign, scaleOf(a), a.m, 64));
  if (d >= 64) {
    const n = (d & 31) | 32;
    const e = Math.min(scaleOf(a), scaleOf(b) + d - n);
    const x = shift(a.m, scaleOf(a) - e);
    const y = shift(b.m, scaleOf(b) + d - n - e);
    const r = x % y;
    return { value: r === 0n ? zero(sign) : round80(env, sign, e, r, 64), quotient: 0, partial: true };
  }
  const e = Math.min(scaleOf(a), scaleOf(b));
  const x = shift(a.m, scaleOf(a) - e);
  const y = shift(b.m, scaleOf(b) - e);
  let q = x / y;
  let r = x % y;
  if (nearest && (2n * r > y || (2n * r === y && (q & 1n) === 1n))) { q++; r -= y; }
  const flip = r < 0n;
  const value = r === 0n ? zero(sign) : round80(env, flip ? sign ^ 1 : sign, e, flip ? -r : r, 64);
  return { value, quotient: Number(q & 7n), partial: false };
}

/** FPREM: quotient truncated. */
export const rem = (env: FloatEnv, a: Float80, b: Float80): Remainder => remainder(env, a, b, false);
/** FPREM1: quotient rounded to nearest even (IEEE remainder). */
export const rem1 = (env: FloatEnv, a: Float80, b: Float80): Remainder => remainder(env, a, b, true);

export function rndint(env: FloatEnv, a: Float80): Float80 {
  env.roundedUp = false;
  const c = classify(a);
  if (special(c)) return quiet(env, a, c);
  denormal(env, c, c);
  if (c === Class.Infinity || c === Class.Zero || scaleOf(a) >= 0) return a;
  const v = fromInteger(roundToInteger(env, a));
  return { se: v.se | (a.se & 0x8000), m: v.m };
}

/** FSCALE: a * 2^trunc(b). */
export function scale(env: FloatEnv, a: Float80, b: Float80): Float80 {
  env.roundedUp = false;
  const ca = classify(a), cb = classify(b);
  if (special(ca) || special(cb)) return propagate(env, a, ca, b, cb);
  const sign = signOf(a);
  if (cb === Class.Infinity) {
    if (signOf(b) === 1) {
      if (ca === Class.Infinity) return invalid(env);
      denormal(env, ca, cb);
      return zero(sign);
    }
    if (ca === Class.Zero) return invalid(env);
    denormal(env, ca, cb);
    return infinity(sign);
  }
  denormal(env, ca, cb);
  if (ca === Class.Infinity || ca === Class.Zero) return a;
  const quietEnv = new FloatEnv();
  // Beyond 2^17 every scale over- or underflows alike.
  const n = exponentOf0(b) > 17 ? (signOf(b) === 1 ? -(1 << 17) : 1 << 17) : Number(roundToInteger(quietEnv, b, Rc.Zero));
  return round80(env, sign, scaleOf(a) + n, a.m, 64);
}

const exponentOf0 = (a: Float80): number => (a.m === 0n ? -Infinity : exponentOf(a));

/** FXTRACT: exponent (st1) and significand (st0) of a. */
export function xtract(env: FloatEnv, a: Float80): { exponent: Float80; significand: Float80 } {
  env.roundedUp = false;
  const c = classify(a);
  if (special(c)) { const q = quiet(env, a, c); return { exponent: q, significand: q }; }
  if (c === Class.Infinity) return { exponent: infinity(0), significand: a };
  if (c === Class.Zero) { env.raise(Ex.ZE); return { exponent: infinity(1), significand: a }; }
  denormal(env, c, c);
  const n = bitLength(a.m);
  return { exponent: fromInteger(BigInt(exponentOf(a))), significand: { se: (a.se & 0x8000) | 16383, m: a.m << BigInt(64 - n) } };
}

/** Outcome of a comparison, as ZF PF CF of FCOMI: C3, C2, C0. */
export const Order = { Greater: 0, Less: 1, Equal: 4, Unordered: 7 } as const;

/** Compares a with b; `quietly` (FUCOM) raises IE for signaling NaNs only. Result: bit 0 C0, bit 1 C2 (as PF), bit 2 C3 (as ZF). */
export function compare(env: FloatEnv, a: Float80, b: Float80, quietly: boolean): number {
  env.roundedUp = false;
  const ca = classify(a), cb = classify(b);
  if (special(ca) || special(cb)) {
    const unsupported = ca === Class.Unsupported || cb === Class.Unsupported;
    if (!quietly || unsupported || ca === Class.SignalingNaN || cb === Class.SignalingNaN) env.raise(Ex.IE);
    return Order.Unordered;
  }
  denormal(env, ca, cb);
  if (ca === Class.Zero && cb === Class.Zero) return Order.Equal;
  const sa = signOf(a);
  if (ca === Class.Zero || cb === Class.Zero || sa !== signOf(b)) {
    const negative = ca === Class.Zero ? signOf(b) === 0 : sa === 1;
    return negative ? Order.Less : Order.Greater;
  }
  // Infinity has the largest scale and every other number of larger scale is normal, so scale and significand order all.
  const magnitude = scaleOf(a) - scaleOf(b) || (a.m < b.m ? -1 : Number(a.m > b.m));
  if (magnitude === 0) return Order.Equal;
  return (magnitude < 0) === (sa === 0) ? Order.Less : Order.Greater;
}
