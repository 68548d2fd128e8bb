/**
 * The 80-bit arithmetic against the processor this runs on: random operands of every class, all rounding and precision modes, through
 * native/x87-oracle.c. Results, exception flags and condition codes must agree to the bit; transcendental results within one ulp.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as F from '../../../src/cpu/helpers/float80.ts';
import * as A from '../../../src/cpu/helpers/float80-arith.ts';
import * as T from '../../../src/cpu/helpers/float80-trans.ts';

type F80 = F.Float80;
interface Case { a: F80; b: F80; mem: bigint; cw: number }
interface Outcome { values: F80[]; cc?: number; mem?: bigint }
interface Operation {
  code: number[];
  run(env: F.FloatEnv, c: Case): Outcome;
  kind?: 'load' | 'store';
  bytes?: number;
  ulp?: boolean;
  tame?(a: F80): F80;
}

const REQUEST = 272, ENV = 16, MEM = 128, CASES = 400;
const J = 1n << 63n;

let seed = 20260726;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  let x = seed ^ (seed >>> 15);
  x = Math.imul(x, 0x2c1b3c6d);
  return (x ^ (x >>> 13)) >>> 0;
}
const random64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
const pick = <T>(...of: T[]): T => of[random() % of.length]!;

function operand(): F80 {
  const sign = (random() & 1) << 15;
  let m = pick(random64, random64, () => J | (BigInt(random() & 3) << 62n), () => random64() >> BigInt(random() & 63),
    () => F_ALL ^ (1n << BigInt(random() & 63)), () => (random64() >> 40n) << 40n)();
  if (random() % 12 !== 0) m |= J;
  const near = (): number => 16383 + (random() % 8) - 4;
  const e = pick(() => 0, () => 0x7fff, () => 1 + (random() % 70), () => 0x7ffe - (random() % 70), () => random() & 0x7fff,
    near, near, near, near, () => 16383 + (random() % 140) - 70)();
  return pick(...Array<F80>(10).fill({ se: sign | e, m }), { se: sign, m: 0n }, { se: sign | 0x7fff, m: J });
}
const F_ALL = (1n << 64n) - 1n;

/** Keeps the magnitude of finite operands below 2^limit, where an instruction is defined. */
const below = (limit: number) => (a: F80): F80 =>
  F.classify(a) <= F.Class.Normal && a.m !== 0n && F.exponentOf(a) >= limit ? { se: (a.se & 0x8000) | (16382 + limit - (random() % 70)), m: a.m | J } : a;

const c1 = (env: F.FloatEnv): number => (env.roundedUp ? 2 : 0);
const binary = (code: number[], f: (env: F.FloatEnv, a: F80, b: F80) => F80): Operation =>
  ({ code, run: (env, c) => ({ values: [f(env, c.a, c.b)], cc: c1(env) }) });
const remainder = (code: number[], f: typeof A.rem): Operation => ({ code, run: (env, c) => {
  const r = f(env, c.a, c.b);
  return { values: [r.value], cc: ((r.quotient & 1) << 1) | ((r.quotient & 2) << 2) | ((r.quotient & 4) >> 2) | (r.partial ? 4 : 0) };
} });
const comparison = (code: number[], quietly: boolean): Operation => ({ code, run: (env, c) => {
  const r = A.compare(env, c.a, c.b, quietly);
  return { values: [], cc: (r & 1) | ((r & 2) << 1) | ((r & 4) << 1) };
} });
const store = (code: number[], bytes: number, f: (env: F.FloatEnv, a: F80) => bigint): Operation =>
  ({ code, kind: 'store', bytes, run: (env, c) => ({ mem: BigInt.asUintN(8 * bytes, f(env, c.a)), values: [], cc: c1(env) }) });
const load = (code: number[], bytes: number, f: (env: F.FloatEnv, v: bigint) => F80): Operation =>
  ({ code, kind: 'load', bytes, run: (env, c) => ({ values: [f(env, BigInt.asUintN(8 * bytes, c.mem))] }) });
const trans = (code: number[], f: (env: F.FloatEnv, a: F80, b: F80) => F80 | F80[] | null, tame?: (a: F80) => F80): Operation =>
  ({ code, ulp: true, ...(tame && { tame }), run: (env, c) => ({ values: [f(env, c.a, c.b) ?? c.a].flat() }) });

const operations: Record<string, Operation> = {
  fadd: binary([0xd8, 0xc1], A.add),
  fsub: binary([0xd8, 0xe1], A.sub),
  fsubr: binary([0xd8, 0xe9], (e, a, b) => A.sub(e, b, a)),
  fmul: binary([0xd8, 0xc9], A.mul),
  fdiv: binary([0xd8, 0xf1], A.div),
  fdivr: binary([0xd8, 0xf9], (e, a, b) => A.div(e, b, a)),
  fsqrt: binary([0xd9, 0xfa], A.sqrt),
  frndint: binary([0xd9, 0xfc], A.rndint),
  fscale: binary([0xd9, 0xfd], A.scale),
  fxtract: { code: [0xd9, 0xf4], run: (env, c) => { const r = A.xtract(env, c.a); return { values: [r.significand, r.exponent] }; } },
  fprem: remainder([0xd9, 0xf8], A.rem),
  fprem1: remainder([0xd9, 0xf5], A.rem1),
  fcom: comparison([0xd8, 0xd1], false),
  fucom: comparison([0xdd, 0xe1], true),
  'fst m32': store([0xd9, 0x17], 4, (e, a) => BigInt(F.toF32(e, a))),
  'fst m64': store([0xdd, 0x17], 8, F.toF64),
  'fist m16': store([0xdf, 0x17], 2, (e, a) => F.toInteger(e, a, 16)),
  'fist m32': store([0xdb, 0x17], 4, (e, a) => F.toInteger(e, a, 32)),
  'fistp m64': store([0xdf, 0x3f], 8, (e, a) => F.toInteger(e, a, 64)),
  'fisttp m64': store([0xdd, 0x0f], 8, (e, a) => F.toInteger(e, a, 64, F.Rc.Zero)),
  fbstp: store([0xdf, 0x37], 10, F.toBcd),
  'fld m32': load([0xd9, 0x07], 4, (e, v) => F.fromF32(e, Number(v))),
  'fld m64': load([0xdd, 0x07], 8, F.fromF64),
  'fild m16': load([0xdf, 0x07], 2, (_, v) => F.fromInteger(BigInt.asIntN(16, v))),
  'fild m64': load([0xdf, 0x2f], 8, (_, v) => F.fromInteger(BigInt.asIntN(64, v))),
  f2xm1: trans([0xd9, 0xf0], T.f2xm1, below(0)),
  fyl2x: trans([0xd9, 0xf1], T.fyl2x),
  fyl2xp1: trans([0xd9, 0xf9], T.fyl2xp1, below(-2)),
  fpatan: trans([0xd9, 0xf3], (e, a, b) => T.fpatan(e, b, a)),
  fsin: trans([0xd9, 0xfe], (e, a) => T.sincos(e, a, 'sin')?.sin ?? null),
  fcos: trans([0xd9, 0xff], (e, a) => T.sincos(e, a, 'cos')?.cos ?? null),
  fptan: trans([0xd9, 0xf2], (e, a) => { const t = T.tan(e, a); return t && [F.classify(a) > F.Class.Normal ? t : F.ONE, t]; }, below(63)),
};

function write(buffer: Buffer, at: number, op: Operation, c: Case): void {
  buffer.fill(0x90, at, at + 16);
  Buffer.from(op.code).copy(buffer, at);
  const env = at + ENV;
  const empty = op.kind === 'load';
  buffer.writeUInt16LE(c.cw, env);
  buffer.writeUInt16LE(empty ? 0 : 6 << 11, env + 4);
  buffer.writeUInt16LE(empty ? 0xffff : 0x0fff, env + 8);
  if (!empty) [c.a, c.b].forEach((v, i) => {
    buffer.writeBigUInt64LE(v.m, env + 28 + 10 * i);
    buffer.writeUInt16LE(v.se, env + 36 + 10 * i);
  });
  buffer.writeBigUInt64LE(c.mem & F_ALL, at + MEM);
  buffer.writeBigUInt64LE(c.mem >> 64n, at + MEM + 8);
}

const show = (a: F80): string => `${a.se.toString(16)}:${a.m.toString(16)}`;
const linear = (a: F80): bigint => BigInt(a.se & 0x7fff) * J + (a.m & (J - 1n));

function check(op: Operation, c: Case, answer: Buffer, at: number): void {
  const env = new F.FloatEnv();
  env.rc = (c.cw >> 10) & 3;
  env.precision = [24, 64, 53, 64][(c.cw >> 8) & 3]!;
  const mine = op.run(env, c);
  const sw = answer.readUInt16LE(at + ENV + 4);
  const what = `cw ${c.cw.toString(16)} st0 ${show(c.a)} st1 ${show(c.b)} mem ${c.mem.toString(16)}`;
  mine.values.forEach((v, i) => {
    const r = { m: answer.readBigUInt64LE(at + ENV + 28 + 10 * i), se: answer.readUInt16LE(at + ENV + 36 + 10 * i) };
    const d = linear(v) - linear(r);
    if (op.ulp === true && (v.se ^ r.se) < 0x8000 && d >= -1n && d <= 1n) return;
    expect(show(v), what).toBe(show(r));
  });
  if (mine.mem !== undefined) {
    const r = answer.readBigUInt64LE(at + MEM) | (answer.readBigUInt64LE(at + MEM + 8) << 64n);
    expect(mine.mem.toString(16), what).toBe(BigInt.asUintN(8 * op.bytes!, r).toString(16));
  }
  expect(env.flags, `flags of ${what}`).toBe(sw & 0x3f);
  if (mine.cc !== undefined) expect(mine.cc, `condition codes of ${what}`).toBe(((sw >> 8) & 7) | ((sw >> 11) & 8));
}

describe('80-bit floating point agrees with the processor', () => {
  let dir = '', oracle = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'x87-'));
    oracle = join(dir, 'oracle');
    execFileSync('gcc', ['-O1', '-mno-red-zone', '-o', oracle, new URL('./native/x87-oracle.c', import.meta.url).pathname]);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each(Object.entries(operations))('%s', (_, op) => {
    const cases = Array.from({ length: CASES }, (): Case => {
      const a = (op.tame ?? ((x: F80) => x))(operand());
      const b = pick(operand(), operand(), operand(), operand(), { se: a.se ^ 0x8000, m: a.m }, a);
      return { a, b, mem: random64() | (random64() << 64n), cw: 0x3f | (pick(0, 2, 3, 3) << 8) | (pick(0, 1, 2, 3) << 10) };
    });
    const input = Buffer.alloc(REQUEST * cases.length);
    cases.forEach((c, i) => write(input, i * REQUEST, op, c));
    const answer = execFileSync(oracle, { input, maxBuffer: 1 << 26 });
    cases.forEach((c, i) => check(op, c, answer, i * REQUEST));
  });
});
