/**
 * A decoded x86-64 instruction: what the decoder fills in and what the lowering, the disassembler and the tests read.
 * One object is reused for every instruction, so decoding allocates nothing; copy what must outlive the next decode.
 */
import type { IsaRow } from './isa.ts';

/** What an operand is. */
export const Kind = {
  None: 0,
  /** General register, `reg` 0–15 (rax rcx rdx rbx rsp rbp rsi rdi r8–r15), of `osize` bytes. */
  Reg: 1,
  /** ah ch dh bh: `reg` 0–3 names the 64-bit register that holds it. */
  RegHigh: 2,
  /** The instruction's memory operand (base, index, scale, disp, seg), of `osize` bytes (0 where size has no meaning: lea, prefetch). */
  Mem: 3,
  /** Immediate in `immLo`/`immHi`, already sign- or zero-extended to 64 bits as the instruction defines. */
  Imm: 4,
  /** Branch target: `immLo` holds the signed displacement from the end of the instruction. */
  Rel: 5,
  Xmm: 6,
  Mmx: 7,
  /** x87 stack register st(reg). */
  St: 8,
  /** Segment register es cs ss ds fs gs. */
  Seg: 9,
  /** A fixed small constant in `reg` (the 1 of `shl eax, 1`). */
  Const: 10,
  /** Second immediate (`enter`, `extrq`) in `imm2`. */
  Imm2: 11,
} as const;

/** Values of `base` and `index` besides 0–15. */
export const NO_REG = 255;
export const RIP = 16;

/** Values of `seg`: only fs and gs have a base in 64-bit mode. */
export const SEG_NONE = 0, SEG_FS = 4, SEG_GS = 5;

export class Insn {
  /** The row of the ISA table. */
  row!: IsaRow;
  /** Bytes, 1–15. */
  len = 0;
  /** Effective operand size of an integer instruction: 1, 2, 4 or 8 bytes. */
  size = 0;
  /** The opcode byte as written (its low bits are a condition or a register in some rows) and ModRM, or 0. */
  opcode = 0;
  modrm = 0;
  /** Vector length of a VEX instruction in bytes, 16 or 32; 0 for legacy encodings, which keep the upper halves. */
  vl = 0;
  /** Address size: 8, or 4 under the 67 prefix. */
  asize = 8;
  /** 4-entry operand slots, destination first (Intel order). */
  readonly kind = new Uint8Array(4);
  readonly reg = new Uint8Array(4);
  readonly osize = new Uint8Array(4);
  operands = 0;
  /** Memory operand, at most one an instruction: base/index are 0–15, RIP (base only) or NO_REG; scale is log2. */
  base = NO_REG;
  index = NO_REG;
  scale = 0;
  disp = 0;
  /** For moffs operands (A0–A3), whose address is 64 bits wide: the high half; otherwise the sign of disp. */
  dispHi = 0;
  seg = SEG_NONE;
  /** The immediate as two signed 32-bit halves. */
  immLo = 0;
  immHi = 0;
  imm2 = 0;
  /** Prefixes as written. `rep` is 0, 0xF2 or 0xF3, and 0 where the byte is part of the opcode. */
  lock = false;
  rep = 0;
  /** The REX byte, or 0. */
  rex = 0;
  /** Operand-size prefix 66 present and not part of the opcode. */
  osz = false;
}
