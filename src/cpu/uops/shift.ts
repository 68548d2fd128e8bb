/**
 * Shifts and rotates. The count is aux (already masked, never 0) or the low byte of b, masked here; by a count of zero
 * they change no flag. OF is what hardware gives for a count of one; AF, undefined, is what AMD's processors give.
 */
import { i32, i64, type I32, type I64 } from '../wasm/code.ts';
import { bySize, resultFlags, widths, type BySize, type Pair } from './alu.ts';
import { ALL_FLAGS, defineFlagged, Flag } from './define.ts';
import type { Size, UopEmitter } from './emitter.ts';

const bit = (v: I64, n: I64): I32 => i32.and(i32.wrap_i64(i64.shr_u(v, n)), i32.const(1));
const one = i64.const(1);
/** Most significant bit of a zero-extended value. */
const msb = (size: Size, v: I64): I32 => bit(v, i64.const(size * 8 - 1));
const overflow = (cond: I32): I64 => i64.sub(i64.const(0), i64.extend_i32_u(cond));

function shiftFlags(u: UopEmitter, size: Size, cf: I32, of: I32, result: I64): void {
  u.setCF(cf);
  u.setOF(overflow(of));
  u.setAF(i32.const(0x10));
  const w = widths[size];
  resultFlags(u, w, (size === 8 ? result : i32.wrap_i64(result)) as I64);
}

type Meaning = (u: UopEmitter, size: Size, count: I64, flags: (body: () => void) => void) => I64;

/** Values are zero-extended to 64 bits; `flags(body)` runs body where flags are wanted and the count is not zero. */
const meanings: Record<'shl' | 'shr' | 'sar' | 'rol' | 'ror' | 'rcl' | 'rcr', Meaning> = {
  shl: (u, size, n, flags) => {
    const a = u.let64(u.getZ('a', size));
    const full = u.let64(i64.shl(a, n));
    const r = size === 8 ? full : u.let64(truncate(size, full));
    flags(() => {
      const cf = u.let32(size === 8 ? bit(a, i64.sub(i64.const(64), n)) : bit(full, i64.const(size * 8)));
      shiftFlags(u, size, cf, i32.xor(cf, msb(size, r)), r);
    });
    return r;
  },
  shr: (u, size, n, flags) => {
    const a = u.let64(u.getZ('a', size));
    const r = u.let64(i64.shr_u(a, n));
    flags(() => shiftFlags(u, size, bit(a, i64.sub(n, one)), msb(size, i64.xor(r, i64.shl(r, one))), r));
    return r;
  },
  sar: (u, size, n, flags) => {
    const a = u.let64(u.getS('a', size));
    const r = u.let64(truncate(size, i64.shr_s(a, n)));
    flags(() => shiftFlags(u, size, i32.wrap_i64(i64.and(i64.shr_s(a, i64.sub(n, one)), one)), i32.const(0), r));
    return r;
  },
  rol: (u, size, n, flags) => {
    const r = u.let64(rotate(u.let64(u.getZ('a', size)), size, n));
    flags(() => {
      const cf = u.let32(i32.and(i32.wrap_i64(r), i32.const(1)));
      u.setCF(cf);
      u.setOF(overflow(i32.xor(cf, msb(size, r))));
    });
    return r;
  },
  ror: (u, size, n, flags) => {
    const bits = i64.const(size * 8);
    const left = size === 8 ? i64.sub(bits, n) : u.let64(i64.and(i64.sub(bits, n), i64.const(size * 8 - 1)));
    const r = u.let64(rotate(u.let64(u.getZ('a', size)), size, left));
    flags(() => {
      u.setCF(msb(size, r));
      u.setOF(overflow(msb(size, i64.xor(r, i64.shl(r, one)))));
    });
    return r;
  },
  rcl: (u, size, n, flags) => {
    const a = u.var64(u.getZ('a', size)), cf = u.var32(u.cf()), left = u.var64(n);
    u.while(() => i64.ne(left.get, i64.const(0)), () => {
      const out = u.let32(msb(size, a.get));
      a.set(truncate(size, i64.or(i64.shl(a.get, one), i64.extend_i32_u(cf.get))));
      cf.set(out);
      left.set(i64.sub(left.get, one));
    });
    flags(() => { u.setCF(cf.get); u.setOF(overflow(i32.xor(cf.get, msb(size, a.get)))); });
    return a.get;
  },
  rcr: (u, size, n, flags) => {
    const a = u.var64(u.getZ('a', size)), cf = u.var32(u.cf()), left = u.var64(n);
    u.while(() => i64.ne(left.get, i64.const(0)), () => {
      const out = u.let32(i32.and(i32.wrap_i64(a.get), i32.const(1)));
      a.set(i64.or(i64.shr_u(a.get, one), i64.shl(i64.extend_i32_u(cf.get), i64.const(size * 8 - 1))));
      cf.set(out);
      left.set(i64.sub(left.get, one));
    });
    flags(() => { u.setCF(cf.get); u.setOF(overflow(msb(size, i64.xor(a.get, i64.shl(a.get, one))))); });
    return a.get;
  },
};

function truncate(size: Size, v: I64): I64 { return size === 8 ? v : i64.and(v, i64.const((1n << BigInt(size * 8)) - 1n)); }

/** Rotates left; the count may exceed the width. */
function rotate(a: I64, size: Size, n: I64): I64 {
  if (size === 8) return i64.rotl(a, n);
  if (size === 4) return i64.extend_i32_u(i32.rotl(i32.wrap_i64(a), i32.wrap_i64(n)));
  const bits = size * 8;
  const k = i64.and(n, i64.const(bits - 1));
  return truncate(size, i64.or(i64.shl(a, k), i64.shr_u(a, i64.sub(i64.const(bits), k))));
}

function defineShift(name: keyof typeof meanings): BySize<Pair> {
  const meaning = meanings[name];
  const rotates = name.startsWith('r');
  const carry = name === 'rcl' || name === 'rcr';
  const touched = rotates ? Flag.C | Flag.O : ALL_FLAGS;
  return bySize((size) => {
    const hot = !carry && size >= 4;
    return {
      i: defineFlagged(`${name}${size * 8}i`, { hot, writes: touched, reads: carry ? Flag.C : 0 }, (u, wanted) => {
        const r = meaning(u, size, i64.extend_i32_u(u.aux()), (body) => { if (wanted) body(); });
        u.setSized('d', size, r);
      }),
      r: defineFlagged(`${name}${size * 8}`, { hot, mayWrite: touched, reads: carry ? Flag.C : 0 }, (u, wanted) => {
        const n = u.let64(i64.and(u.getZ('b', 1), i64.const(size === 8 ? 63 : 31)));
        const r = meaning(u, size, n, (body) => { if (wanted) u.if(i64.ne(n, i64.const(0)), body); });
        u.setSized('d', size, r);
      }),
    };
  });
}

/** d = a shifted: i by aux, r by the low byte of b. */
export const shift = {
  shl: defineShift('shl'), shr: defineShift('shr'), sar: defineShift('sar'), rol: defineShift('rol'), ror: defineShift('ror'),
  rcl: defineShift('rcl'), rcr: defineShift('rcr'),
} as const;

/** d = a shifted, filled from b; the count is the low byte of c. 16-bit counts above 16 are undefined: they go on into the destination's own bits, as hardware does. */
function defineDouble(left: boolean): BySize<number> {
  return bySize((size) => defineFlagged(`${left ? 'shld' : 'shrd'}${size * 8}`, { mayWrite: ALL_FLAGS }, (u, wanted) => {
    const bits = size * 8;
    const n = u.let64(i64.and(u.getZ('c', 1), i64.const(size === 8 ? 63 : 31)));
    const a = u.let64(u.getZ('a', size)), b = u.let64(u.getZ('b', size));
    const r = u.var64(a);
    u.if(i64.ne(n, i64.const(0)), () => {
      if (size === 8) {
        const back = u.let64(i64.sub(i64.const(64), n));
        r.set(left ? i64.or(i64.shl(a, n), i64.shr_u(b, back)) : i64.or(i64.shr_u(a, n), i64.shl(b, back)));
        if (wanted) doubleFlags(left ? bit(a, back) : bit(a, i64.sub(n, one)));
      } else if (size === 4) {
        const pair = u.let64(left ? i64.or(i64.shl(a, i64.const(32)), b) : i64.or(i64.shl(b, i64.const(32)), a));
        r.set(left ? i64.shr_u(i64.shl(pair, n), i64.const(32)) : truncate(4, i64.shr_u(pair, n)));
        if (wanted) doubleFlags(left ? bit(pair, i64.sub(i64.const(64), n)) : bit(pair, i64.sub(n, one)));
      } else {
        const three = (x: I64, y: I64, z: I64) => i64.or(i64.shl(x, i64.const(2 * bits)), i64.or(i64.shl(y, i64.const(bits)), z));
        const triple = u.let64(left ? three(a, b, a) : three(a, b, a));
        r.set(truncate(size, left ? i64.shr_u(triple, i64.sub(i64.const(2 * bits), n)) : i64.shr_u(triple, n)));
        if (wanted) doubleFlags(left ? bit(triple, i64.sub(i64.const(3 * bits), n)) : bit(triple, i64.sub(n, one)));
      }
    });
    u.setSized('d', size, r.get);

    function doubleFlags(cf: I32): void {
      shiftFlags(u, size, cf, msb(size, i64.xor(a, r.get)), r.get);
    }
  }));
}
export const shld = defineDouble(true);
export const shrd = defineDouble(false);
