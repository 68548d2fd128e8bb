/** Packed integer arithmetic, comparison and logic, MMX and SSE to SSE4.2. Names are the instructions'. d = a op b. */
import { i16x8, i32, i32x4, i64, i64x2, i8x16, select, v128, type I32, type V128 } from '../wasm/code.ts';
import { define, Flag } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { binaryV, dwordsV, getMmx, joined, lanes, packed, setMmx, unaryV, wordsV, zeroV, type Packed } from './vec.ts';

const hot = { hot: true };

const absoluteDifference = (a: V128, b: V128): V128 => i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b));

/** Sums of the eight bytes of each half, in the low word of each. */
function sumBytes(u: UopEmitter, bytes: V128): V128 {
  const s = u.letV(i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)));
  return v128.and(i64x2.add(s, i64x2.shr_u(s, i32.const(32))), dwordsV(-1, 0));
}

/** High words of 32-bit products. */
const highWords = (low: V128, high: V128): V128 => lanes(low, high, 2, 1, 3, 5, 7, 9, 11, 13, 15);

/** Unsigned by signed bytes, adjacent products added with saturation. */
function multiplyAddBytes(a0: V128, b0: V128, u: UopEmitter): V128 {
  const a = u.letV(a0), b = u.letV(b0);
  const eight = i32.const(8);
  const even = i16x8.mul(v128.and(a, wordsV(255)), i16x8.shr_s(i16x8.shl(b, eight), eight));
  const odd = i16x8.mul(i16x8.shr_u(a, eight), i16x8.shr_s(b, eight));
  return i16x8.add_sat_s(even, odd);
}

/** pmulhrsw is q15mulr but for -1 * -1, which wraps. */
function multiplyRound(a0: V128, b0: V128, u: UopEmitter): V128 {
  const a = u.letV(a0), b = u.letV(b0);
  const wraps = v128.and(i16x8.eq(a, wordsV(0x8000)), i16x8.eq(b, wordsV(0x8000)));
  return v128.xor(i16x8.q15mulr_sat_s(a, b), wraps);
}

interface SignedLanes { neg(a: V128): V128; lt_s(a: V128, b: V128): V128; eq(a: V128, b: V128): V128 }
const sign = (l: SignedLanes) => (a0: V128, b0: V128, u: UopEmitter): V128 => {
  const a = u.letV(a0), b = u.letV(b0);
  return v128.andnot(v128.bitselect(l.neg(a), a, l.lt_s(b, zeroV)), l.eq(b, zeroV));
};


const evenWords = (a: V128, b: V128): V128 => lanes(a, b, 2, 0, 2, 4, 6, 8, 10, 12, 14);
const oddWords = (a: V128, b: V128): V128 => lanes(a, b, 2, 1, 3, 5, 7, 9, 11, 13, 15);
const evenDwords = (a: V128, b: V128): V128 => lanes(a, b, 4, 0, 2, 4, 6);
const oddDwords = (a: V128, b: V128): V128 => lanes(a, b, 4, 1, 3, 5, 7);
type Two = (a: V128, b: V128) => V128;
const horizontal = (op: Two, even: Two, odd: Two) => (a0: V128, b0: V128, u: UopEmitter): V128 => {
  const a = u.letV(a0), b = u.letV(b0);
  return op(even(a, b), odd(a, b));
};

/** Instructions with MMX and XMM forms. */
export const packedOps: Readonly<Record<string, Packed>> = {
  paddb: packed('paddb', i8x16.add, hot),
  paddw: packed('paddw', i16x8.add),
  paddd: packed('paddd', i32x4.add, hot),
  paddq: packed('paddq', i64x2.add, hot),
  psubb: packed('psubb', i8x16.sub, hot),
  psubw: packed('psubw', i16x8.sub),
  psubd: packed('psubd', i32x4.sub, hot),
  psubq: packed('psubq', i64x2.sub),
  paddsb: packed('paddsb', i8x16.add_sat_s),
  paddsw: packed('paddsw', i16x8.add_sat_s),
  paddusb: packed('paddusb', i8x16.add_sat_u),
  paddusw: packed('paddusw', i16x8.add_sat_u),
  psubsb: packed('psubsb', i8x16.sub_sat_s),
  psubsw: packed('psubsw', i16x8.sub_sat_s),
  psubusb: packed('psubusb', i8x16.sub_sat_u),
  psubusw: packed('psubusw', i16x8.sub_sat_u),
  pmullw: packed('pmullw', i16x8.mul),
  pmulhw: packed('pmulhw', (a0, b0, u) => {
    const a = u.letV(a0), b = u.letV(b0);
    return highWords(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
  }),
  pmulhuw: packed('pmulhuw', (a0, b0, u) => {
    const a = u.letV(a0), b = u.letV(b0);
    return highWords(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b));
  }),
  pmulhrsw: packed('pmulhrsw', multiplyRound),
  pmuludq: packed('pmuludq', (a, b, u) => {
    const x = u.letV(a), y = u.letV(b);
    return i64x2.extmul_low_i32x4_u(lanes(x, x, 4, 0, 2, 0, 2), lanes(y, y, 4, 0, 2, 0, 2));
  }),
  pmaddwd: packed('pmaddwd', i32x4.dot_i16x8_s),
  pmaddubsw: packed('pmaddubsw', multiplyAddBytes),
  psadbw: packed('psadbw', (a0, b0, u) => {
    const a = u.letV(a0), b = u.letV(b0);
    return sumBytes(u, absoluteDifference(a, b));
  }),
  pavgb: packed('pavgb', i8x16.avgr_u),
  pavgw: packed('pavgw', i16x8.avgr_u),
  pminub: packed('pminub', i8x16.min_u, hot),
  pmaxub: packed('pmaxub', i8x16.max_u),
  pminsw: packed('pminsw', i16x8.min_s),
  pmaxsw: packed('pmaxsw', i16x8.max_s),
  pcmpeqb: packed('pcmpeqb', i8x16.eq, hot),
  pcmpeqw: packed('pcmpeqw', i16x8.eq),
  pcmpeqd: packed('pcmpeqd', i32x4.eq, hot),
  pcmpgtb: packed('pcmpgtb', i8x16.gt_s, hot),
  pcmpgtw: packed('pcmpgtw', i16x8.gt_s),
  pcmpgtd: packed('pcmpgtd', i32x4.gt_s),
  pand: packed('pand', v128.and, hot),
  pandn: packed('pandn', (a, b) => v128.and(v128.not(a), b), hot),
  por: packed('por', v128.or, hot),
  pxor: packed('pxor', v128.xor, hot),
  psignb: packed('psignb', sign(i8x16)),
  psignw: packed('psignw', sign(i16x8)),
  psignd: packed('psignd', sign(i32x4)),
  pabsb: packed('pabsb', (_, b) => i8x16.abs(b)),
  pabsw: packed('pabsw', (_, b) => i16x8.abs(b)),
  pabsd: packed('pabsd', (_, b) => i32x4.abs(b)),
  phaddw: joined('phaddw', horizontal(i16x8.add, evenWords, oddWords)),
  phaddd: joined('phaddd', horizontal(i32x4.add, evenDwords, oddDwords)),
  phaddsw: joined('phaddsw', horizontal(i16x8.add_sat_s, evenWords, oddWords)),
  phsubw: joined('phsubw', horizontal(i16x8.sub, evenWords, oddWords)),
  phsubd: joined('phsubd', horizontal(i32x4.sub, evenDwords, oddDwords)),
  phsubsw: joined('phsubsw', horizontal(i16x8.sub_sat_s, evenWords, oddWords)),
  packsswb: joined('packsswb', i8x16.narrow_i16x8_s),
  packuswb: joined('packuswb', i8x16.narrow_i16x8_u, hot),
  packssdw: joined('packssdw', i16x8.narrow_i32x4_s),
};

/** Instructions with an XMM form only. */
export const vectorOps: Readonly<Record<string, number>> = {
  pmuldq: binaryV('pmuldq', (a, b, u) => {
    const x = u.letV(a), y = u.letV(b);
    return i64x2.extmul_low_i32x4_s(lanes(x, x, 4, 0, 2, 0, 2), lanes(y, y, 4, 0, 2, 0, 2));
  }),
  pmulld: binaryV('pmulld', i32x4.mul),
  pcmpeqq: binaryV('pcmpeqq', i64x2.eq),
  pcmpgtq: binaryV('pcmpgtq', i64x2.gt_s),
  packusdw: binaryV('packusdw', i16x8.narrow_i32x4_u),
  pminsb: binaryV('pminsb', i8x16.min_s),
  pminsd: binaryV('pminsd', i32x4.min_s),
  pminuw: binaryV('pminuw', i16x8.min_u),
  pminud: binaryV('pminud', i32x4.min_u),
  pmaxsb: binaryV('pmaxsb', i8x16.max_s),
  pmaxsd: binaryV('pmaxsd', i32x4.max_s),
  pmaxuw: binaryV('pmaxuw', i16x8.max_u),
  pmaxud: binaryV('pmaxud', i32x4.max_u),
};

/** d = widened low lanes of a. */
export const extendOps: Readonly<Record<string, number>> = {
  pmovsxbw: unaryV('pmovsxbw', i16x8.extend_low_i8x16_s),
  pmovsxbd: unaryV('pmovsxbd', (a) => i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(a))),
  pmovsxbq: unaryV('pmovsxbq', (a) => i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(a)))),
  pmovsxwd: unaryV('pmovsxwd', i32x4.extend_low_i16x8_s),
  pmovsxwq: unaryV('pmovsxwq', (a) => i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(a))),
  pmovsxdq: unaryV('pmovsxdq', i64x2.extend_low_i32x4_s),
  pmovzxbw: unaryV('pmovzxbw', i16x8.extend_low_i8x16_u),
  pmovzxbd: unaryV('pmovzxbd', (a) => i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(a))),
  pmovzxbq: unaryV('pmovzxbq', (a) => i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(a)))),
  pmovzxwd: unaryV('pmovzxwd', i32x4.extend_low_i16x8_u),
  pmovzxwq: unaryV('pmovzxwq', (a) => i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(a))),
  pmovzxdq: unaryV('pmovzxdq', i64x2.extend_low_i32x4_u),
};

// ── shifts: by an immediate in aux, and by the low 64 bits of b ──

interface ShiftLanes { shl(a: V128, n: I32): V128; shr_s(a: V128, n: I32): V128; shr_u(a: V128, n: I32): V128 }

interface Shift { readonly byImmediate: Packed; readonly byRegister: Packed }

function shift(name: string, l: ShiftLanes, direction: keyof ShiftLanes, width: number): Shift {
  const arithmetic = direction === 'shr_s';
  // The lowering sees to it that an immediate count is in range.
  const immediate = (a: V128, _: V128, u: UopEmitter): V128 => l[direction](a, u.aux());
  const register = (get: (u: UopEmitter) => V128) => (u: UopEmitter): V128 => {
    const count = u.let64(u.get64('b'));
    const tooMuch = u.let32(i64.gt_u(count, i64.const(width - 1)));
    if (arithmetic) {
      const n = select(i32.const(width - 1), i32.wrap_i64(count), tooMuch);
      return l.shr_s(get(u), n);
    }
    // All ones, or zero when everything is shifted out.
    const keep = i32x4.splat(i32.sub(tooMuch, i32.const(1)));
    return v128.and(l[direction](get(u), i32.wrap_i64(count)), keep);
  };
  return {
    byImmediate: packed(`${name}.i`, immediate),
    byRegister: {
      xmm: define(name, {}, (u) => u.setV('d', register((e) => e.getV('a'))(u))),
      mmx: define(`${name}.mmx`, {}, (u) => setMmx(u, register((e) => getMmx(e, 'a'))(u))),
    },
  };
}

export const shiftWidth: Readonly<Record<string, number>> = { psllw: 16, psrlw: 16, psraw: 16, pslld: 32, psrld: 32, psrad: 32, psllq: 64, psrlq: 64 };
export const shiftOps: Readonly<Record<string, Shift>> = {
  psllw: shift('psllw', i16x8, 'shl', 16),
  psrlw: shift('psrlw', i16x8, 'shr_u', 16),
  psraw: shift('psraw', i16x8, 'shr_s', 16),
  pslld: shift('pslld', i32x4, 'shl', 32),
  psrld: shift('psrld', i32x4, 'shr_u', 32),
  psrad: shift('psrad', i32x4, 'shr_s', 32),
  psllq: shift('psllq', i64x2, 'shl', 64),
  psrlq: shift('psrlq', i64x2, 'shr_u', 64),
};

// ── reductions ──

/** d = least word of a and its lowest index. */
export const phminposuw = define('phminposuw', {}, (u) => {
  const a = u.letV(u.getV('a'));
  let m = a;
  for (const k of [4, 2, 1]) {
    const x = m;
    m = u.letV(i16x8.min_u(x, lanes(x, x, 2, ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => (i + k) & 7))));
  }
  const index = u.let32(i32.ctz(i16x8.bitmask(i16x8.eq(a, m))));
  u.setV('d', i32x4.replace_lane(zeroV, i32.or(i16x8.extract_lane_u(m, 0), i32.shl(index, i32.const(16))), 0));
});

/** d = eight sums of four absolute differences; aux is the immediate: block of b, and half of a. */
export const mpsadbw = define('mpsadbw', {}, (u) => {
  const offset = u.let32(u.aux());
  const startA = i32.and(offset, i32.const(4));
  const startB = i32.shl(i32.and(offset, i32.const(3)), i32.const(2));
  const steps = (f: (i: number) => number): V128 => v128.const(Array.from({ length: 16 }, (_, i) => f(i)));
  const a = u.letV(i8x16.swizzle(u.getV('a'), i8x16.add(steps((i) => i), i8x16.splat(startA))));
  const b = u.letV(i8x16.swizzle(u.getV('b'), i8x16.add(steps((i) => i & 3), i8x16.splat(startB))));
  let sum = zeroV;
  for (let k = 0; k < 4; k++) {
    const x = i16x8.extend_low_i8x16_u(i8x16.shuffle(a, a, Array.from({ length: 16 }, (_, i) => (i + k) & 15)));
    const y = i16x8.extend_low_i8x16_u(i8x16.shuffle(b, b, Array<number>(16).fill(k)));
    sum = i16x8.add(sum, i16x8.abs(i16x8.sub(x, y)));
  }
  u.setV('d', sum);
});

/** General register d = sign bits of a's bytes, 4-byte or 8-byte lanes. */
export const movemask = {
  bytes: define('pmovmskb', hot, (u) => u.set32('d', i8x16.bitmask(u.getV('a')))),
  bytesMmx: define('pmovmskb.mmx', {}, (u) => { u.set32('d', i32.and(i8x16.bitmask(getMmx(u, 'a')), i32.const(255))); }),
  singles: define('movmskps', {}, (u) => u.set32('d', i32x4.bitmask(u.getV('a')))),
  doubles: define('movmskpd', {}, (u) => u.set32('d', i64x2.bitmask(u.getV('a')))),
};

/** ZF: a and b have no bit in common; CF: b has no bit outside a. */
export const ptest = define('ptest', { writes: Flag.C | Flag.P | Flag.A | Flag.Z | Flag.S | Flag.O }, (u) => {
  const a = u.letV(u.getV('a')), b = u.letV(u.getV('b'));
  u.setZF(i64.extend_i32_u(v128.any_true(v128.and(a, b))));
  u.setCF(i32.eqz(v128.any_true(v128.andnot(b, a))));
  u.setPF(i32.const(1));
  u.setAF(i32.const(0));
  u.setSF(i64.const(0));
  u.setOF(i64.const(0));
});

