/** Bit tests, scans and counts; CRC32. */
import * as state from '../state.ts';
import { i32, i64, type I32, type I64 } from '../wasm/code.ts';
import { bySize } from './alu.ts';
import { ALL_FLAGS, define, defineFlagged, Flag } from './define.ts';
import type { Size, UopEmitter } from './emitter.ts';

const zero = i64.const(0), one = i64.const(1);

/** CF = bit b of a; d = a with the bit kept, set, reset, complemented (bt writes no d). The other flags are left alone. */
const bitTest = (name: string, change?: (a: I64, mask: I64) => I64) => bySize((size) =>
  defineFlagged(`${name}${size * 8}`, { writes: Flag.C, hot: size >= 4 }, (u, flags) => {
    const a = u.let64(u.getZ('a', size));
    const n = u.let64(i64.and(u.getZ('b', 1), i64.const(size * 8 - 1)));
    if (flags) u.setCF(i32.wrap_i64(i64.and(i64.shr_u(a, n), one)));
    if (change) u.setSized('d', size, change(a, i64.shl(one, n)));
  }));
export const bt = bitTest('bt');
export const bts = bitTest('bts', i64.or);
export const btr = bitTest('btr', (a, mask) => i64.and(a, i64.xor(mask, i64.const(-1))));
export const btc = bitTest('btc', i64.xor);

/** d = a + the offset in bytes of the `size`-byte unit that bit offset b (signed) falls into. */
export const bitUnit = bySize((size) => define(`bitunit${size * 8}`, {}, (u) => {
  const shift = { 1: 3, 2: 4, 4: 5, 8: 6 }[size];
  u.set64('d', i64.add(u.get64('a'), i64.mul(i64.shr_s(u.getS('b', size), i64.const(shift)), i64.const(size))));
}));

/** Flags of lzcnt, tzcnt and popcnt; the ones the manual leaves undefined are written as zero. */
function countFlags(u: UopEmitter, cf: I32, result: I64): void {
  u.setCF(cf);
  u.setZF(result);
  u.setSF(zero);
  u.setOF(zero);
  u.setAF(i32.const(0));
  u.setPF(i32.const(1));
}
const count = (name: string, meaning: (size: Size, a: I64) => I64, carryOnZero: boolean) => bySize((size) =>
  defineFlagged(`${name}${size * 8}`, { writes: ALL_FLAGS }, (u, flags) => {
    const a = u.let64(u.getZ('a', size));
    const r = u.let64(meaning(size, a));
    if (flags) countFlags(u, carryOnZero ? i64.eqz(a) : i32.const(0), carryOnZero ? r : a);
    u.setSized('d', size, r);
  }));
export const popcnt = count('popcnt', (_, a) => i64.popcnt(a), false);
export const tzcnt = count('tzcnt', (size, a) => size === 8 ? i64.ctz(a) : i64.ctz(i64.or(a, i64.const(1n << BigInt(size * 8)))), true);
export const lzcnt = count('lzcnt', (size, a) => i64.sub(i64.clz(a), i64.const(64 - size * 8)), true);

/** ZF = a is zero, and then d is kept. */
const scan = (name: string, meaning: (a: I64) => I64) => bySize((size) =>
  defineFlagged(`${name}${size * 8}`, { writes: Flag.Z }, (u, flags) => {
    const a = u.let64(u.getZ('a', size));
    if (flags) u.setZF(a);
    u.if(i64.ne(a, zero), () => u.setSized('d', size, meaning(a)));
  }));
export const bsf = scan('bsf', i64.ctz);
export const bsr = scan('bsr', (a) => i64.sub(i64.const(63), i64.clz(a)));

/** d = CRC-32C of a (32 bits) continued with `size` bytes of b. */
export const crc32 = bySize((size) => define(`crc32.${size * 8}`, {}, (u) => {
  const crc = u.var32(u.get32('a'));
  const data = u.let64(u.getZ('b', size));
  for (let k = 0; k < size; k++) {
    const byte = i32.wrap_i64(i64.shr_u(data, i64.const(8 * k)));
    const index = i32.and(i32.xor(crc.get, byte), i32.const(255));
    crc.set(i32.xor(i32.load(i32.shl(index, i32.const(2)), state.CRC_TABLE), i32.shr_u(crc.get, i32.const(8))));
  }
  u.set32('d', crc.get);
}));

/** The table behind crc32 (polynomial 0x1EDC6F41, reflected). */
export function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
    return n >>> 0;
  });
}
