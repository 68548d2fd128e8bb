/**
 * The x87 80-bit floating-point format, exactly: classes of operands, rounding to 80, 64 and 32 bits under the control word's
 * rounding and precision control, exception flags, and conversions from and to the memory formats. Arithmetic is in
 * float80-arith.ts, transcendental functions in float80-trans.ts. All exceptions are answered as if masked.
 * Reference: SDM volume 1, chapters 4 and 8.
 */

/** Sign (bit 15) and biased exponent, and the 64-bit significand with its explicit integer bit. */
export interface Float80 { readonly se: number; readonly m: bigint }

/** Exception flags, as in the status word (and MXCSR). */
export const Ex = { IE: 1, DE: 2, ZE: 4, OE: 8, UE: 16, PE: 32 } as const;

/** Rounding control, as in the control word. */
export const Rc = { Nearest: 0, Down: 1, Up: 2, Zero: 3 } as const;

/** A binary format: significand bits with the integer bit, and exponent range. */
export interface Format { readonly p: number; readonly emin: number; readonly emax: number }
export const F80_FORMAT: Format = { p: 64, emin: -16382, emax: 16383 };
export const F64_FORMAT: Format = { p: 53, emin: -1022, emax: 1023 };
export const F32_FORMAT: Format = { p: 24, emin: -126, emax: 127 };

/** What an operation reads (rounding, precision) and adds to (flags). */
export class FloatEnv {
  rc = 0;
  /** Range of results: SSE arithmetic in other than the nearest rounding runs through here with the narrower formats. */
  format: Format = F80_FORMAT;
  /** Significand bits of add, sub, mul, div and sqrt: 24, 53 or 64. */
  precision = 64;
  flags = 0;
  /** C1: the last inexact result was rounded away from zero. */
  roundedUp = false;

  raise(flags: number): void { this.flags |= flags; }
}

export const Class = { Zero: 0, Denormal: 1, Normal: 2, Infinity: 3, QuietNaN: 4, SignalingNaN: 5, Unsupported: 6 } as const;
export type Class = (typeof Class)[keyof typeof Class];

const BIAS = 16383;
const EXP = 0x7fff;
const SIGN = 0x8000;
const J = 1n << 63n;
const QUIET = 1n << 62n;
const MASK64 = (1n << 64n) - 1n;

export const INDEFINITE: Float80 = { se: 0xffff, m: J | QUIET };
export const ONE: Float80 = { se: BIAS, m: J };

export const zero = (sign: number): Float80 => ({ se: sign << 15, m: 0n });
export const infinity = (sign: number): Float80 => ({ se: (sign << 15) | EXP, m: J });
export const signOf = (a: Float80): number => a.se >> 15;
export const negate = (a: Float80): Float80 => ({ se: a.se ^ SIGN, m: a.m });
export const absolute = (a: Float80): Float80 => ({ se: a.se & EXP, m: a.m });

export function classify(a: Float80): Class {
  const e = a.se & EXP;
  if (e === 0) return a.m === 0n ? Class.Zero : Class.Denormal;
  if ((a.m & J) === 0n) return Class.Unsupported;
  if (e !== EXP) return Class.Normal;
  if (a.m === J) return Class.Infinity;
  return (a.m & QUIET) !== 0n ? Class.QuietNaN : Class.SignalingNaN;
}

export const isNaN80 = (c: Class): boolean => c === Class.QuietNaN || c === Class.SignalingNaN;
export const isFinite80 = (c: Class): boolean => c <= Class.Normal;

/** Exponent of the lowest significand bit: the value of a finite number is m * 2^scaleOf. */
export const scaleOf = (a: Float80): number => Math.max(a.se & EXP, 1) - BIAS - 63;

/** Exponent of the leading one of a finite non-zero number. */
export const exponentOf = (a: Float80): number => scaleOf(a) + bitLength(a.m) - 1;

export function bitLength(v: bigint): number {
  let n = 0;
  while (v > MASK64) { v >>= 64n; n += 64; }
  const hi = Number(v >> 32n);
  return n + (hi !== 0 ? 64 - Math.clz32(hi) : 32 - Math.clz32(Number(v)));
}

/** x << n for either sign of n. */
export const shift = (x: bigint, n: number): bigint => (n >= 0 ? x << BigInt(n) : x >> BigInt(-n));

function roundsUp(rc: number, sign: number, odd: boolean, rest: bigint, half: bigint): boolean {
  switch (rc) {
    case Rc.Nearest: return rest > half || (rest === half && odd);
    case Rc.Down: return sign === 1;
    case Rc.Up: return sign === 0;
    default: return false;
  }
}

/** sig * 2^exp to an integer multiple of 2^unit, without flags: the multiple, whether inexact and whether rounded away from zero. */
function roundAt(rc: number, sign: number, sig: bigint, drop: number): { q: bigint; inexact: boolean; up: boolean } {
  if (drop <= 0) return { q: sig << BigInt(-drop), inexact: false, up: false };
  const d = BigInt(drop);
  const q = sig >> d;
  const rest = sig - (q << d);
  if (rest === 0n) return { q, inexact: false, up: false };
  const up = roundsUp(rc, sign, (q & 1n) === 1n, rest, 1n << (d - 1n));
  return { q: up ? q + 1n : q, inexact: true, up };
}

/** A rounded finite value: q * 2^unit, or overflow to infinity (q < 0). */
interface Rounded { q: bigint; unit: number }
const OVERFLOW: Rounded = { q: -1n, unit: 0 };

/** Rounds (-1)^sign * sig * 2^exp (sig > 0) to `precision` bits within a format's range. The lowest bits of sig may be sticky. */
function roundFinite(env: FloatEnv, sign: number, exp: number, sig: bigint, f: Format, precision: number): Rounded {
  const n = bitLength(sig);
  const e = exp + n - 1;
  env.roundedUp = false;
  // The position of the last bit kept: below emin it stays where the smallest normal number has it.
  let unit = e - precision + 1;
  if (e < f.emin) unit = f.emin - precision + 1;
  const r = roundAt(env.rc, sign, sig, unit - exp);
  if (r.inexact) {
    env.raise(Ex.PE);
    env.roundedUp = r.up;
    if (e < f.emin) {
      // Tiny after rounding to an unbounded exponent range.
      const free = roundAt(env.rc, sign, sig, e - precision + 1 - exp);
      if (!(e === f.emin - 1 && bitLength(free.q) > precision)) env.raise(Ex.UE);
    }
  }
  let q = r.q;
  if (bitLength(q) > precision) { q >>= 1n; unit++; }
  if (unit + precision - 1 > f.emax && q !== 0n) {
    env.raise(Ex.OE | Ex.PE);
    const toInfinity = env.rc === Rc.Nearest || env.rc === (sign === 1 ? Rc.Down : Rc.Up);
    env.roundedUp = toInfinity;
    if (toInfinity) return OVERFLOW;
    return { q: (1n << BigInt(precision)) - 1n, unit: f.emax - precision + 1 };
  }
  return { q, unit };
}

/** The number of env's format next to (-1)^sign * sig * 2^exp, at env.precision unless told otherwise. sig may be 0 only for an exact zero. */
export function round80(env: FloatEnv, sign: number, exp: number, sig: bigint, precision = env.precision): Float80 {
  if (sig === 0n) { env.roundedUp = false; return zero(sign); }
  const r = roundFinite(env, sign, exp, sig, env.format, precision);
  if (r.q < 0n) return infinity(sign);
  if (r.q === 0n) return zero(sign);
  const n = bitLength(r.q);
  const e = r.unit + n - 1;
  const denormal = Math.max(0, F80_FORMAT.emin - e);
  return { se: (sign << 15) | (denormal > 0 ? 0 : e + BIAS), m: r.q << BigInt(64 - n - denormal) };
}

/** NaN result of one NaN or unsupported operand: quieted, IE when signaling. */
export function quiet(env: FloatEnv, a: Float80, c: Class): Float80 {
  if (c === Class.Unsupported) return invalid(env);
  if (c === Class.SignalingNaN) { env.raise(Ex.IE); return { se: a.se, m: a.m | QUIET }; }
  return a;
}

/** The default answer to an invalid operation. */
export function invalid(env: FloatEnv): Float80 {
  env.raise(Ex.IE);
  return INDEFINITE;
}

/** x87 rule for two operands of which at least one is a NaN or unsupported (SDM volume 1, table 4-7). */
export function propagate(env: FloatEnv, a: Float80, ca: Class, b: Float80, cb: Class): Float80 {
  if (ca === Class.Unsupported || cb === Class.Unsupported) return invalid(env);
  if (ca === Class.SignalingNaN || cb === Class.SignalingNaN) env.raise(Ex.IE);
  if (!isNaN80(cb)) return { se: a.se, m: a.m | QUIET };
  if (!isNaN80(ca)) return { se: b.se, m: b.m | QUIET };
  if (ca !== cb) return ca === Class.QuietNaN ? a : b;
  if (a.m !== b.m) return a.m > b.m ? { se: a.se, m: a.m | QUIET } : { se: b.se, m: b.m | QUIET };
  return a.se < b.se ? { se: a.se, m: a.m | QUIET } : { se: b.se, m: b.m | QUIET };
}

// ---- memory formats ----

function fromBinary(env: FloatEnv, bits: bigint, p: number, width: number, f: Format): Float80 {
  const sign = Number(bits >> BigInt(width - 1));
  const fractionBits = p - 1;
  const fraction = bits & ((1n << BigInt(fractionBits)) - 1n);
  const expBits = width - p;
  const e = Number((bits >> BigInt(fractionBits)) & ((1n << BigInt(expBits)) - 1n));
  const m = fraction << BigInt(64 - p);
  if (e === (1 << expBits) - 1) return { se: (sign << 15) | EXP, m: J | m };
  if (e !== 0) return { se: (sign << 15) | (e - f.emax + BIAS), m: J | m };
  if (fraction === 0n) return zero(sign);
  env.raise(Ex.DE);
  const n = bitLength(fraction);
  return { se: (sign << 15) | (f.emin - fractionBits + n - 1 + BIAS), m: fraction << BigInt(64 - n) };
}

function toBinary(env: FloatEnv, a: Float80, f: Format, width: number): bigint {
  const sign = signOf(a);
  const fractionBits = BigInt(f.p - 1);
  const signBit = BigInt(sign) << BigInt(width - 1);
  const inf = ((1n << BigInt(width - f.p)) - 1n) << fractionBits;
  let c = classify(a);
  env.roundedUp = false;
  if (c === Class.Unsupported) { a = invalid(env); c = Class.QuietNaN; }
  if (isNaN80(c)) {
    const q = quiet(env, a, c);
    return (BigInt(signOf(q)) << BigInt(width - 1)) | inf | ((q.m & (J - 1n)) >> BigInt(64 - f.p));
  }
  if (c === Class.Infinity) return signBit | inf;
  if (c === Class.Zero) return signBit;
  const r = roundFinite(env, sign, scaleOf(a), a.m, f, f.p);
  if (r.q < 0n) return signBit | inf;
  // An integer bit carries into the exponent field by itself: normal numbers add e - emin + 1, denormal ones 0.
  const e = r.unit + f.p - 1;
  const integer = r.q >> fractionBits;
  return signBit | (integer !== 0n ? (BigInt(e - f.emin + 1) << fractionBits) | (r.q & ((1n << fractionBits) - 1n)) : r.q);
}

/** Signaling NaNs stay so: a load quiets them, an operation answers them itself. */
export const fromF32 = (env: FloatEnv, bits: number): Float80 => fromBinary(env, BigInt(bits >>> 0), 24, 32, F32_FORMAT);
export const fromF64 = (env: FloatEnv, bits: bigint): Float80 => fromBinary(env, BigInt.asUintN(64, bits), 53, 64, F64_FORMAT);
export const toF32 = (env: FloatEnv, a: Float80): number => Number(toBinary(env, a, F32_FORMAT, 32));
export const toF64 = (env: FloatEnv, a: Float80): bigint => toBinary(env, a, F64_FORMAT, 64);

/** FILD: exact. */
export function fromInteger(v: bigint): Float80 {
  if (v === 0n) return zero(0);
  const sign = v < 0n ? 1 : 0;
  const mag = sign === 1 ? -v : v;
  const n = bitLength(mag);
  return { se: (sign << 15) | (BIAS + n - 1), m: mag << BigInt(64 - n) };
}

/** Integer part of a finite number under rc: signed, with PE and C1. */
export function roundToInteger(env: FloatEnv, a: Float80, rc = env.rc): bigint {
  const sign = signOf(a);
  const scale = scaleOf(a);
  env.roundedUp = false;
  if (a.m === 0n) return 0n;
  // Far below one half, one sticky bit decides; far above 2^64 callers overflow anyway.
  const r = scale < -130 ? roundAt(rc, sign, 1n, 3) : roundAt(rc, sign, a.m, -scale);
  if (r.inexact) { env.raise(Ex.PE); env.roundedUp = r.up; }
  return sign === 1 ? -r.q : r.q;
}

/** FIST, FISTP and (with truncation) FISTTP: an integer of `bits` bits, or the integer indefinite with IE. */
export function toInteger(env: FloatEnv, a: Float80, bits: number, rc = env.rc): bigint {
  const indefinite = -(1n << BigInt(bits - 1));
  const c = classify(a);
  env.roundedUp = false;
  if (!isFinite80(c) || (c !== Class.Zero && exponentOf(a) > 64)) { env.raise(Ex.IE); return indefinite; }
  const before = env.flags;
  const v = roundToInteger(env, a, rc);
  if (v < indefinite || v >= -indefinite) {
    env.flags = before | Ex.IE;
    env.roundedUp = false;
    return indefinite;
  }
  return v;
}

const BCD_LIMIT = 10n ** 18n;
const BCD_INDEFINITE = 0xffffc000000000000000n;

/** FBLD: 80 bits of packed decimal, 18 digits and a sign. */
export function fromBcd(bits: bigint): Float80 {
  let v = 0n;
  for (let i = 17; i >= 0; i--) v = v * 10n + ((bits >> BigInt(4 * i)) & 15n);
  const sign = Number((bits >> 79n) & 1n);
  const a = fromInteger(v);
  return { se: a.se | (sign << 15), m: a.m };
}

/** FBSTP. */
export function toBcd(env: FloatEnv, a: Float80): bigint {
  const c = classify(a);
  env.roundedUp = false;
  if (!isFinite80(c) || (c !== Class.Zero && exponentOf(a) > 64)) { env.raise(Ex.IE); return BCD_INDEFINITE; }
  const before = env.flags;
  let v = roundToInteger(env, a);
  if (v < 0n) v = -v;
  if (v >= BCD_LIMIT) { env.flags = before | Ex.IE; env.roundedUp = false; return BCD_INDEFINITE; }
  let out = BigInt(signOf(a)) << 79n;
  for (let i = 0n; v !== 0n; i += 4n, v /= 10n) out |= (v % 10n) << i;
  return out;
}
