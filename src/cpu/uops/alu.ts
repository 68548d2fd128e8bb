/** Integer addition, subtraction, logic and comparison, in the four operand sizes, with register or immediate right operand. */
import * as state from '../state.ts';
import { i32, i64, type I32, type I64 } from '../wasm/code.ts';
import { ALL_FLAGS, defineFlagged, define, Flag } from './define.ts';
import type { Place, Size, UopEmitter } from './emitter.ts';

export const SIZES = [1, 2, 4, 8] as const;

/** One operand width: values are held in i64 for 8 bytes and in i32 for the rest (zero-extended below 4 bytes). */
export interface Width<T extends I32 | I64> {
  readonly size: Size;
  get(u: UopEmitter, p: Place): T;
  set(u: UopEmitter, p: Place, v: T): void;
  imm(u: UopEmitter): T;
  name(u: UopEmitter, v: T): T;
  const(n: number): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  and(a: T, b: T): T;
  or(a: T, b: T): T;
  xor(a: T, b: T): T;
  /** The operand's bits moved to the top and sign-extended to 64: its sign and zeroness are those of the operand. */
  top(v: T): I64;
  low(v: T): I32;
  eqz(v: T): I32;
  /** Unsigned and signed comparison, and equality, of `size`-byte values. */
  ltU(a: T, b: T): I32;
  ltS(a: T, b: T): I32;
  eq(a: T, b: T): I32;
}

function narrow(size: 1 | 2 | 4): Width<I32> {
  const shift = 32 - size * 8;
  const up = (v: I32): I32 => shift ? i32.shl(v, i32.const(shift)) : v;
  return {
    size,
    get: (u, p) => size === 1 ? u.get8(p) : size === 2 ? u.get16(p) : u.get32(p),
    set: (u, p, v) => { if (size === 1) u.set8(p, v); else if (size === 2) u.set16(p, v); else u.set32(p, v); },
    imm: (u) => size === 4 ? i32.wrap_i64(u.imm()) : i32.and(i32.wrap_i64(u.imm()), i32.const(size === 1 ? 0xff : 0xffff)),
    name: (u, v) => u.let32(v),
    const: i32.const, add: i32.add, sub: i32.sub, and: i32.and, or: i32.or, xor: i32.xor,
    top: (v) => i64.extend_i32_s(up(v)),
    low: (v) => v,
    eqz: (v) => i32.eqz(up(v)),
    ltU: i32.lt_u,
    ltS: (a, b) => i32.lt_s(up(a), up(b)),
    eq: i32.eq,
  };
}
const wide: Width<I64> = {
  size: 8,
  get: (u, p) => u.get64(p), set: (u, p, v) => u.set64(p, v), imm: (u) => u.imm(), name: (u, v) => u.let64(v),
  const: i64.const, add: i64.add, sub: i64.sub, and: i64.and, or: i64.or, xor: i64.xor,
  top: (v) => v, low: i32.wrap_i64, eqz: i64.eqz, ltU: i64.lt_u, ltS: i64.lt_s, eq: i64.eq,
};

/** The four widths; typed as one because no uop mixes them. */
export const widths: Readonly<Record<Size, Width<I64>>> = {
  1: narrow(1) as unknown as Width<I64>, 2: narrow(2) as unknown as Width<I64>, 4: narrow(4) as unknown as Width<I64>, 8: wide,
};

/** SF, ZF and PF of a result. */
export function resultFlags(u: UopEmitter, w: Width<I64>, r: I64): void {
  const top = u.let64(w.top(r));
  u.setZF(top);
  u.setSF(top);
  u.setPF(w.low(r));
}

/** Bit 0 is the most significant bit of `v`. */
const signBit = (w: Width<I64>, v: I64): I32 => i32.wrap_i64(i64.shr_u(w.top(v), i64.const(63)));

function addFlags(u: UopEmitter, w: Width<I64>, a: I64, b: I64, r: I64, carry: 'none' | 'plain' | 'in'): void {
  if (carry === 'plain' && w.size >= 4) u.setCF(w.ltU(r, a));
  else if (carry === 'plain') u.setCF(i32.shr_u(w.low(r), i32.const(w.size * 8)));
  // With a carry in: carry out of the top bit is majority(a, b, not r).
  else if (carry === 'in') u.setCF(signBit(w, w.or(w.and(a, b), w.and(w.or(a, b), w.xor(r, w.const(-1))))));
  u.setAF(w.low(w.xor(w.xor(a, b), r)));
  u.setOF(w.top(w.and(w.xor(a, r), w.xor(b, r))));
  resultFlags(u, w, r);
}

export function subFlags(u: UopEmitter, w: Width<I64>, a: I64, b: I64, r: I64, carry: 'none' | 'plain' | 'in'): void {
  if (carry === 'plain') u.setCF(w.ltU(a, b));
  else if (carry === 'in') {
    const notA = w.xor(a, w.const(-1));
    u.setCF(signBit(w, w.or(w.and(notA, b), w.and(w.or(notA, b), r))));
  }
  u.setAF(w.low(w.xor(w.xor(a, b), r)));
  u.setOF(w.top(w.and(w.xor(a, b), w.xor(a, r))));
  resultFlags(u, w, r);
}

export function logicFlags(u: UopEmitter, w: Width<I64>, r: I64): void {
  u.setCF(i32.const(0));
  u.setAF(i32.const(0));
  u.setOF(i64.const(0));
  resultFlags(u, w, r);
}

type Meaning = (u: UopEmitter, w: Width<I64>, a: I64, b: I64, flags: boolean) => I64 | undefined;

const meanings: Record<string, Meaning> = {
  add: (u, w, a, b, flags) => { const r = w.name(u, w.add(a, b)); if (flags) addFlags(u, w, a, b, r, 'plain'); return r; },
  adc: (u, w, a, b, flags) => {
    const r = w.name(u, w.add(w.add(a, b), carryIn(u, w)));
    if (flags) addFlags(u, w, a, b, r, 'in');
    return r;
  },
  sub: (u, w, a, b, flags) => { const r = w.name(u, w.sub(a, b)); if (flags) subFlags(u, w, a, b, r, 'plain'); return r; },
  sbb: (u, w, a, b, flags) => {
    const r = w.name(u, w.sub(w.sub(a, b), carryIn(u, w)));
    if (flags) subFlags(u, w, a, b, r, 'in');
    return r;
  },
  and: (u, w, a, b, flags) => { const r = w.name(u, w.and(a, b)); if (flags) logicFlags(u, w, r); return r; },
  or: (u, w, a, b, flags) => { const r = w.name(u, w.or(a, b)); if (flags) logicFlags(u, w, r); return r; },
  xor: (u, w, a, b, flags) => { const r = w.name(u, w.xor(a, b)); if (flags) logicFlags(u, w, r); return r; },
  cmp: (u, w, a, b, flags) => { if (flags) subFlags(u, w, a, b, w.name(u, w.sub(a, b)), 'plain'); return undefined; },
  test: (u, w, a, b, flags) => { if (flags) logicFlags(u, w, w.name(u, w.and(a, b))); return undefined; },
};

function carryIn(u: UopEmitter, w: Width<I64>): I64 {
  const cf = u.cf();
  return (w.size === 8 ? i64.extend_i32_u(cf) : cf) as I64;
}

/** Uop numbers: r has the right operand in register b, i in imm. d = a op b. */
export interface Pair { readonly r: number; readonly i: number }
export type BySize<T> = Readonly<Record<Size, T>>;

export function bySize<T>(make: (size: Size) => T): BySize<T> { return { 1: make(1), 2: make(2), 4: make(4), 8: make(8) }; }

function defineAlu(name: string): BySize<Pair> {
  const meaning = meanings[name];
  const carry = name === 'adc' || name === 'sbb';
  return bySize((size) => {
    const spec = { hot: size >= 4 || size === 1 && !carry, writes: ALL_FLAGS, reads: carry ? Flag.C : 0 };
    const w = widths[size];
    const body = (right: (u: UopEmitter) => I64) => (u: UopEmitter, flags: boolean) => {
      const a = w.name(u, w.get(u, 'a')), b = w.name(u, right(u));
      const r = meaning(u, w, a, b, flags);
      if (r !== undefined) w.set(u, 'd', r);
    };
    return {
      r: defineFlagged(`${name}${size * 8}`, spec, body((u) => w.get(u, 'b'))),
      i: defineFlagged(`${name}${size * 8}i`, spec, body((u) => w.imm(u))),
    };
  });
}

export const alu = {
  add: defineAlu('add'), or: defineAlu('or'), adc: defineAlu('adc'), sbb: defineAlu('sbb'),
  and: defineAlu('and'), sub: defineAlu('sub'), xor: defineAlu('xor'), cmp: defineAlu('cmp'), test: defineAlu('test'),
} as const;

const unary = (name: string, writes: number, meaning: (u: UopEmitter, w: Width<I64>, a: I64, flags: boolean) => I64): BySize<number> =>
  bySize((size) => defineFlagged(`${name}${size * 8}`, { hot: size >= 4, writes }, (u, flags) => {
    const w = widths[size];
    w.set(u, 'd', meaning(u, w, w.name(u, w.get(u, 'a')), flags));
  }));

/** d = a + 1, a - 1 (CF kept), -a. */
export const inc = unary('inc', ALL_FLAGS & ~Flag.C, (u, w, a, flags) => {
  const r = w.name(u, w.add(a, w.const(1)));
  if (flags) addFlags(u, w, a, w.const(1), r, 'none');
  return r;
});
export const dec = unary('dec', ALL_FLAGS & ~Flag.C, (u, w, a, flags) => {
  const r = w.name(u, w.sub(a, w.const(1)));
  if (flags) subFlags(u, w, a, w.const(1), r, 'none');
  return r;
});
export const neg = unary('neg', ALL_FLAGS, (u, w, a, flags) => {
  const r = w.name(u, w.sub(w.const(0), a));
  if (flags) subFlags(u, w, w.const(0), a, r, 'plain');
  return r;
});
/** d = ~a, no flags. */
export const not = bySize((size) => define(`not${size * 8}`, {}, (u) => {
  const w = widths[size];
  w.set(u, 'd', w.xor(w.get(u, 'a'), w.const(-1)));
}));

/** ADCX and ADOX: addition with carry through one flag only. */
const carryAdd = (name: string, flag: number, get: (u: UopEmitter) => I32, set: (u: UopEmitter, v: I32) => void) => bySize((size) =>
  define(`${name}${size * 8}`, { reads: flag, writes: flag }, (u) => {
    const w = widths[size];
    const a = w.name(u, w.get(u, 'a')), b = w.name(u, w.get(u, 'b'));
    const c = get(u);
    const r = w.name(u, w.add(w.add(a, b), (size === 8 ? i64.extend_i32_u(c) : c) as I64));
    set(u, signBit(w, w.or(w.and(a, b), w.and(w.or(a, b), w.xor(r, w.const(-1))))));
    w.set(u, 'd', r);
  }));
export const adcx = carryAdd('adcx', Flag.C, (u) => u.cf(), (u, v) => u.setCF(v));
export const adox = carryAdd('adox', Flag.O, (u) => u.of(), (u, v) => u.setOF(i64.sub(i64.const(0), i64.extend_i32_u(v))));

/**
 * CMPXCHG: d and a are the destination, b the source. When the accumulator (rax) differs it receives the old value, and
 * the destination is left alone: the upper half of a 32-bit register too.
 */
export const cmpxchg = bySize((size) => defineFlagged(`cmpxchg${size * 8}`, { writes: ALL_FLAGS }, (u, flags) => {
  const w = widths[size];
  const rax = state.gpr(0);
  const acc = w.name(u, w.get(u, rax)), old = w.name(u, w.get(u, 'a')), source = w.name(u, w.get(u, 'b'));
  if (flags) subFlags(u, w, acc, old, w.name(u, w.sub(acc, old)), 'plain');
  u.if(w.eq(acc, old), () => w.set(u, 'd', source), () => w.set(u, rax, old));
}));
