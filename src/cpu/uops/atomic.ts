/** CMPXCHG8B and CMPXCHG16B; all threads of a sandbox share its worker, so nothing else is needed to be atomic. */
import * as state from '../state.ts';
import { i32, i64 } from '../wasm/code.ts';
import { define, Flag } from './define.ts';

const rax = state.gpr(0), rcx = state.gpr(1), rdx = state.gpr(2), rbx = state.gpr(3);
const n32 = i64.const(32);

/** a is the old value; d becomes the new one. ZF tells. */
export const cmpxchg8b = define('cmpxchg8b', { writes: Flag.Z }, (u) => {
  const old = u.let64(u.get64('a'));
  const expected = u.let64(i64.or(i64.shl(u.get64(rdx), n32), u.getZ(rax, 4)));
  u.setZF(i64.xor(old, expected));
  u.if(i64.eq(old, expected), () => u.set64('d', i64.or(i64.shl(u.get64(rcx), n32), u.getZ(rbx, 4))), () => {
    u.set32(rax, i32.wrap_i64(old));
    u.set64(rdx, i64.shr_u(old, n32));
  });
});

/** a and b are the old halves; d and c become the new ones. */
export const cmpxchg16b = define('cmpxchg16b', { writes: Flag.Z }, (u) => {
  const low = u.let64(u.get64('a')), high = u.let64(u.get64('b'));
  const difference = u.let64(i64.or(i64.xor(low, u.get64(rax)), i64.xor(high, u.get64(rdx))));
  u.setZF(difference);
  u.if(i64.eqz(difference), () => { u.set64('d', u.get64(rbx)); u.set64('c', u.get64(rcx)); }, () => {
    u.set64(rax, low);
    u.set64(rdx, high);
  });
});
