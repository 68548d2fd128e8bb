/** Vector moves, shuffles, blends and byte-wise shifts. Immediates are decoded by the lowering into nibble or bit masks. */
import { Access } from '../cpu.ts';
import { i32, i64x2, i8x16, v128, type V128 } from '../wasm/code.ts';
import { define, defineMemory } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { binaryV, byteMask, enterMmx, getMmx, iota, lanes, nibbles, packed, setMmx, splatBytes, zeroV, type Packed } from './vec.ts';

const hot = { hot: true };

/** d = a, only the given number of bytes of d written. */
export const put = {
  8: define('put64', hot, (u) => u.set64('d', u.get64('a'))),
  4: define('put32', hot, (u) => u.put32('d', u.get32('a'))),
  2: define('put16', {}, (u) => u.set16('d', u.get16('a'))),
  1: define('put8', {}, (u) => u.set8('d', u.get8('a'))),
} as const;

/** XMM d = low 4 or 8 bytes of a, the rest cleared. */
export const moveZero = {
  4: define('movz32', hot, (u) => u.setV('d', i64x2.replace_lane(zeroV, u.getZ('a', 4), 0))),
  8: define('movz64', hot, (u) => u.setV('d', i64x2.replace_lane(zeroV, u.get64('a'), 0))),
} as const;

/** The same from memory. */
export const loadZero = {
  4: defineMemory('loadz32', hot, (u) => u.setV('d', v128.load32_zero(u.translate(u.address(), 4, Access.Read)))),
  8: defineMemory('loadz64', hot, (u) => u.setV('d', v128.load64_zero(u.translate(u.address(), 8, Access.Read)))),
} as const;

/** MMX d = 4 (zero-extended) or 8 bytes of a; c is its exponent's address. */
export const moveMmx = {
  4: define('movd.mmx', {}, (u) => setMmx(u, i64x2.splat(u.getZ('a', 4)))),
  8: define('movq.mmx', {}, (u) => setMmx(u, getMmx(u, 'a'))),
} as const;

/** What an MMX instruction that only reads MMX registers does to the x87 state. */
export const mmxEnter = define('mmxenter', {}, enterMmx);

/** Interleaving, for XMM and MMX. */
const interleaveLow = (size: number) => (a: V128, b: V128): V128 => lanes(a, b, size, ...pairs(size, 0));
const interleaveHigh = (size: number) => (a: V128, b: V128): V128 => lanes(a, b, size, ...pairs(size, 8 / size));
function pairs(size: number, first: number): number[] {
  return Array.from({ length: 8 / size }, (_, i) => [first + i, first + i + 16 / size]).flat();
}
/** The MMX form of a high interleave is the high half of the low one. */
function unpackHigh(name: string, size: number): Packed {
  return {
    xmm: binaryV(name, interleaveHigh(size)),
    mmx: define(`${name}.mmx`, {}, (u) => {
      const both = u.letV(interleaveLow(size)(getMmx(u, 'a'), getMmx(u, 'b')));
      setMmx(u, lanes(both, both, 8, 1, 1));
    }),
  };
}
export const unpackOps: Readonly<Record<string, Packed>> = {
  punpcklbw: packed('punpcklbw', interleaveLow(1), hot),
  punpcklwd: packed('punpcklwd', interleaveLow(2), hot),
  punpckldq: packed('punpckldq', interleaveLow(4)),
  punpckhbw: unpackHigh('punpckhbw', 1),
  punpckhwd: unpackHigh('punpckhwd', 2),
  punpckhdq: unpackHigh('punpckhdq', 4),
};
export const unpackWide: Readonly<Record<string, number>> = {
  'punpcklqdq unpcklpd movlhps': binaryV('punpcklqdq', (a, b) => lanes(a, b, 8, 0, 2), hot),
  'punpckhqdq unpckhpd': binaryV('punpckhqdq', (a, b) => lanes(a, b, 8, 1, 3)),
  unpcklps: binaryV('unpcklps', interleaveLow(4)),
  unpckhps: binaryV('unpckhps', interleaveHigh(4)),
  movhlps: binaryV('movhlps', (a, b) => lanes(a, b, 8, 3, 1)),
};

/** d = bytes of a picked by the 16 nibbles of the immediate. */
export const shuffleOne: Packed = {
  xmm: define('vshuf1', hot, (u) => { const m = nibbles(u); u.setV('d', i8x16.swizzle(u.getV('a'), m)); }),
  mmx: define('vshuf1.mmx', {}, (u) => { const m = nibbles(u); setMmx(u, i8x16.swizzle(getMmx(u, 'a'), m)); }),
};
/** d = bytes of a picked by the low eight nibbles, then bytes of b by the high eight. */
export const shuffleTwo = define('vshuf2', {}, (u) => {
  const m = u.letV(nibbles(u));
  u.setV('d', lanes(i8x16.swizzle(u.getV('a'), m), i8x16.swizzle(u.getV('b'), m), 8, 0, 3));
});

/** The low bytes of b:a shifted right by aux bytes, 0–32; indices beyond 15 give zero in both halves. */
function alignRight(u: UopEmitter, high: V128, low: V128): V128 {
  const n = u.let32(u.aux());
  return v128.or(
    i8x16.swizzle(low, i8x16.add(iota, i8x16.splat(n))),
    i8x16.swizzle(high, i8x16.add(iota, i8x16.splat(i32.sub(n, i32.const(16))))),
  );
}
export const palignr: Packed = {
  xmm: define('palignr', {}, (u) => u.setV('d', alignRight(u, u.getV('a'), u.getV('b')))),
  mmx: define('palignr.mmx', {}, (u) => {
    const joinedAb = i64x2.replace_lane(i64x2.splat(u.get64('b')), u.get64('a'), 1);
    setMmx(u, alignRight(u, zeroV, joinedAb));
  }),
};
/** d = a shifted by aux bytes, 0–16. */
export const byteShift = {
  right: define('psrldq', {}, (u) => u.setV('d', i8x16.swizzle(u.getV('a'), i8x16.add(iota, i8x16.splat(u.aux()))))),
  left: define('pslldq', {}, (u) => u.setV('d', i8x16.swizzle(u.getV('a'), i8x16.sub(iota, i8x16.splat(u.aux()))))),
} as const;

/** Bytes of a picked by b: bit 7 gives zero. */
export const pshufb: Packed = {
  xmm: binaryV('pshufb', (a, b) => i8x16.swizzle(a, v128.and(b, splatBytes(0x8f))), hot),
  mmx: define('pshufb.mmx', {}, (u) => setMmx(u, i8x16.swizzle(getMmx(u, 'a'), v128.and(getMmx(u, 'b'), splatBytes(0x87))))),
};

/** Bytes of b where aux has a bit, of a elsewhere. */
export const blend = define('vblend', {}, (u) => { const m = byteMask(u); u.setV('d', v128.bitselect(u.getV('b'), u.getV('a'), m)); });
/** Clears the bytes of a for which aux has no bit. */
export const keepBytes = define('vkeep', {}, (u) => { const m = byteMask(u); u.setV('d', v128.and(u.getV('a'), m)); });

/** Lanes of b where the lane of c has its sign bit set, of a elsewhere. */
const blendSign = (name: string, mask: (c: V128) => V128): number =>
  define(name, {}, (u) => u.setV('d', v128.bitselect(u.getV('b'), u.getV('a'), mask(u.getV('c')))));
export const blendOps: Readonly<Record<string, number>> = {
  pblendvb: blendSign('pblendvb', (c) => i8x16.shr_s(c, i32.const(7))),
  blendvps: blendSign('blendvps', (c) => lanesSign(c, 4)),
  blendvpd: blendSign('blendvpd', (c) => lanesSign(c, 8)),
};
function lanesSign(c: V128, size: 4 | 8): V128 {
  const top = i8x16.shuffle(c, c, Array.from({ length: 16 }, (_, i) => i | (size - 1)));
  return i8x16.shr_s(top, i32.const(7));
}

export const clearV = define('vzero', hot, (u) => u.setV('d', zeroV));
export const onesV = define('vones', hot, (u) => u.setV('d', splatBytes(255)));
