/** x87: loads and stores around the helper uops of uops/x87.ts, so that memory operands fault before the unit changes. */
import { FCW, ZERO } from '../../state.ts';
import type { Size } from '../../uops/emitter.ts';
import { checkWrite, lea64, load, store } from '../../uops/memory.ts';
import { move } from '../../uops/move.ts';
import * as x87 from '../../uops/x87.ts';
import type { Source, Target } from '../../helpers/x87-formats.ts';
import { Kind, type Insn } from '../insn.ts';
import type { BlockBuilder } from './builder.ts';
import { lower, type Lowering } from './lower.ts';

const FLOATS: Readonly<Record<number, 'f32' | 'f64' | 'f80'>> = { 4: 'f32', 8: 'f64', 10: 'f80' };
const INTEGERS: Readonly<Record<number, 'i16' | 'i32' | 'i64'>> = { 2: 'i16', 4: 'i32', 8: 'i64' };
const TRUNCATED: Readonly<Record<number, 't16' | 't32' | 't64'>> = { 2: 't16', 4: 't32', 8: 't64' };

/** Loads the memory operand into a temporary; of ten bytes the upper two into a second one. */
function operand(b: BlockBuilder, i: Insn): { value: number; high: number } {
  const value = b.temp();
  const size = i.osize[0];
  b.mem(load[Math.min(size, 8) as Size], value);
  if (size <= 8) return { value, high: ZERO };
  const high = b.temp();
  b.mem(load[2], high, 0, 0, 8);
  return { value, high };
}

const push = (source: (size: number) => Source): Lowering => (b, i) => {
  const { value, high } = operand(b, i);
  b.emit(x87.loadFrom[source(i.osize[0])], 0, value, high);
};

/** Computes the value, stores it, and only then lets the unit change. */
const pull = (target: (size: number) => Target, pop: boolean): Lowering => (b, i) => {
  const size = i.osize[0];
  const value = b.temp(), high = b.temp();
  b.emit(x87.prepare[target(size)], value, 0, 0, high);
  if (size === 10) {
    b.mem(checkWrite, 0, 0, 10);
    b.mem(store[8], 0, value);
    b.mem(store[2], 0, high, 0, 8);
  } else b.mem(store[size as Size], 0, value);
  b.emit(x87.commit, 0, 0, 0, 0, pop ? 1 : 0);
};

/** st(i) of a register form: the operand that is not st(0), or the only one. */
function register(i: Insn): number {
  return i.operands > 1 && i.kind[1] === Kind.St && i.reg[1] !== 0 ? i.reg[1] : i.reg[0];
}

/** FADD and kin: with memory, st(0) op st(i), or st(i) op st(0). */
const arithmetic = (op: 'fadd' | 'fsub' | 'fmul' | 'fdiv', reversed: boolean, pop: boolean): Lowering => (b, i) => {
  if (b.isMem(0)) {
    const { value } = operand(b, i);
    const format = i.row.name.startsWith('fi') ? INTEGERS[i.osize[0]] : FLOATS[i.osize[0]];
    b.emit(x87.binaryMemory[op][format], 0, value, 0, 0, reversed ? 1 : 0);
    return;
  }
  const to = i.reg[0], other = i.reg[1];
  const [first, second] = reversed ? [other, to] : [to, other];
  b.emit(x87.binary[op], 0, 0, 0, 0, to | (first << 3) | (second << 6) | (pop ? 512 : 0));
};

const compare = (quietly: boolean, pops: number): Lowering => (b, i) => {
  if (b.isMem(0)) {
    const { value } = operand(b, i);
    const format = i.row.name.startsWith('fi') ? INTEGERS[i.osize[0]] : FLOATS[i.osize[0]];
    b.emit(x87.compareMemory[format], 0, value, 0, 0, pops);
  } else b.emit(x87.compareStack, 0, 0, 0, 0, register(i) | (quietly ? 8 : 0) | (pops << 4));
};
const compareFlags = (quietly: boolean, pop: boolean): Lowering => (b, i) =>
  b.emit(x87.compareFlags, 0, 0, 0, 0, register(i) | (quietly ? 8 : 0) | (pop ? 16 : 0));

const storeRegister = (pop: boolean): Lowering => (b, i) => {
  if (b.isMem(0)) pull((size) => FLOATS[size], pop)(b, i);
  else b.emit(x87.storeStack, 0, 0, 0, 0, register(i) | (pop ? 8 : 0) | (i.opcode === 0xd9 ? 16 : 0));
};

/** The image's guest address goes to the helper, which copies it whole. A 66 prefix asks for the 16-bit format, which is not supported. */
const image = (op: number): Lowering => (b, i) => {
  if (i.osz) return false;
  const t = b.temp();
  b.mem(lea64, t);
  b.emit(op, 0, t);
};

lower({
  fld: (b, i) => {
    if (b.isMem(0)) push((size) => FLOATS[size])(b, i);
    else b.emit(x87.loadStack, 0, 0, 0, 0, register(i));
  },
  fild: push((size) => INTEGERS[size]),
  fbld: push(() => 'bcd'),
  fst: storeRegister(false),
  fstp: storeRegister(true),
  fist: pull((size) => INTEGERS[size], false),
  fistp: pull((size) => INTEGERS[size], true),
  fisttp: pull((size) => TRUNCATED[size], true),
  fbstp: pull(() => 'bcd', true),
  ...Object.fromEntries((['fadd', 'fmul', 'fsub', 'fdiv'] as const).flatMap((op): [string, Lowering][] => {
    const integer = `fi${op.slice(1)}`;
    const plain: [string, Lowering][] = [[op, arithmetic(op, false, false)], [integer, arithmetic(op, false, false)], [`${op}p`, arithmetic(op, false, true)]];
    if (op === 'fadd' || op === 'fmul') return plain;
    return [...plain, [`${op}r`, arithmetic(op, true, false)], [`${integer}r`, arithmetic(op, true, false)], [`${op}rp`, arithmetic(op, true, true)]];
  })),
  'fcom ficom': compare(false, 0),
  'fcomp ficomp': compare(false, 1),
  fucom: compare(true, 0),
  fucomp: compare(true, 1),
  fcomi: compareFlags(false, false),
  fcomip: compareFlags(false, true),
  fucomi: compareFlags(true, false),
  fucomip: compareFlags(true, true),
  fxch: (b, i) => b.emit(x87.exchange, 0, 0, 0, 0, register(i)),
  ffree: (b, i) => b.emit(x87.free, 0, 0, 0, 0, register(i)),
  ffreep: (b, i) => b.emit(x87.free, 0, 0, 0, 0, register(i) | 8),
  ...Object.fromEntries(Object.entries(x87.conditionalMove).map(([name, op]): [string, Lowering] => [name, (b, i) => b.emit(op, 0, 0, 0, 0, register(i))])),
  ...Object.fromEntries(Object.entries(x87.plain).map(([name, op]): [string, Lowering] => [name, (b) => b.emit(op)])),
  'fnop fwait': (b) => b.emit(x87.fwait),
  fldcw: (b) => b.emit(x87.setControl, 0, b.read(0)),
  fnstcw: (b) => b.mem(store[2], 0, FCW),
  fnstsw: (b) => {
    const t = b.temp();
    b.emit(x87.getStatus, t);
    if (b.isMem(0)) b.mem(store[2], 0, t);
    else b.emit(move[16], b.place(0), t);
  },
  ...Object.fromEntries(Object.entries(x87.images).map(([name, op]): [string, Lowering] => [name, image(op)])),
});
