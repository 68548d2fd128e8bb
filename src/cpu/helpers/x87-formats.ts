/** Memory formats and constants of the x87 unit. */
import {
  type Float80, type FloatEnv, fromBcd, fromF32, fromF64, fromInteger, Rc, toBcd, toF32, toF64, toInteger,
} from './float80.ts';

/** Formats of memory operands. */
export type Source = 'f32' | 'f64' | 'f80' | 'i16' | 'i32' | 'i64' | 'bcd';
/** Formats of stores: integers also truncating; f80 gives the significand, bcd the low 64 bits (bcdHigh the rest). */
export type Target = 'f32' | 'f64' | 'f80' | 'i16' | 'i32' | 'i64' | 't16' | 't32' | 't64' | 'bcd';

export function decode(from: Source, env: FloatEnv, v: bigint, high: number): Float80 {
  switch (from) {
    case 'f32': return fromF32(env, Number(BigInt.asUintN(32, v)));
    case 'f64': return fromF64(env, v);
    case 'f80': return { se: high & 0xffff, m: BigInt.asUintN(64, v) };
    case 'i16': return fromInteger(BigInt.asIntN(16, v));
    case 'i32': return fromInteger(BigInt.asIntN(32, v));
    case 'i64': return fromInteger(BigInt.asIntN(64, v));
    case 'bcd': return fromBcd(BigInt.asUintN(64, v) | (BigInt(high & 0xffff) << 64n));
  }
}

export function encode(to: Target, env: FloatEnv, a: Float80): bigint {
  switch (to) {
    case 'f32': return BigInt(toF32(env, a));
    case 'f64': return toF64(env, a);
    case 'f80': return a.m;
    case 'i16': return toInteger(env, a, 16);
    case 'i32': return toInteger(env, a, 32);
    case 'i64': return toInteger(env, a, 64);
    case 't16': return toInteger(env, a, 16, Rc.Zero);
    case 't32': return toInteger(env, a, 32, Rc.Zero);
    case 't64': return toInteger(env, a, 64, Rc.Zero);
    case 'bcd': return toBcd(env, a);
  }
}

/** Constants to 76 bits, rounded by the rounding control: significand, and exponent of its lowest bit. */
export const CONSTANTS = {
  fldl2t: { m: 0xd49a784bcd1b8afe492n, e: -74 },
  fldl2e: { m: 0xb8aa3b295c17f0bbbe8n, e: -75 },
  fldpi: { m: 0xc90fdaa22168c234c4cn, e: -74 },
  fldlg2: { m: 0x9a209a84fbcff7988f8n, e: -77 },
  fldln2: { m: 0xb17217f7d1cf79abc9en, e: -76 },
} as const;
