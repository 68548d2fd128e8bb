/** Moves, extensions, exchanges, stack, conditional moves and sets. */
import { FSBASE, GSBASE, gpr } from '../../state.ts';
import { cmov, setcc } from '../../uops/cond.ts';
import { uops } from '../../uops/define.ts';
import type { Size } from '../../uops/emitter.ts';
import { lea16, lea32, lea64, load, loadForWrite, loadPartial, loadSigned, loadSigned32, store, storeImm } from '../../uops/memory.ts';
import { exchange, move, signExtend, signExtend16, signExtend32, swap, zeroExtend } from '../../uops/move.ts';
import { shift } from '../../uops/shift.ts';
import { leave, pop, push, pushImm } from '../../uops/stack.ts';
import { Kind, SEG_FS, SEG_GS, SEG_NONE, type Insn } from '../insn.ts';
import { CONDITIONS } from '../isa/row.ts';
import type { BlockBuilder } from './builder.ts';
import { lower, type Lowering } from './lower.ts';

const rax = gpr(0), rdx = gpr(2), rbx = gpr(3), rsp = gpr(4), rbp = gpr(5);
const sizeOf = (i: Insn, slot: number): Size => i.osize[slot] as Size;
const moveBySize = { 1: move[8], 2: move[16], 4: move[32], 8: move[64] } as const;

/** Selectors as Linux gives them to a 64-bit process: es cs ss ds fs gs. */
const SELECTORS = [0, 0x33, 0x2b, 0, 0, 0];

function segmentSource(b: BlockBuilder, i: Insn): void {
  const value = SELECTORS[i.reg[1]];
  if (b.isMem(0)) b.mem(storeImm[2], 0, 0, value);
  else b.emit(i.osize[0] === 2 ? move.imm16 : move.imm, b.place(0), 0, 0, 0, 0, value);
}
/** Segment registers have no effect in 64-bit mode, but a selector loaded into fs or gs replaces its base. */
function segmentDestination(b: BlockBuilder, i: Insn): void {
  b.read(1);
  clearBase(b, i.reg[0]);
}
function clearBase(b: BlockBuilder, segment: number): void {
  if (segment === SEG_FS || segment === SEG_GS) b.emit(move.imm, segment === SEG_FS ? FSBASE : GSBASE);
}

const mov: Lowering = (b, i) => {
  if (i.kind[1] === Kind.Seg) { segmentSource(b, i); return; }
  if (i.kind[0] === Kind.Seg) { segmentDestination(b, i); return; }
  const size = sizeOf(i, 0);
  if (b.isMem(0)) {
    if (i.kind[1] === Kind.Imm) b.mem(storeImm[size], 0, 0, i.immLo);
    else b.mem(store[size], 0, b.place(1));
    return;
  }
  const d = b.place(0);
  if (b.isMem(1)) b.mem(size >= 4 ? load[size] : loadPartial[size as 1 | 2], d);
  else if (i.kind[1] === Kind.Imm) {
    if (size === 8) b.emit(move.imm, d, 0, 0, 0, 0, i.immLo, i.immHi);
    else b.emit(size === 4 ? move.imm : size === 2 ? move.imm16 : move.imm8, d, 0, 0, 0, 0, i.immLo, 0);
  } else b.emit(moveBySize[size], d, b.place(1));
};

const movzx: Lowering = (b, i) => {
  const to = sizeOf(i, 0), from = sizeOf(i, 1) as 1 | 2;
  const d = to === 2 ? b.temp() : b.place(0);
  if (b.isMem(1)) b.mem(load[from], d); else b.emit(zeroExtend[from], d, b.place(1));
  if (to === 2) b.emit(move[16], b.place(0), d);
};

const movsx: Lowering = (b, i) => {
  const to = sizeOf(i, 0), from = sizeOf(i, 1);
  const d = b.place(0);
  if (from === to) { if (b.isMem(1)) b.mem(to === 2 ? loadPartial[2] : load[to], d); else b.emit(moveBySize[to], d, b.place(1)); return; }
  if (to === 2) { b.emit(signExtend16, d, b.read(1)); return; }
  if (b.isMem(1)) b.mem(to === 8 ? loadSigned[from] : loadSigned32[from as 1 | 2], d);
  else b.emit(to === 8 ? signExtend[from as 1 | 2 | 4] : signExtend32[from as 1 | 2], d, b.place(1));
};

const xchg: Lowering = (b, i) => {
  const size = sizeOf(i, 0);
  const mem = b.isMem(0) ? 0 : b.isMem(1) ? 1 : -1;
  if (mem < 0) { b.emit(exchange[size], b.place(0), b.place(1)); return; }
  const register = b.place(1 - mem), t = b.temp();
  b.mem(loadForWrite[size], t);
  b.mem(store[size], 0, register);
  b.emit(moveBySize[size], register, t);
};

const pushLowering: Lowering = (b, i) => {
  const size = i.size === 2 ? 2 : 8;
  if (i.kind[0] === Kind.Imm) b.emit(pushImm[size], 0, 0, 0, 0, 0, i.immLo, i.immHi);
  else if (i.kind[0] === Kind.Seg) b.emit(pushImm[size], 0, 0, 0, 0, 0, SELECTORS[i.reg[0]]);
  else b.emit(push[size], 0, b.read(0));
};

const popLowering: Lowering = (b, i) => {
  const size = i.size === 2 ? 2 : 8;
  if (i.kind[0] === Kind.Seg) { b.emit(pop[size], b.temp()); clearBase(b, i.reg[0]); return; }
  if (!b.isMem(0)) { b.emit(pop[size], b.place(0)); return; }
  // An address by rsp is computed with the value after the pop.
  const t = b.temp();
  b.emit(load[size], t, rsp);
  b.mem(store[size], 0, t, 0, i.base === 4 ? size : 0);
  b.emit(lea64, rsp, rsp, 0, 0, 0, size);
};

/** All stores come first; nesting levels copy frame pointers (SDM volume 2, ENTER). */
const enter: Lowering = (b, i) => {
  if (i.size === 2) return false;
  const level = i.imm2 & 31, bytes = i.immLo & 0xffff;
  b.emit(store[8], 0, rsp, 0, rbp, 0, -8);
  const t = b.temp();
  for (let k = 1; k < level; k++) {
    b.emit(load[8], t, rbp, 0, 0, 0, -8 * k);
    b.emit(store[8], 0, rsp, 0, t, 0, -8 - 8 * k);
  }
  const frame = b.temp();
  b.emit(lea64, frame, rsp, 0, 0, 0, -8);
  if (level > 0) b.emit(store[8], 0, rsp, 0, frame, 0, -8 - 8 * level);
  b.emit(lea64, rbp, frame);
  b.emit(lea64, rsp, rsp, 0, 0, 0, -8 - 8 * level - bytes);
  return;
};

const movbe: Lowering = (b, i) => {
  const size = sizeOf(i, 0) as 2 | 4 | 8;
  if (!b.isMem(0)) { b.emit(swap[size], b.place(0), b.read(1)); return; }
  const t = b.temp();
  b.emit(swap[size], t, b.place(1));
  b.mem(store[size], 0, t);
};

const xlat: Lowering = (b, i) => {
  const t = b.temp();
  b.emit(zeroExtend[1], t, rax);
  b.emit((i.asize === 4 ? lea32 : lea64) + 1, t, rbx, t);
  if (i.seg === SEG_NONE) b.emit(loadPartial[1], rax, t);
  else b.emit(loadPartial[1] + 1, rax, i.seg === SEG_FS ? FSBASE : GSBASE, t);
};

const conditional: Record<string, Lowering> = {};
CONDITIONS.forEach((name, cc) => {
  conditional[`cmov${name}`] = (b, i) => b.emit(cmov[sizeOf(i, 0) as 2 | 4 | 8][cc], b.place(0), b.read(1));
  conditional[`set${name}`] = (b) => {
    if (!b.isMem(0)) { b.emit(setcc[cc], b.place(0)); return; }
    const t = b.temp();
    b.emit(setcc[cc], t);
    b.mem(store[1], 0, t);
  };
});

lower({
  mov, movzx, movsx, movsxd: movsx, xchg, push: pushLowering, pop: popLowering, enter, movbe, xlat, ...conditional,
  leave: (b, i) => { if (i.size === 2) return false; b.emit(leave); return; },
  lea: (b, i) => {
    i.seg = SEG_NONE;
    b.mem(i.size === 8 ? lea64 : i.size === 4 ? lea32 : lea16, b.place(0));
  },
  cwde: (b, i) => b.emit(i.size === 8 ? signExtend[4] : i.size === 4 ? signExtend32[2] : signExtend16, rax, rax),
  cdq: (b, i) => b.emit(uops[shift.sar[i.size as Size].i].silent, rdx, rax, 0, 0, i.size * 8 - 1),
  bswap: (b, i) => b.emit(swap[i.size as 2 | 4 | 8], b.place(0), b.place(0)),
});
