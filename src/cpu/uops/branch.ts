/**
 * The ends of blocks. Records: d is the number of guest instructions the block retires, aux the taken target and c the
 * next instruction, both as offsets from the page's start (they may lie outside).
 */
import { Access, Exit, Vector } from '../cpu.ts';
import * as state from '../state.ts';
import { drop, i32, i64, type I32, type I64 } from '../wasm/code.ts';
import { ALL_FLAGS, define, Flag } from './define.ts';
import { alu, logicFlags, subFlags, widths, type BySize, type Pair, type Width } from './alu.ts';
import type { UopEmitter } from './emitter.ts';

const hot = { hot: true };
const rsp = state.gpr(4), rcx = state.gpr(1);

/** Flags read by each condition code pair. */
export const CONDITION_READS = [Flag.O, Flag.C, Flag.Z, Flag.C | Flag.Z, Flag.S, Flag.P, Flag.S | Flag.O, Flag.S | Flag.O | Flag.Z];

export const jump = define('jump', hot, (u) => { u.retire(u.raw('d')); u.goto('taken', u.aux()); });
/** Falls into the next block, without a budget check: the end of a page or the start of a block that exists already. */
export const fall = define('fall', hot, (u) => { u.retire(u.raw('d')); u.goto('next', u.raw('c')); });
/** #GP at the branch itself for a target that is no canonical address; `first` faults before that. */
function checkTarget(u: UopEmitter, target: I64, first?: () => void): void {
  u.if(i64.gt_u(i64.add(i64.shr_s(target, i64.const(47)), i64.const(1)), i64.const(1)), () => {
    first?.();
    u.raise(i32.const(Vector.GP));
  });
}
/** To the address in a. */
export const jumpIndirect = define('jumpi', hot, (u) => {
  const target = u.let64(u.get64('a'));
  checkTarget(u, target);
  u.retire(u.raw('d'));
  u.jump(target);
});

const push = (u: UopEmitter, value: I64): void => {
  const sp = u.let64(i64.sub(u.get64(rsp), i64.const(8)));
  u.store(sp, 8, value);
  u.set64(rsp, sp);
};
export const call = define('call', hot, (u) => {
  push(u, u.inPage(u.raw('c')));
  u.retire(u.raw('d'));
  u.goto('taken', u.aux());
});
export const callIndirect = define('calli', hot, (u) => {
  const target = u.let64(u.get64('a'));
  checkTarget(u, target, () => u.emit(drop(u.translate(i64.sub(u.get64(rsp), i64.const(8)), 8, Access.Write))));
  push(u, u.inPage(u.raw('c')));
  u.retire(u.raw('d'));
  u.jump(target);
});
/** Pops rip and aux more bytes. */
export const ret = define('ret', hot, (u) => {
  const sp = u.let64(u.get64(rsp));
  const target = u.let64(i64.load(u.translate(sp, 8, Access.Read)));
  checkTarget(u, target);
  u.set64(rsp, i64.add(sp, i64.add(i64.const(8), i64.extend_i32_u(u.aux()))));
  u.retire(u.raw('d'));
  u.jump(target);
});

/** By condition code. */
export const jcc: readonly number[] = Array.from({ length: 16 }, (_, cc) =>
  define(`jcc${cc}`, { hot: true, reads: CONDITION_READS[cc >> 1] }, (u) => u.branch(u.condition(cc))));

/** jrcxz, loop, loope, loopne; the count is rcx, or ecx in the second of each pair. */
export const jrcxz = [false, true].map((short) => define(short ? 'jecxz' : 'jrcxz', {}, (u) =>
  u.branch(short ? i32.eqz(u.get32(rcx)) : i64.eqz(u.get64(rcx)))));
export const loops = (['loop', 'loope', 'loopne'] as const).flatMap((name) => [false, true].map((short) =>
  define(`${name}${short ? '.32' : ''}`, { reads: name === 'loop' ? 0 : Flag.Z }, (u) => {
    if (short) u.set32(rcx, i32.sub(u.get32(rcx), i32.const(1))); else u.set64(rcx, i64.sub(u.get64(rcx), i64.const(1)));
    const more = short ? i32.ne(u.get32(rcx), i32.const(0)) : i64.ne(u.get64(rcx), i64.const(0));
    u.branch(name === 'loop' ? more : i32.and(more, name === 'loope' ? u.zf() : i32.eqz(u.zf())));
  })));

/** Conditions 0–15 as computed from the operands of a comparison; undefined where that would be no gain. */
type Compared = (w: Width<I64>, a: I64, b: I64) => readonly (I32 | undefined)[];

const both = (conditions: readonly (I32 | undefined)[]): readonly (I32 | undefined)[] => conditions.flatMap((c) => [c, c && i32.eqz(c)]);
const negative = (w: Width<I64>, v: I64): I32 => i64.lt_s(w.top(v), i64.const(0));
const afterCmp: Compared = (w, a, b) => both([
  undefined, w.ltU(a, b), w.eq(a, b), i32.eqz(w.ltU(b, a)), negative(w, w.sub(a, b)), undefined, w.ltS(a, b), i32.eqz(w.ltS(b, a))]);
const afterTest: Compared = (w, a, b) => {
  const r = w.and(a, b);
  return both([undefined, undefined, w.eqz(r), undefined, negative(w, r), undefined, undefined, i64.le_s(w.top(r), i64.const(0))]);
};
/** After test, OF is clear: l and ge are s and ns. */
const SAME_AFTER_TEST = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 14, 15];

/** fused.get(cmp or test uop)[cc]: the uop that also jumps, or 0. */
export const fused = new Map<number, readonly number[]>();

function fuse(name: 'cmp' | 'test', pairs: BySize<Pair>, conditions: Compared, alias?: readonly number[]): void {
  for (const size of [1, 4, 8] as const) {
    const w = widths[size];
    for (const form of ['r', 'i'] as const) {
      const wanted = conditions(w, w.const(0), w.const(0));
      const made = wanted.map((condition, cc) => condition === undefined ? 0 :
        define(`${name}${size * 8}${form}.j${cc}`, { hot: true, writes: ALL_FLAGS }, (u) => {
          const a = w.name(u, w.get(u, 'a')), b = w.name(u, form === 'r' ? w.get(u, 'b') : w.imm(u));
          if (name === 'cmp') subFlags(u, w, a, b, w.name(u, w.sub(a, b)), 'plain');
          else logicFlags(u, w, w.name(u, w.and(a, b)));
          u.branch(conditions(w, a, b)[cc]!);
        }));
      fused.set(pairs[size][form], alias ? alias.map((cc) => made[cc]) : made);
    }
  }
}
fuse('cmp', alu.cmp, afterCmp);
fuse('test', alu.test, afterTest, SAME_AFTER_TEST);

/** SYSCALL: rcx and r11 get the return address and RFLAGS (computed into a before). */
export const syscall = define('syscall', hot, (u) => {
  u.retire(u.raw('d'));
  const back = u.let64(u.inPage(u.raw('c')));
  u.set64(rcx, back);
  u.set64(state.gpr(11), u.get64('a'));
  u.exit(Exit.Syscall, back);
});

/** Raises the exception aux. */
export const raise = define('raise', {}, (u) => u.raise(u.aux()));

/** A record of a page whose code was dropped: look the instruction up again. */
export const stale = define('stale', {}, (u) => u.jump(u.inPage(u.pc())));

/** Internal exits of the interpreter, besides Exit. */
export const InternalExit = {
  /** fetch had no room for a block. */
  Full: 3,
  /** A page-crossing instruction's second page is not the one it was decoded from. */
  Crossing: 4,
} as const;

/** Starts the block of an instruction that crosses a page: the second page must still be physical page aux. */
export const crossing = define('crossing', {}, (u) => {
  const second = u.translate(u.inPage(i32.const(4096)), 1, Access.Execute);
  u.if(i32.ne(second, u.aux()), () => u.exit(InternalExit.Crossing, u.inPage(u.pc())));
});
