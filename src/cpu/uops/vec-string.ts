/**
 * PCMPxSTRx: the index forms write ECX, the mask forms XMM0, all of them the flags. PCMPISTRI on bytes, which C libraries search strings with,
 * is WebAssembly; the rest are helpers.
 */
import { indexOf, stringCompare, type StringCompare } from '../helpers/pcmpstr.ts';
import { AF, CF, gpr, OF, PF, SF, xmm, ZF } from '../state.ts';
import { i32, i64, i8x16, select, v128, type I32, type V128 } from '../wasm/code.ts';
import { define, Flag } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { defineHelper, type HelperCpu } from './helper.ts';
import { Offset } from './record.ts';
import { operand } from './vec-float.ts';
import { zeroV } from './vec.ts';

const RAX = 0, RCX = 1, RDX = 2;
const spec = { writes: Flag.C | Flag.P | Flag.A | Flag.Z | Flag.S | Flag.O };

function setFlags(view: DataView, c: StringCompare): void {
  view.setInt32(CF, Number(c.cf), true);
  view.setInt32(PF, 1, true);
  view.setInt32(AF, 0, true);
  view.setBigInt64(ZF, c.zf ? 0n : 1n, true);
  view.setBigInt64(SF, c.sf ? -1n : 0n, true);
  view.setBigInt64(OF, c.of ? -1n : 0n, true);
}

/** aux is the immediate, c 1 when RAX and RDX count in 64 bits. */
function compare(cpu: HelperCpu, record: number, explicit: boolean): { c: StringCompare; imm: number } {
  const { view } = cpu.memory;
  const imm = view.getInt32(record + Offset.aux, true);
  const wide = operand(cpu, record, 'c') !== 0;
  const length = (reg: number): bigint => (wide ? view.getBigInt64(gpr(reg), true) : BigInt(view.getInt32(gpr(reg), true)));
  const c = stringCompare(view, operand(cpu, record, 'a'), operand(cpu, record, 'b'), imm, explicit ? [length(RAX), length(RDX)] : undefined);
  setFlags(view, c);
  return { c, imm };
}

function index(name: string, explicit: boolean): number {
  return defineHelper(name, spec, (cpu, record) => {
    const { c, imm } = compare(cpu, record, explicit);
    cpu.memory.view.setBigUint64(gpr(RCX), BigInt(indexOf(c, imm)), true);
  });
}

function mask(name: string, explicit: boolean): number {
  return defineHelper(name, spec, (cpu, record) => {
    const { c, imm } = compare(cpu, record, explicit);
    const { view } = cpu.memory;
    const d = xmm(0);
    const size = 16 / c.count;
    view.setBigUint64(d, 0n, true);
    view.setBigUint64(d + 8, 0n, true);
    if ((imm & 0x40) === 0) { view.setUint16(d, c.result, true); return; }
    for (let i = 0; i < 16; i++) view.setUint8(d + i, (c.result >> Math.floor(i / size)) & 1 ? 255 : 0);
  });
}

export const stringOps: Readonly<Record<string, number>> = {
  pcmpestri: index('pcmpestri', true),
  pcmpistri: index('pcmpistri', false),
  pcmpestrm: mask('pcmpestrm', true),
  pcmpistrm: mask('pcmpistrm', false),
};

// ── PCMPISTRI on bytes ──

const ALL = i32.const(0xffff);
/** A mask of the lowest n bits. */
const lowBits = (n: I32): I32 => i32.sub(i32.shl(i32.const(1), n), i32.const(1));

interface Operands { readonly a: V128; readonly b: V128; readonly na: I32; readonly validA: I32; readonly validB: I32 }
type Aggregate = (u: UopEmitter, o: Operands) => I32;

/** Runs `step` for i = 0, by, 2 by … while i < limit. */
function count(u: UopEmitter, limit: I32, by: number, step: (i: I32) => void): void {
  const i = u.var32(i32.const(0));
  u.while(() => i32.lt_s(i.get, limit), () => {
    step(i.get);
    i.set(i32.add(i.get, i32.const(by)));
  });
}
const element = (a: V128, i: I32): V128 => i8x16.swizzle(a, i8x16.splat(i));

const equalAny: Aggregate = (u, { a, b, na, validB }) => {
  const found = u.varV(zeroV);
  count(u, na, 1, (i) => found.set(v128.or(found.get, i8x16.eq(b, element(a, i)))));
  return i32.and(i8x16.bitmask(found.get), validB);
};
const ranges = (ge: (x: V128, y: V128) => V128): Aggregate => (u, { a, b, na, validB }) => {
  const found = u.varV(zeroV);
  count(u, i32.sub(na, i32.const(1)), 2, (i) => found.set(v128.or(found.get,
    v128.and(ge(b, element(a, i)), ge(element(a, i32.add(i, i32.const(1))), b)))));
  return i32.and(i8x16.bitmask(found.get), validB);
};
const equalEach: Aggregate = (_, { a, b, validA, validB }) => i32.or(
  i32.and(i8x16.bitmask(i8x16.eq(a, b)), i32.and(validA, validB)),
  i32.and(i32.xor(i32.or(validA, validB), ALL), ALL));
const equalOrdered: Aggregate = (u, { a, b, na, validB }) => {
  const found = u.var32(ALL);
  count(u, na, 1, (i) => {
    const here = i32.and(i8x16.bitmask(i8x16.eq(b, element(a, i))), validB);
    found.set(i32.and(found.get, i32.or(i32.shr_u(here, i), i32.shl(ALL, i32.sub(i32.const(16), i)))));
  });
  return i32.and(found.get, ALL);
};

function byteIndex(name: string, aggregate: Aggregate): number {
  return define(`pcmpistri.${name}`, spec, (u) => {
    const length = (x: V128): I32 => u.let32(i32.ctz(i32.or(i8x16.bitmask(i8x16.eq(x, zeroV)), i32.const(0x10000))));
    const a = u.letV(u.getV('a')), b = u.letV(u.getV('b'));
    const na = length(a), nb = length(b);
    const validA = u.let32(lowBits(na)), validB = u.let32(lowBits(nb));
    const r = u.var32(aggregate(u, { a, b, na, validA, validB }));
    const imm = u.let32(u.aux());
    u.if(i32.and(imm, i32.const(0x10)), () => r.set(i32.xor(r.get, select(validB, ALL, i32.and(imm, i32.const(0x20))))));
    const lowest = i32.ctz(i32.or(r.get, i32.const(0x10000)));
    const highest = select(i32.sub(i32.const(31), i32.clz(r.get)), i32.const(16), r.get);
    u.set32(gpr(RCX), select(highest, lowest, i32.and(imm, i32.const(0x40))));
    u.setCF(i32.ne(r.get, i32.const(0)));
    u.setZF(i64.extend_i32_u(i32.eq(nb, i32.const(16))));
    u.setSF(i64.sub(i64.const(0), i64.extend_i32_u(i32.lt_u(na, i32.const(16)))));
    u.setOF(i64.sub(i64.const(0), i64.extend_i32_u(i32.and(r.get, i32.const(1)))));
    u.setPF(i32.const(1));
    u.setAF(i32.const(0));
  });
}
const byteIndexes = {
  any: byteIndex('any', equalAny), each: byteIndex('each', equalEach), ordered: byteIndex('ordered', equalOrdered),
  unsigned: byteIndex('ranges', ranges(i8x16.ge_u)), signed: byteIndex('sranges', ranges(i8x16.ge_s)),
} as const;

/** The WebAssembly form of PCMPISTRI with this immediate; undefined for words. */
export function byteIndexOp(imm: number): number | undefined {
  if ((imm & 1) !== 0) return undefined;
  return [byteIndexes.any, (imm & 2) !== 0 ? byteIndexes.signed : byteIndexes.unsigned, byteIndexes.each, byteIndexes.ordered][(imm >> 2) & 3];
}
