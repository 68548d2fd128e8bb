/** Moves, extensions, byte swaps: no flags. */
import { i32, i64 } from '../wasm/code.ts';
import { define } from './define.ts';

const hot = { hot: true };
export const move = {
  /** d = imm (64 bits). */
  imm: define('li', hot, (u) => u.set64('d', u.imm())),
  /** d = a; the number is the size moved: 32 zero-extends, 8 and 16 keep the rest of d. */
  64: define('mov64', hot, (u) => u.set64('d', u.get64('a'))),
  32: define('mov32', hot, (u) => u.set32('d', u.get32('a'))),
  16: define('mov16', hot, (u) => u.set16('d', u.get16('a'))),
  8: define('mov8', hot, (u) => u.set8('d', u.get8('a'))),
  /** 16 bytes. */
  v: define('movv', hot, (u) => u.setV('d', u.getV('a'))),
  /** Low 8 or 16 bits of imm into d, keeping the rest. */
  imm16: define('li16', hot, (u) => u.set16('d', i32.wrap_i64(u.imm()))),
  imm8: define('li8', hot, (u) => u.set8('d', i32.wrap_i64(u.imm()))),
} as const;

/** d = a zero-extended to 64 bits. */
export const zeroExtend = {
  1: define('zx8', hot, (u) => u.set64('d', u.getZ('a', 1))),
  2: define('zx16', hot, (u) => u.set64('d', u.getZ('a', 2))),
} as const;

/** d = a sign-extended to 64 bits; and to 32 bits, upper half cleared; and from 8 to 16, rest kept. */
export const signExtend = {
  1: define('sx8', hot, (u) => u.set64('d', u.getS('a', 1))),
  2: define('sx16', hot, (u) => u.set64('d', u.getS('a', 2))),
  4: define('sx32', hot, (u) => u.set64('d', u.getS('a', 4))),
} as const;
export const signExtend32 = {
  1: define('sx8.32', hot, (u) => u.set32('d', u.get8s('a'))),
  2: define('sx16.32', hot, (u) => u.set32('d', u.get16s('a'))),
} as const;
export const signExtend16 = define('sx8.16', {}, (u) => u.set16('d', u.get8s('a')));

/** Exchanges a and d, registers of the given size. */
export const exchange = {
  8: define('xchg64', hot, (u) => { const t = u.let64(u.get64('a')); u.set64('a', u.get64('d')); u.set64('d', t); }),
  4: define('xchg32', hot, (u) => { const t = u.let32(u.get32('a')); u.set32('a', u.get32('d')); u.set32('d', t); }),
  2: define('xchg16', {}, (u) => { const t = u.let32(u.get16('a')); u.set16('a', u.get16('d')); u.set16('d', t); }),
  1: define('xchg8', {}, (u) => { const t = u.let32(u.get8('a')); u.set8('a', u.get8('d')); u.set8('d', t); }),
} as const;

export const swap = {
  8: define('bswap64', {}, (u) => {
    const a = u.let64(u.get64('a'));
    const half = (shift: number, mask: bigint) => (x: ReturnType<typeof i64.const>) => i64.or(
      i64.and(i64.shr_u(x, i64.const(shift)), i64.const(mask)), i64.shl(i64.and(x, i64.const(mask)), i64.const(shift)));
    const bytes = u.let64(half(8, 0x00ff00ff00ff00ffn)(a));
    const words = u.let64(half(16, 0x0000ffff0000ffffn)(bytes));
    u.set64('d', i64.rotl(words, i64.const(32)));
  }),
  4: define('bswap32', {}, (u) => {
    const a = u.let32(u.get32('a'));
    u.set32('d', i32.or(i32.and(i32.rotl(a, i32.const(8)), i32.const(0x00ff00ff)), i32.and(i32.rotr(a, i32.const(8)), i32.const(0xff00ff00 | 0))));
  }),
  2: define('bswap16', {}, (u) => {
    const a = u.let32(u.get16('a'));
    u.set16('d', i32.or(i32.shl(a, i32.const(8)), i32.shr_u(a, i32.const(8))));
  }),
} as const;
