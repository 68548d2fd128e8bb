/**
 * Layout of a uop record, 32 bytes in the arena. Operand fields d, a, b, c are register-file addresses (state.ts).
 */

export const RECORD_BYTES = 32;
export const Offset = {
  op: 0,
  d: 2, a: 4, b: 6, c: 8,
  /** Offset of the guest instruction in its page. */
  pc: 10,
  aux: 12,
  /** 64-bit immediate; a uop with a memory operand has disp (sign-extended) in the low and imm32 in the high half. */
  imm: 16, disp: 16, imm32: 20,
  /** Branches: record of the taken and of the fall-through successor, 0 until the first time it is reached. */
  taken: 24, next: 28,
} as const;

/** In a page map: no block yet, but a branch goes there. Record addresses are greater. */
export const MARK = 1;
