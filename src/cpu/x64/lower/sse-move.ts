/** Moves of MMX and SSE: between registers and memory, of single lanes, shuffles and blends. */
import { load, loadV, loadVAligned, store, storeV, storeVAligned } from '../../uops/memory.ts';
import { move, zeroExtend } from '../../uops/move.ts';

import { maskedStores } from '../../uops/fpstate.ts';
import { lea64 } from '../../uops/memory.ts';
import { movemask } from '../../uops/vec-int.ts';
import {
  blend, blendOps, byteShift, clearV, keepBytes, loadZero, moveMmx, moveZero, palignr, pshufb, put, shuffleOne, shuffleTwo, unpackOps, unpackWide,
} from '../../uops/vec-shuffle.ts';
import { xmm } from '../../state.ts';
import type { Packed } from '../../uops/vec.ts';
import { Kind, NO_REG, type Insn } from '../insn.ts';
import type { BlockBuilder } from './builder.ts';
import { lower, type Lowering } from './lower.ts';
import {
  byteBits, copy, eachLowering, emitPacked, exponentOf, field, isMmx, lanePicks, nibbleImmediate, packedLowering, touchMmx, vectorLowering,
} from './vector.ts';

/** 16 bytes, faulting when memory is not aligned or not caring. */
const whole = (aligned: boolean): Lowering => (b) => {
  if (b.isMem(0)) b.mem(aligned ? storeVAligned : storeV, 0, b.place(1));
  else if (b.isMem(1)) b.mem(aligned ? loadVAligned : loadV, b.place(0));
  else b.emit(move.v, b.place(0), b.place(1));
};

/** MOVSS, MOVSD: from memory clears the rest, between registers keeps it. */
const scalar = (size: 4 | 8): Lowering => (b) => {
  if (b.isMem(0)) b.mem(store[size], 0, b.place(1));
  else if (b.isMem(1)) b.mem(loadZero[size], b.place(0));
  else b.emit(put[size], b.place(0), b.place(1));
};

/** MOVLPS, MOVHPS and kin: one half of the register, `at` bytes in. */
const half = (at: 0 | 8): Lowering => (b) => {
  if (b.isMem(0)) b.mem(store[8], 0, b.place(1) + at);
  else b.mem(load[8], b.place(0) + at);
};

/** MOVD and MOVQ, to and from general registers, memory, MMX and XMM. */
const quadword: Lowering = (b, i) => {
  const size = Math.min(i.osize[0], i.osize[1]) as 4 | 8;
  if (isMmx(i, 0)) {
    const d = b.place(0);
    b.emit(moveMmx[size], d, b.read(1), 0, exponentOf(d));
  } else if (i.kind[0] === Kind.Xmm) {
    if (b.isMem(1)) b.mem(loadZero[size], b.place(0));
    else b.emit(moveZero[size], b.place(0), b.place(1));
  } else {
    if (b.isMem(0)) b.mem(store[size], 0, b.place(1));
    else b.emit(move[size === 4 ? 32 : 64], b.place(0), b.place(1));
    touchMmx(b, i, 1);
  }
};

/** PEXTRx, EXTRACTPS: lane `n` of operand 1, zero-extended into a register. */
const extract = (size: 1 | 2 | 4 | 8, lanes: number): Lowering => (b, i) => {
  const from = b.place(1) + (i.immLo & (lanes - 1)) * size;
  if (b.isMem(0)) b.mem(store[size], 0, from);
  else if (size < 4) b.emit(zeroExtend[size as 1 | 2], b.place(0), from);
  else b.emit(move[size === 4 ? 32 : 64], b.place(0), from);
  touchMmx(b, i, 1);
};
const insert = (size: 1 | 2 | 4 | 8, lanes: number): Lowering => (b, i) => {
  const from = b.read(1);
  const d = b.place(0);
  copy(b, size, d + (i.immLo & (lanes - 1)) * size, from);
  if (isMmx(i, 0)) b.emit(moveMmx[8], d, d, 0, exponentOf(d));
};
const extractWord: Lowering = (b, i) => extract(2, isMmx(i, 1) ? 4 : 8)(b, i);
const insertWord: Lowering = (b, i) => insert(2, isMmx(i, 0) ? 4 : 8)(b, i);

const insertps: Lowering = (b, i) => {
  const imm = i.immLo;
  const d = b.place(0);
  const from = b.isMem(1) ? b.read(1) : b.place(1) + 4 * ((imm >> 6) & 3);
  copy(b, 4, d + 4 * field(imm, 2), from);
  if ((imm & 15) !== 0) b.emit(keepBytes, d, d, 0, 0, byteBits(~imm & 15, 4));
};

const shuffle = (picks: (imm: number) => number[]): Lowering => (b, i) => {
  const [lo, hi] = nibbleImmediate(picks(i.immLo));
  emitPacked(b, i, shuffleOne, b.readV(1), 0, 0, lo, hi);
};
/** Low half from the destination, high half from the source. */
const shufflePair = (picks: (imm: number) => number[]): Lowering => (b, i) => {
  const [lo, hi] = nibbleImmediate(picks(i.immLo));
  b.emit(shuffleTwo, b.place(0), b.place(0), b.readV(1), 0, 0, lo, hi);
};
const four = (imm: number): number[] => [field(imm, 0), field(imm, 1), field(imm, 2), field(imm, 3)];

const shiftBytes = (direction: 'left' | 'right'): Lowering => (b, i) => {
  b.emit(byteShift[direction], b.place(0), b.place(0), 0, 0, Math.min(i.immLo & 255, 16));
};

const blendImmediate = (size: 2 | 4 | 8): Lowering => (b, i) => {
  const bits = byteBits(i.immLo & 255, size);
  b.emit(blend, b.place(0), b.place(0), b.readV(1), 0, bits);
};

const maskedStore = (b: BlockBuilder, i: Insn): void => {
  const t = b.temp();
  const op = isMmx(i, 0) ? maskedStores.mmx : maskedStores.xmm;
  // The operand is [rdi], which is not among the instruction's own.
  i.base = 7;
  i.index = NO_REG;
  i.disp = i.dispHi = 0;
  b.mem(lea64, t);
  touchMmx(b, i, 0);
  b.emit(op, 0, t, b.place(0), b.place(1));
};

/** The MMX forms of the low interleaves read only four bytes of memory. */
const unpackLow = (op: Packed): Lowering => (b, i) => {
  if (!isMmx(i, 0) || !b.isMem(1)) { packedLowering(op)(b, i); return; }
  const t = b.temp();
  b.mem(load[4], t);
  emitPacked(b, i, op, b.place(0), t);
};

const mask = (op: number): Lowering => (b) => b.emit(op, b.place(0), b.place(1));

lower({
  'movdqa movaps movapd movntps movntpd movntdq movntdqa': whole(true),
  'movdqu movups movupd lddqu': whole(false),
  movss: scalar(4),
  movsd: scalar(8),
  'movlps movlpd': half(0),
  'movhps movhpd': half(8),
  'movd movq': quadword,
  movnti: (b, i) => b.mem(store[i.osize[0] as 4 | 8], 0, b.place(1)),
  movntq: (b, i) => { b.mem(store[8], 0, b.place(1)); touchMmx(b, i, 1); },
  movq2dq: (b, i) => { b.emit(moveZero[8], b.place(0), b.place(1)); touchMmx(b, i, 1); },
  movdq2q: (b) => b.emit(moveMmx[8], b.place(0), b.place(1), 0, exponentOf(b.place(0))),
  movddup: (b) => {
    const d = b.place(0);
    if (b.isMem(1)) b.mem(load[8], d);
    else copy(b, 8, d, b.place(1));
    copy(b, 8, d + 8, d);
  },
  movsldup: shuffle(() => lanePicks(4, 0, 0, 2, 2)),
  movshdup: shuffle(() => lanePicks(4, 1, 1, 3, 3)),
  pmovmskb: (b, i) => { b.emit(isMmx(i, 1) ? movemask.bytesMmx : movemask.bytes, b.place(0), b.place(1)); touchMmx(b, i, 1); },
  movmskps: mask(movemask.singles),
  movmskpd: mask(movemask.doubles),
  'maskmovdqu maskmovq': maskedStore,
  pextrb: extract(1, 16),
  pextrw: extractWord,
  pextrd: (b, i) => extract(i.osize[0] as 4 | 8, 16 / i.osize[0])(b, i),
  extractps: extract(4, 4),
  pinsrb: insert(1, 16),
  pinsrw: insertWord,
  pinsrd: (b, i) => insert(i.osize[1] as 4 | 8, 16 / i.osize[1])(b, i),
  insertps,
  pshufd: shuffle((imm) => lanePicks(4, ...four(imm))),
  pshufw: shuffle((imm) => lanePicks(2, ...four(imm))),
  pshuflw: shuffle((imm) => lanePicks(2, ...four(imm), 4, 5, 6, 7)),
  pshufhw: shuffle((imm) => lanePicks(2, 0, 1, 2, 3, ...four(imm).map((n) => n + 4))),
  shufps: shufflePair((imm) => lanePicks(4, ...four(imm))),
  shufpd: shufflePair((imm) => lanePicks(8, imm & 1, (imm >> 1) & 1)),
  pshufb: packedLowering(pshufb),
  palignr: (b, i) => {
    const n = i.immLo & 255;
    if (isMmx(i, 0) || n < 32) emitPacked(b, i, palignr, b.place(0), b.readV(1), Math.min(n, 32));
    else { b.readV(1); b.emit(clearV, b.place(0)); }
  },
  psrldq: shiftBytes('right'),
  pslldq: shiftBytes('left'),
  blendps: blendImmediate(4),
  blendpd: blendImmediate(8),
  pblendw: blendImmediate(2),
  ...Object.fromEntries(Object.entries(unpackOps).map(([name, op]) => [name, name.startsWith('punpckl') ? unpackLow(op) : packedLowering(op)])),
  ...eachLowering(unpackWide, vectorLowering),
  ...eachLowering(blendOps, (op) => (b) => b.emit(op, b.place(0), b.place(0), b.readV(1), xmm(0))),
});

