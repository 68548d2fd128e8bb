/** Integer arithmetic, logic, shifts and bit instructions. */
import { FSBASE, GSBASE } from '../../state.ts';
import { adcx, adox, alu, cmpxchg, dec, inc, neg, not, type BySize, type Pair } from '../../uops/alu.ts';
import { cmpxchg16b, cmpxchg8b } from '../../uops/atomic.ts';
import { bitUnit, bsf, bsr, bt, btc, btr, bts, crc32, lzcnt, popcnt, tzcnt } from '../../uops/bits.ts';
import type { Size } from '../../uops/emitter.ts';
import { checkAligned, lea64, load, loadForWrite, store } from '../../uops/memory.ts';
import { move } from '../../uops/move.ts';
import { div, idiv, imul, imul2, mul } from '../../uops/muldiv.ts';
import { shift, shld, shrd } from '../../uops/shift.ts';
import { Kind, SEG_FS, SEG_NONE, type Insn } from '../insn.ts';
import type { BlockBuilder } from './builder.ts';
import { lower, type Lowering } from './lower.ts';

const sizeOf = (i: Insn, slot: number): Size => i.osize[slot] as Size;
const moveBySize = { 1: move[8], 2: move[16], 4: move[32], 8: move[64] } as const;

/** Runs `emit(place)` on operand 0: the register, or a temporary between load and store. */
function modify(b: BlockBuilder, i: Insn, emit: (place: number, size: Size) => void): void {
  const size = sizeOf(i, 0);
  if (!b.isMem(0)) { emit(b.place(0), size); return; }
  const t = b.temp();
  b.mem(loadForWrite[size], t);
  emit(t, size);
  b.mem(store[size], 0, t);
}

/** The operation with operand 1 as immediate or place. */
function withRight(b: BlockBuilder, i: Insn, pair: Pair, d: number, a: number): void {
  if (i.kind[1] === Kind.Imm) b.emit(pair.i, d, a, 0, 0, 0, i.immLo, i.immHi);
  else b.emit(pair.r, d, a, b.read(1));
}
const binary = (op: BySize<Pair>): Lowering => (b, i) => modify(b, i, (place, size) => withRight(b, i, op[size], place, place));
const compare = (op: BySize<Pair>): Lowering => (b, i) => withRight(b, i, op[sizeOf(i, 0)], 0, b.read(0));
const unary = (op: BySize<number>): Lowering => (b, i) => modify(b, i, (place, size) => b.emit(op[size], place, place));

const shifts = (op: BySize<Pair>): Lowering => (b, i) => {
  const size = sizeOf(i, 0);
  const count = i.kind[1] === Kind.Reg ? -1 : (i.kind[1] === Kind.Const ? i.reg[1] : i.immLo) & (size === 8 ? 63 : 31);
  modify(b, i, (place) => {
    if (count > 0) b.emit(op[size].i, place, place, 0, 0, count);
    else if (count < 0) b.emit(op[size].r, place, place, b.place(1));
    else if (size === 4) b.emit(move[32], place, place);
  });
};
const doubleShift = (op: BySize<number>): Lowering => (b, i) => {
  const source = b.place(1), count = b.read(2);
  modify(b, i, (place, size) => b.emit(op[size], place, place, source, count));
};

const accumulator = (op: BySize<number>): Lowering => (b, i) => b.emit(op[sizeOf(i, 0)], 0, b.read(0));
/** d = op(operand 1). */
const counting = (op: BySize<number>): Lowering => (b, i) => b.emit(op[sizeOf(i, 0)], b.place(0), b.read(1));

/** The memory operand's linear address in a temporary: for instructions that write its registers before they store. */
function pinned(b: BlockBuilder): number {
  const address = b.temp();
  b.mem(lea64, address);
  return address;
}

/** A register bit offset reaches beyond the memory operand: find the unit it is in. */
const bitTest = (op: BySize<number>, writes: boolean): Lowering => (b, i) => {
  const size = sizeOf(i, 0);
  const bit = b.read(1);
  if (!b.isMem(0)) { b.emit(op[size], b.place(0), b.place(0), bit); return; }
  const t = b.temp();
  if (i.kind[1] !== Kind.Reg) {
    b.mem(writes ? loadForWrite[size] : load[size], t);
    b.emit(op[size], t, t, bit);
    if (writes) b.mem(store[size], 0, t);
    return;
  }
  const segment = i.seg;
  i.seg = SEG_NONE;
  const address = pinned(b);
  b.emit(bitUnit[size], address, address, bit);
  if (i.asize === 4) b.emit(move[32], address, address);
  if (segment !== SEG_NONE) b.emit(lea64 + 1, address, address, segment === SEG_FS ? FSBASE : GSBASE);
  b.emit(writes ? loadForWrite[size] : load[size], t, address);
  b.emit(op[size], t, t, bit);
  if (writes) b.emit(store[size], 0, address, 0, t);
};

const imulLowering: Lowering = (b, i) => {
  const size = sizeOf(i, 0);
  if (i.operands === 1) b.emit(imul[size], 0, b.read(0));
  else if (i.operands === 2) b.emit(imul2[size], b.place(0), b.place(0), b.read(1));
  else b.emit(imul2[size], b.place(0), b.read(1), b.read(2));
};

const withCarry = (op: BySize<number>): Lowering => (b, i) => b.emit(op[sizeOf(i, 0)], b.place(0), b.place(0), b.read(1));

lower({
  add: binary(alu.add), or: binary(alu.or), adc: binary(alu.adc), sbb: binary(alu.sbb),
  and: binary(alu.and), sub: binary(alu.sub), xor: binary(alu.xor),
  cmp: compare(alu.cmp), test: compare(alu.test),
  inc: unary(inc), dec: unary(dec), neg: unary(neg), not: unary(not),
  adcx: withCarry(adcx), adox: withCarry(adox),
  shl: shifts(shift.shl), shr: shifts(shift.shr), sar: shifts(shift.sar),
  rol: shifts(shift.rol), ror: shifts(shift.ror), rcl: shifts(shift.rcl), rcr: shifts(shift.rcr),
  shld: doubleShift(shld), shrd: doubleShift(shrd),
  mul: accumulator(mul), imul: imulLowering, div: accumulator(div), idiv: accumulator(idiv),
  bt: bitTest(bt, false), bts: bitTest(bts, true), btr: bitTest(btr, true), btc: bitTest(btc, true),
  bsf: counting(bsf), bsr: counting(bsr), popcnt: counting(popcnt), tzcnt: counting(tzcnt), lzcnt: counting(lzcnt),
  crc32: (b, i) => b.emit(crc32[sizeOf(i, 1)], b.place(0), b.place(0), b.read(1)),
  xadd: (b, i) => {
    const sum = b.temp(), old = b.temp();
    const size = sizeOf(i, 0);
    const source = b.place(1);
    if (b.isMem(0)) b.mem(loadForWrite[size], old); else b.emit(moveBySize[size], old, b.place(0));
    b.emit(alu.add[size].r, sum, old, source);
    if (b.isMem(0)) { b.mem(store[size], 0, sum); b.emit(moveBySize[size], source, old); return; }
    b.emit(moveBySize[size], source, old);
    b.emit(moveBySize[size], b.place(0), sum);
  },
  cmpxchg: (b, i) => {
    const size = sizeOf(i, 0);
    if (!b.isMem(0)) { b.emit(cmpxchg[size], b.place(0), b.place(0), b.place(1)); return; }
    const address = pinned(b), t = b.temp();
    b.emit(loadForWrite[size], t, address);
    b.emit(cmpxchg[size], t, t, b.place(1));
    b.emit(store[size], 0, address, 0, t);
  },
  cmpxchg8b: (b) => {
    const address = pinned(b), t = b.temp();
    b.emit(loadForWrite[8], t, address);
    b.emit(cmpxchg8b, t, t);
    b.emit(store[8], 0, address, 0, t);
  },
  cmpxchg16b: (b) => {
    const address = pinned(b), low = b.temp(), high = b.temp();
    b.emit(checkAligned, 0, address, 0, 0, 0, 0, 16);
    b.emit(loadForWrite[8], low, address);
    b.emit(loadForWrite[8], high, address, 0, 0, 0, 8);
    b.emit(cmpxchg16b, low, low, high, high);
    b.emit(store[8], 0, address, 0, low);
    b.emit(store[8], 0, address, 0, high, 0, 8);
  },
});
