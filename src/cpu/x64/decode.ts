/**
 * The x86-64 instruction decoder: bytes to Insn by the tables of decode-tables.ts, allocating nothing.
 * SDM volume 2 chapter 2 (prefixes, REX, ModRM, SIB, VEX) and appendix A.
 */
import {
  CLASS_66, CLASS_F2, CLASS_F3, CLASS_NONE, GROUP_SIZE, RowBit, VEX_MAP,
  groups, insnSize, opMode, opReg, opSize, rowFlags, sizeBytes, slots, variantKind, variantRow, vexLengths,
} from './decode-tables.ts';
import { Kind, NO_REG, RIP, SEG_FS, SEG_GS, SEG_NONE, type Insn } from './insn.ts';
import { rows } from './isa.ts';
import { Mode, Variant } from './isa/row.ts';

/** What decode returns instead of a length. */
export const Decode = {
  /** `end` was reached first: more bytes are needed (they may be on a page that faults). */
  Truncated: -1,
  /** Not an instruction of this mode: #UD. */
  Invalid: -2,
  /** Longer than 15 bytes: #GP. */
  TooLong: -3,
} as const;

const MAX_LENGTH = 15;

/** Legacy prefixes and REX by byte; 0 is an opcode. */
const Prefix = { None: 0, OperandSize: 1, Repne: 2, Rep: 3, AddressSize: 4, Lock: 5, Fs: 6, Gs: 7, NullSegment: 8, Rex: 9 } as const;
const prefixOf = new Uint8Array(256);
for (const b of [0x26, 0x2e, 0x36, 0x3e]) prefixOf[b] = Prefix.NullSegment;
for (let b = 0x40; b < 0x50; b++) prefixOf[b] = Prefix.Rex;
prefixOf[0x64] = Prefix.Fs;
prefixOf[0x65] = Prefix.Gs;
prefixOf[0x66] = Prefix.OperandSize;
prefixOf[0x67] = Prefix.AddressSize;
prefixOf[0xf0] = Prefix.Lock;
prefixOf[0xf2] = Prefix.Repne;
prefixOf[0xf3] = Prefix.Rep;

/** Bytes of ModRM's displacement, with bit 3 set when a SIB byte follows, by mod and rm. */
const SIB = 8;
const addressing = new Uint8Array(256);
for (let m = 0; m < 0xc0; m++) {
  const mod = m >> 6, rm = m & 7;
  addressing[m] = (mod === 1 ? 1 : mod === 2 || rm === 5 ? 4 : 0) | (rm === 4 ? SIB : 0);
}

const read32 = (b: Uint8Array, p: number): number => b[p]! | (b[p + 1]! << 8) | (b[p + 2]! << 16) | (b[p + 3]! << 24);

/**
 * Decodes the instruction at `bytes[at]`, reading nothing at or after `end`.
 * @returns its length, or a value of Decode (then `insn` is unspecified)
 */
export function decode(bytes: Uint8Array, at: number, end: number, insn: Insn): number {
  const limit = end - at > MAX_LENGTH ? at + MAX_LENGTH : end;
  const short = limit === end ? Decode.Truncated : Decode.TooLong;
  let p = at;
  let rex = 0, rep = 0, seg: number = SEG_NONE, asize = 8;
  let osz = false, lock = false;
  let b = 0;
  for (;;) {
    if (p >= limit) return short;
    b = bytes[p++]!;
    const kind = prefixOf[b]!;
    if (kind === Prefix.None) break;
    if (kind === Prefix.Rex) { rex = b; continue; }
    rex = 0;
    switch (kind) {
      case Prefix.OperandSize: osz = true; break;
      case Prefix.Repne: case Prefix.Rep: rep = b; break;
      case Prefix.AddressSize: asize = 4; break;
      case Prefix.Lock: lock = true; break;
      case Prefix.Fs: seg = SEG_FS; break;
      case Prefix.Gs: seg = SEG_GS; break;
    }
  }

  let map = 0, prefixClass: number = rep === 0xf3 ? CLASS_F3 : rep === 0xf2 ? CLASS_F2 : osz ? CLASS_66 : CLASS_NONE;
  let vvvv = 0, long = 0, vex = false;
  if (b === 0x0f) {
    if (p >= limit) return short;
    b = bytes[p++]!;
    map = 1;
    if (b === 0x38 || b === 0x3a) {
      map = b === 0x38 ? 2 : 3;
      if (p >= limit) return short;
      b = bytes[p++]!;
    }
  } else if (b === 0xc4 || b === 0xc5) {
    if (rex !== 0 || rep !== 0 || osz || lock) return Decode.Invalid;
    if (p + (b & 1 ? 2 : 3) > limit) return short;
    vex = true;
    let last = bytes[p++]!;
    if (b === 0xc5) {
      rex = 0x40 | (~last >> 5) & 4;
      map = VEX_MAP + 1;
    } else {
      rex = 0x40 | (~last >> 5) & 7;
      map = VEX_MAP + (last & 31);
      if (map === VEX_MAP || map > VEX_MAP + 3) return Decode.Invalid;
      last = bytes[p++]!;
      rex |= (last >> 4) & 8;
    }
    vvvv = (~last >> 3) & 15;
    long = (last >> 2) & 1;
    prefixClass = last & 3;
    b = bytes[p++]!;
  }

  let modrm = 0, haveModrm = false;
  let id = slots[(map * 256 + b) * 4 + prefixClass]!;
  if (id < 0) {
    if (p >= limit) return short;
    modrm = bytes[p++]!;
    haveModrm = true;
    id = groups[-id * GROUP_SIZE + (modrm >= 0xc0 ? 8 + (modrm & 63) : (modrm >> 3) & 7)]!;
  }
  if (id === 0) return Decode.Invalid;
  const kind = variantKind[id]!;
  if (kind !== Variant.None && (kind === Variant.W ? (rex & 8) !== 0 : kind === Variant.L ? long !== 0 : (rex & 1) !== 0)) id = variantRow[id]!;
  const flags = rowFlags[id]!;
  if ((flags & RowBit.Modrm) !== 0 && !haveModrm) {
    if (p >= limit) return short;
    modrm = bytes[p++]!;
  }
  if (lock && ((flags & RowBit.Lock) === 0 || modrm >= 0xc0 || (flags & RowBit.Modrm) === 0)) return Decode.Invalid;
  if (vex && ((vexLengths[id]! >> long) & 1) === 0 || (flags & RowBit.NoVvvv) !== 0 && vvvv !== 0) return Decode.Invalid;
  if ((flags & RowBit.Prefix66) !== 0) osz = false;
  if ((flags & RowBit.AnyPrefix) === 0) rep = 0;

  insn.row = rows[id - 1]!;
  insn.opcode = b;
  insn.modrm = modrm;
  insn.rex = rex;
  insn.rep = rep;
  insn.lock = lock;
  insn.osz = osz;
  insn.seg = seg;
  insn.asize = asize;
  insn.vl = vex ? 16 + 16 * long : 0;

  // Operand size index: 0, 1, 2 for 16, 32, 64 bits.
  const osi = (flags & RowBit.Force64) !== 0 || (rex & 8) !== 0 ? 2 : osz ? 0 : (flags & RowBit.Default64) !== 0 ? 2 : 1;
  const sizeIndex = osi + 3 * long;

  insn.base = NO_REG;
  insn.index = NO_REG;
  insn.scale = 0;
  insn.disp = 0;
  insn.dispHi = 0;
  if ((flags & RowBit.Modrm) !== 0 && modrm < 0xc0) {
    const how = addressing[modrm]!;
    let dispBytes = how & 7;
    const rm = modrm & 7;
    if ((how & SIB) !== 0) {
      if (p >= limit) return short;
      const sib = bytes[p++]!;
      const index = ((sib >> 3) & 7) | (rex & 2) << 2;
      if (index !== 4 || (flags & RowBit.Vsib) !== 0) { insn.index = index; insn.scale = sib >> 6; }
      if ((sib & 7) === 5 && modrm < 0x40) dispBytes = 4;
      else insn.base = (sib & 7) | (rex & 1) << 3;
    } else if ((flags & RowBit.Vsib) !== 0) {
      return Decode.Invalid;
    } else {
      insn.base = rm === 5 && modrm < 0x40 ? RIP : rm | (rex & 1) << 3;
    }
    if (p + dispBytes > limit) return short;
    if (dispBytes === 1) { insn.disp = (bytes[p]! << 24) >> 24; p += 1; }
    else if (dispBytes === 4) { insn.disp = read32(bytes, p); p += 4; }
    insn.dispHi = insn.disp >> 31;
  }

  let n = 0;
  let immediates = 0;
  for (let o = id * 4, last = o + 4; o < last; o++) {
    const mode = opMode[o]!;
    if (mode === 0) break;
    const size = sizeBytes[opSize[o]! * 8 + sizeIndex]!;
    let reg = 0, k = 0;
    switch (mode) {
      case Mode.E: case Mode.R: case Mode.M:
        if (modrm < 0xc0) { k = Kind.Mem; break; }
        reg = (modrm & 7) | (rex & 1) << 3;
        k = Kind.Reg;
        if (size === 1 && rex === 0 && reg >= 4) { k = Kind.RegHigh; reg -= 4; }
        break;
      case Mode.G:
        reg = ((modrm >> 3) & 7) | (rex & 4) << 1;
        k = Kind.Reg;
        if (size === 1 && rex === 0 && reg >= 4) { k = Kind.RegHigh; reg -= 4; }
        break;
      case Mode.Z:
        reg = (b & 7) | (rex & 1) << 3;
        k = Kind.Reg;
        if (size === 1 && rex === 0 && reg >= 4) { k = Kind.RegHigh; reg -= 4; }
        break;
      case Mode.Fixed: k = Kind.Reg; reg = opReg[o]!; break;
      case Mode.I: case Mode.Is: case Mode.J: {
        if (p + size > limit) return short;
        let lo = 0, hi = 0;
        if (size === 1) {
          lo = bytes[p]!;
          if (mode !== Mode.I) { lo = (lo << 24) >> 24; hi = lo >> 31; }
        } else if (size === 2) {
          lo = bytes[p]! | (bytes[p + 1]! << 8);
          // Iw (ret, enter) is unsigned, a 16-bit Iz signed.
          if (mode === Mode.J || osi === 0 && (flags & RowBit.Force64) === 0) { lo = (lo << 16) >> 16; hi = lo >> 31; }
        } else {
          lo = read32(bytes, p);
          hi = size === 8 ? read32(bytes, p + 4) : lo >> 31;
        }
        p += size;
        if (immediates++ === 0) { insn.immLo = lo; insn.immHi = hi; k = mode === Mode.J ? Kind.Rel : Kind.Imm; }
        else { insn.imm2 = lo; k = Kind.Imm2; }
        break;
      }
      case Mode.O:
        if (p + asize > limit) return short;
        insn.disp = read32(bytes, p);
        insn.dispHi = asize === 8 ? read32(bytes, p + 4) : 0;
        p += asize;
        k = Kind.Mem;
        break;
      case Mode.X: case Mode.Y: continue;
      case Mode.V: k = Kind.Xmm; reg = ((modrm >> 3) & 7) | (rex & 4) << 1; break;
      case Mode.W: case Mode.U:
        if (modrm < 0xc0) { k = Kind.Mem; break; }
        k = Kind.Xmm;
        reg = (modrm & 7) | (rex & 1) << 3;
        break;
      case Mode.P: k = Kind.Mmx; reg = (modrm >> 3) & 7; break;
      case Mode.Q: case Mode.N:
        if (modrm < 0xc0) { k = Kind.Mem; break; }
        k = Kind.Mmx;
        reg = modrm & 7;
        break;
      case Mode.S:
        k = Kind.Seg;
        reg = (modrm >> 3) & 7;
        if (reg > SEG_GS || reg === 1 && o === id * 4) return Decode.Invalid;
        break;
      case Mode.C: case Mode.D: k = Kind.Const; reg = ((modrm >> 3) & 7) | (rex & 4) << 1; break;
      case Mode.H: k = Kind.Xmm; reg = vvvv; break;
      case Mode.B: k = Kind.Reg; reg = vvvv; break;
      case Mode.L:
        if (p >= limit) return short;
        k = Kind.Xmm;
        reg = bytes[p++]! >> 4;
        break;
      case Mode.One: k = Kind.Const; reg = 1; break;
      case Mode.FixedSeg: k = Kind.Seg; reg = opReg[o]!; break;
      case Mode.St0: k = Kind.St; break;
      case Mode.Sti: k = Kind.St; reg = modrm & 7; break;
      case Mode.Xmm0: k = Kind.Xmm; break;
    }
    insn.kind[n] = k;
    insn.reg[n] = reg;
    insn.osize[n] = size;
    n++;
  }
  insn.operands = n;
  for (let i = n; i < 4; i++) insn.kind[i] = Kind.None;
  insn.size = sizeBytes[insnSize[id]! * 8 + sizeIndex]!;
  return insn.len = p - at;
}
