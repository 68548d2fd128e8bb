/** push, pop and leave: the stack pointer moves only after the access has succeeded. */
import { Access } from '../cpu.ts';
import * as state from '../state.ts';
import { i64, type I64 } from '../wasm/code.ts';
import { define } from './define.ts';
import { loadZ, type Size, type UopEmitter } from './emitter.ts';

const rsp = state.gpr(4), rbp = state.gpr(5);
const hot = { hot: true };

function pushes(size: Size, value: (u: UopEmitter) => I64) {
  return (u: UopEmitter): void => {
    const v = u.let64(value(u));
    const sp = u.let64(i64.sub(u.get64(rsp), i64.const(size)));
    u.store(sp, size, v);
    u.set64(rsp, sp);
  };
}
/** Pushes the low 8 or 2 bytes of a, or the immediate. */
export const push = { 8: define('push64', hot, pushes(8, (u) => u.get64('a'))), 2: define('push16', {}, pushes(2, (u) => u.getZ('a', 2))) } as const;
export const pushImm = { 8: define('push64i', hot, pushes(8, (u) => u.imm())), 2: define('push16i', {}, pushes(2, (u) => u.imm())) } as const;

function pops(size: Size) {
  return (u: UopEmitter): void => {
    const sp = u.let64(u.get64(rsp));
    const v = u.let64(loadZ[size](u.translate(sp, size, Access.Read)));
    u.set64(rsp, i64.add(sp, i64.const(size)));
    u.setSized('d', size, v);
  };
}
/** d = the popped value; popping rsp itself leaves the value in it. */
export const pop = { 8: define('pop64', hot, pops(8)), 2: define('pop16', {}, pops(2)) } as const;

export const leave = define('leave', hot, (u) => {
  const frame = u.let64(u.get64(rbp));
  const v = u.let64(i64.load(u.translate(frame, 8, Access.Read)));
  u.set64(rsp, i64.add(frame, i64.const(8)));
  u.set64(rbp, v);
});
