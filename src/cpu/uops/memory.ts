/** Loads, stores and address computation. The memory operand is [a + disp], or [a + (b << aux) + disp] in the form op + 1. */
import { Access, Vector } from '../cpu.ts';
import { drop, i32, i64, select, v128, type I64 } from '../wasm/code.ts';
import { defineMemory } from './define.ts';
import { loadS, loadZ, type Size, type UopEmitter } from './emitter.ts';

const sized = <T>(make: (size: Size) => T) => ({ 1: make(1), 2: make(2), 4: make(4), 8: make(8) });
const hot = { hot: true };

/** d = 8 bytes, zero-extended from `size`. */
export const load = sized((size) => defineMemory(`load${size * 8}`, hot, (u) =>
  u.set64('d', loadZ[size](u.translate(u.address(), size, Access.Read)))));

/** The same of an operand that the instruction is going to write: faults as the write would. */
export const loadForWrite = sized((size) => defineMemory(`load${size * 8}w`, hot, (u) =>
  u.set64('d', loadZ[size](u.translate(u.address(), size, Access.Write)))));

/** d = 8 bytes, sign-extended. */
export const loadSigned = sized((size) => size === 8 ? load[8] : defineMemory(`load${size * 8}s`, hot, (u) =>
  u.set64('d', loadS[size](u.translate(u.address(), size, Access.Read)))));

/** d = 8 bytes: sign-extended to 32 bits, then zero-extended (movsx r32). */
export const loadSigned32 = { 1: signed32(1), 2: signed32(2) } as const;
function signed32(size: 1 | 2): number {
  return defineMemory(`load${size * 8}s32`, hot, (u) => {
    const p = u.translate(u.address(), size, Access.Read);
    u.set32('d', size === 1 ? i32.load8_s(p) : i32.load16_s(p));
  });
}

/** Writes only the low 1 or 2 bytes of d, like mov r8/r16. */
export const loadPartial = { 1: partial(1), 2: partial(2) } as const;
function partial(size: 1 | 2): number {
  return defineMemory(`load${size * 8}p`, hot, (u) => u.setSized('d', size, loadZ[size](u.translate(u.address(), size, Access.Read))));
}

/** Stores the low bytes of c. */
export const store = sized((size) => defineMemory(`store${size * 8}`, hot, (u) =>
  u.store(u.address(), size, u.getZ('c', size))));

/** Stores imm32, sign-extended. */
export const storeImm = sized((size) => defineMemory(`store${size * 8}i`, hot, (u) =>
  u.store(u.address(), size, i64.extend_i32_s(u.imm32()))));

/** 16 bytes at any alignment, and with the #GP of an SSE operand that is not 16-byte aligned. */
export const loadV = defineMemory('loadv', hot, (u) => u.setV('d', v128.load(u.translate(u.address(), 16, Access.Read))));
export const storeV = defineMemory('storev', hot, (u) => u.storeV(u.address(), u.getV('c')));
export const loadVAligned = defineMemory('loadva', hot, (u) => u.setV('d', v128.load(u.translate(aligned(u), 16, Access.Read))));
export const storeVAligned = defineMemory('storeva', hot, (u) => u.storeV(aligned(u), u.getV('c')));

function aligned(u: UopEmitter): I64 {
  const va = u.let64(u.address());
  u.if(i32.wrap_i64(i64.and(va, i64.const(15))), () => u.raise(i32.const(Vector.GP)));
  return va;
}

/** Faults as a store of imm32 bytes (at most 64) would, without effect: for instructions that write something else first. */
export const checkWrite = defineMemory('checkw', {}, (u) => {
  const va = u.let64(u.address());
  // The fault address of the second page is its start.
  const page = u.let64(i64.and(i64.add(va, i64.extend_i32_u(i32.sub(u.imm32(), i32.const(1)))), i64.const(-4096)));
  u.emit([drop(u.translate(va, 1, Access.Write)), drop(u.translate(select(page, va, i64.gt_u(page, va)), 1, Access.Write))]);
});

/** Raises #GP unless the operand is aligned to imm32 bytes (a power of two). */
export const checkAligned = defineMemory('checka', {}, (u) => {
  const mask = i64.extend_i32_u(i32.sub(u.imm32(), i32.const(1)));
  u.if(i32.wrap_i64(i64.and(u.address(), mask)), () => u.raise(i32.const(Vector.GP)));
});

export const lea64 = defineMemory('lea64', hot, (u) => u.set64('d', u.address()));
export const lea32 = defineMemory('lea32', hot, (u) => u.set32('d', i32.wrap_i64(u.address())));
export const lea16 = defineMemory('lea16', {}, (u) => u.set16('d', i32.wrap_i64(u.address())));
