/** Branches, calls, system calls, and what always faults. */
import { Vector } from '../../cpu.ts';
import { uops } from '../../uops/define.ts';
import { call, callIndirect, fused, jcc, jrcxz, jump, jumpIndirect, loops, raise, ret, syscall } from '../../uops/branch.ts';
import { getFlags } from '../../uops/flags.ts';
import { Kind } from '../insn.ts';
import { CONDITIONS } from '../isa/row.ts';
import type { BlockBuilder } from './builder.ts';
import { lower, type Lowering } from './lower.ts';

/** fusedOp[uop * 16 + cc], or 0. Filled at the first use, when all uops are defined. */
let fusedOp: Uint16Array | undefined;
function fuseTable(): Uint16Array {
  const table = new Uint16Array(uops.length * 16);
  for (const [op, codes] of fused) table.set(codes, op * 16);
  return table;
}

const conditional = (op: number): Lowering => (b, i) => {
  const target = b.nextPc + i.immLo;
  b.branchTo(target);
  b.branchTo(b.nextPc);
  b.end(op, 0, 0, target);
};

function jccLowering(cc: number): Lowering {
  const plain = conditional(jcc[cc]);
  return (b, i) => {
    fusedOp ??= fuseTable();
    const op = b.at > b.first ? fusedOp[b.lastOp() * 16 + cc] : 0;
    if (op === 0) return plain(b, i);
    const target = b.nextPc + i.immLo;
    b.branchTo(target);
    b.branchTo(b.nextPc);
    b.fuse(op, target);
  };
}

const branches: Record<string, Lowering> = {};
CONDITIONS.forEach((name, cc) => { branches[`j${name}`] = jccLowering(cc); });
['loop', 'loope', 'loopne'].forEach((name, n) => {
  branches[name] = (b, i) => conditional(loops[n * 2 + (i.asize === 4 ? 1 : 0)])(b, i);
});

/** Ends the block with exception `vector`; rip is this instruction (the uop's c is the next one, for traps). */
export function raiseHere(b: BlockBuilder, vector: number): void { b.end(raise, 0, 0, vector); }
const always = (vector: number): Lowering => (b) => raiseHere(b, vector);

lower({
  ...branches,
  jrcxz: (b, i) => conditional(jrcxz[i.asize === 4 ? 1 : 0])(b, i),
  jmp: (b, i) => {
    if (i.kind[0] !== Kind.Rel) { b.end(jumpIndirect, b.read(0), 0, 0); return; }
    b.branchTo(b.nextPc + i.immLo);
    b.end(jump, 0, 0, b.nextPc + i.immLo);
  },
  call: (b, i) => {
    if (i.kind[0] !== Kind.Rel) { b.end(callIndirect, b.read(0), 0, 0); return; }
    b.branchTo(b.nextPc + i.immLo);
    b.end(call, 0, 0, b.nextPc + i.immLo);
  },
  ret: (b, i) => b.end(ret, 0, 0, i.operands ? i.immLo & 0xffff : 0),
  syscall: (b) => {
    const t = b.temp();
    b.emit(getFlags, t);
    b.end(syscall, t, 0, 0);
  },
  int3: always(Vector.BP),
  int1: always(Vector.DB),
  int: always(Vector.GP),
  'ud2 ud1 ud0': always(Vector.UD),
});
