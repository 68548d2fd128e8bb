/** Packed integer arithmetic, comparison, shifts, string comparison, AES, SHA and carry-less multiplication. */
import { clearV } from '../../uops/vec-shuffle.ts';
import { aeskeygenassist, aesimc, aesOps, pclmulqdq } from '../../uops/vec-crypto.ts';
import { extendOps, mpsadbw, packedOps, phminposuw, ptest, shiftOps, shiftWidth, vectorOps } from '../../uops/vec-int.ts';
import { moveMmx } from '../../uops/vec-shuffle.ts';
import { byteIndexOp, stringOps } from '../../uops/vec-string.ts';
import { shaOps, shaRounds } from '../../uops/vec-sha.ts';
import { xmm, ZERO } from '../../state.ts';
import { Kind } from '../insn.ts';
import { lower, type Lowering } from './lower.ts';
import { eachLowering, emitPacked, exponentOf, immediateLowering, isMmx, packedLowering, unaryLowering, vectorLowering } from './vector.ts';

/** A register xored with or compared to itself is a constant: no use for its old value. */
const clearing = (name: string): Lowering => {
  const general = packedLowering(packedOps[name]);
  return (b, i) => {
    if (i.kind[1] === Kind.Xmm && i.reg[0] === i.reg[1]) b.emit(clearV, b.place(0));
    else general(b, i);
  };
};

const shift = (name: string): Lowering => {
  const { byImmediate, byRegister } = shiftOps[name];
  const width = shiftWidth[name];
  const arithmetic = name.startsWith('psra');
  return (b, i) => {
    const d = b.place(0);
    if (i.kind[1] !== Kind.Imm) { emitPacked(b, i, byRegister, d, b.readV(1)); return; }
    const count = i.immLo & 255;
    if (count < width || arithmetic) emitPacked(b, i, byImmediate, d, d, Math.min(count, width - 1));
    else if (isMmx(i, 0)) b.emit(moveMmx[8], d, ZERO, 0, exponentOf(d));
    else b.emit(clearV, d);
  };
};

/** 16-byte operands of PCMPxSTRx need no alignment. REX.W makes the explicit lengths 64-bit. */
const stringCompare = (op: number): Lowering => (b, i) => {
  const imm = i.immLo & 255;
  const inline = i.row.name === 'pcmpistri' ? byteIndexOp(imm) : undefined;
  b.emit(inline ?? op, 0, b.place(0), b.readV(1, true), i.rex & 8, imm);
};

lower({
  ...Object.fromEntries(Object.entries(packedOps).filter(([name]) => name !== 'pxor').map(([name, op]) => [name, packedLowering(op)])),
  pxor: clearing('pxor'),
  ...eachLowering(vectorOps, vectorLowering),
  ...eachLowering(extendOps, unaryLowering),
  ...Object.fromEntries(Object.keys(shiftOps).map((name) => [name, shift(name)])),
  phminposuw: unaryLowering(phminposuw),
  mpsadbw: immediateLowering(mpsadbw),
  ptest: (b) => b.emit(ptest, 0, b.place(0), b.readV(1)),
  ...eachLowering(stringOps, stringCompare),
  ...eachLowering(aesOps, vectorLowering),
  // Memory operands at any alignment, as AMD's processors take them.
  ...eachLowering(shaOps, (op) => (b) => b.emit(op, b.place(0), b.place(0), b.readV(1, true))),
  sha256rnds2: (b) => b.emit(shaRounds.sha256rnds2, b.place(0), b.place(0), b.readV(1, true), xmm(0)),
  sha1rnds4: (b, i) => b.emit(shaRounds.sha1rnds4[i.immLo & 3], b.place(0), b.place(0), b.readV(1, true)),
  aesimc: unaryLowering(aesimc),
  aeskeygenassist: (b, i) => b.emit(aeskeygenassist, b.place(0), b.readV(1), 0, 0, i.immLo & 255),
  pclmulqdq: (b, i) => {
    const source = b.readV(1);
    b.emit(pclmulqdq, b.place(0), b.place(0) + ((i.immLo & 1) !== 0 ? 8 : 0), source + ((i.immLo & 0x10) !== 0 ? 8 : 0));
  },
});
