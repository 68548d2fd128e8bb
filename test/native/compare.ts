/** Compares the outcomes of a case: every register, flag, byte and fault, but for what the manuals leave undefined. */
import { Decode, decode } from '../../src/cpu/x64/decode.ts';
import { disassemble } from '../../src/cpu/x64/disasm.ts';
import { Insn, Kind, NO_REG, RIP, SEG_GS } from '../../src/cpu/x64/insn.ts';
import type { IsaRow } from '../../src/cpu/x64/isa/row.ts';
import { At, DATA, Fx, GS_BASE, WINDOWS } from './layout.ts';

const FLAGS = 0xcd5;
const NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const VECTORS: Readonly<Record<number, string>> = { 0: '#DE', 1: '#DB', 3: 'done', 6: '#UD', 12: '#SS', 13: '#GP', 14: '#PF', 16: '#MF', 17: '#AC', 19: '#XM', 0x100: 'syscall', 0x101: 'endless' };

/** Results of these are approximations that differ between processors: relative error allowed. */
const APPROXIMATE = /^(rcp|rsqrt)[ps]s$/;
/** And of these in the last bits of an 80-bit mantissa. */
const TRANSCENDENTAL = /^(f2xm1|fyl2x|fyl2xp1|fptan|fpatan|fsin|fcos|fsincos)$/;
const ULPS = 16n;
/** x87 instructions that define C0, C2 and C3; the others leave them undefined. */
const CONDITION_CODES = /^f(u?comi?p?p?|icomp?|tst|xam|prem1?|ldenv|rstor|xrstor|nsave|ninit|xsave|nstenv|nstsw|nstcw|ldcw|sin|cos|sincos|ptan)$/;

/** And those that leave C1 undefined as well, or so AMD thinks. */
const C1_UNDEFINED = /^f(u?comip?|free)$/;
/** Denormal operands and underflow are not always recorded: nobody asks, and finding them would slow every operation. */
const MXCSR_DE_UE = 0x12;
const LONG_OPERAND = /^(M|Mt)$/;

/** Address of the memory operand, from the state before the instruction; undefined without one. */
function effectiveAddress(insn: Insn, cases: DataView, at: number): bigint | undefined {
  if (![0, 1, 2, 3].some((i) => i < insn.operands && insn.kind[i] === Kind.Mem)) return undefined;
  const gpr = (n: number): bigint => cases.getBigUint64(at + At.gpr + n * 8, true);
  let va = BigInt(insn.disp);
  if (insn.base === RIP) va += cases.getBigUint64(at + At.rip, true) + BigInt(insn.len);
  else if (insn.base !== NO_REG) va += gpr(insn.base);
  if (insn.index !== NO_REG) va += gpr(insn.index) << BigInt(insn.scale);
  if (insn.asize === 4) va = BigInt.asUintN(32, va);
  if (insn.seg === SEG_GS) va += BigInt(GS_BASE);
  return BigInt.asUintN(64, va);
}

/** Ranges of memory relative to the operand that are not compared: instruction and operand pointers, MXCSR_MASK. */
function ignoredBytes(name: string): readonly (readonly [number, number])[] {
  if (name === 'fxsave') return [[6, 24], [28, 32]];
  if (name === 'fnstenv' || name === 'fnsave') return [[2, 4], [6, 8], [10, 28]];
  return [];
}

export class Comparison {
  private readonly insn = new Insn();
  private readonly c: DataView;
  private readonly n: DataView;
  private readonly o: DataView;

  constructor(private readonly cases: Uint8Array, native: Uint8Array, ours: Uint8Array) {
    this.c = new DataView(cases.buffer, cases.byteOffset);
    this.n = new DataView(native.buffer, native.byteOffset);
    this.o = new DataView(ours.buffer, ours.byteOffset);
  }

  /** '' when both agree on a single instruction, else what differs: native value, then ours. */
  differences(row: IsaRow, at: number): string {
    const { c, n, insn } = this;
    const length = Number(c.getBigUint64(at + At.length, true));
    const decoded = decode(this.cases, at + At.code, at + At.code + length, insn);
    const vector = Number(n.getBigUint64(at + At.vector, true));
    const executed = decoded !== Decode.Invalid && (vector === 3 || n.getBigUint64(at + At.rip, true) !== c.getBigUint64(at + At.rip, true));
    return this.compare(row, at, executed ? insn.row.flagsUndefined : vector === 0 ? FLAGS : 0);
  }

  /** The same for code of several instructions that leaves some flags undefined. */
  sequenceDifferences(at: number, undefinedFlags: number): string { return this.compare(undefined, at, undefinedFlags); }

  private compare(row: IsaRow | undefined, at: number, undefinedFlags: number): string {
    const { n, o } = this;
    const out: string[] = [];
    const vector = Number(n.getBigUint64(at + At.vector, true)), ourVector = Number(o.getBigUint64(at + At.vector, true));
    if (vector !== ourVector) {
      out.push(`${VECTORS[vector] ?? vector}/${VECTORS[ourVector] ?? ourVector}`);
      // Without the instruction's work there is nothing more to compare.
      if (vector === 3 || ourVector === 3) return out.join(' ');
    }
    const u64 = (name: string, offset: number): void => {
      const a = n.getBigUint64(at + offset, true), b = o.getBigUint64(at + offset, true);
      if (a !== b) out.push(`${name} ${a.toString(16)}/${b.toString(16)}`);
    };
    u64('rip', At.rip);
    if (vector === 14 && ourVector === 14) {
      // Of a long operand any byte may be the one that faults first.
      const shift = row !== undefined && (LONG_OPERAND.test(row.spec) || row.name.startsWith('maskmov')) ? 12n : 0n;
      const a = n.getBigUint64(at + At.address, true) >> shift, b = o.getBigUint64(at + At.address, true) >> shift;
      if (a !== b) out.push(`fault address ${a.toString(16)}/${b.toString(16)}`);
    }
    for (let i = 0; i < 16; i++) u64(NAMES[i]!, At.gpr + i * 8);
    u64('stray writes', At.stray);
    const compared = FLAGS & ~undefinedFlags;
    const flags = n.getUint32(at + At.rflags, true) & compared, ourFlags = o.getUint32(at + At.rflags, true) & compared;
    if (flags !== ourFlags) out.push(`flags ${flagText(flags)}/${flagText(ourFlags)}`);
    this.compareFx(row, at, out);
    this.compareMemory(row, at, out);
    return out.join(' ');
  }

  private compareFx(row: IsaRow | undefined, at: number, out: string[]): void {
    const { n, o } = this;
    const fx = at + At.fx;
    const u16 = (name: string, offset: number, mask = 0xffff): void => {
      const a = n.getUint16(fx + offset, true) & mask, b = o.getUint16(fx + offset, true) & mask;
      if (a !== b) out.push(`${name} ${a.toString(16)}/${b.toString(16)}`);
    };
    u16('fcw', Fx.fcw);
    const name = row?.name ?? '';
    const inexact = TRANSCENDENTAL.test(name);
    let status = 0xffff;
    if (row?.feature === 'x87' && !CONDITION_CODES.test(name)) status &= ~0x4500;
    if (inexact || C1_UNDEFINED.test(name)) status &= ~0x200;
    if (inexact) status &= ~0x20;
    u16('fsw', Fx.fsw, status);
    u16('ftw', Fx.ftw, 0xff);
    const mxcsr = n.getUint32(fx + Fx.mxcsr, true) & ~MXCSR_DE_UE, ourMxcsr = o.getUint32(fx + Fx.mxcsr, true) & ~MXCSR_DE_UE;
    if (mxcsr !== ourMxcsr) out.push(`mxcsr ${mxcsr.toString(16)}/${ourMxcsr.toString(16)}`);
    for (let i = 0; i < 8; i++) {
      const p = fx + Fx.st + i * 16;
      const a = n.getBigUint64(p, true), b = o.getBigUint64(p, true);
      const ea = n.getUint16(p + 8, true), eb = o.getUint16(p + 8, true);
      if (a === b && ea === eb) continue;
      if (inexact && i < 2) {
        const da = (BigInt(ea & 0x7fff) << 63n) + (a & 0x7fffffffffffffffn), db = (BigInt(eb & 0x7fff) << 63n) + (b & 0x7fffffffffffffffn);
        if (((ea ^ eb) & 0x8000) === 0 && da - db <= ULPS && db - da <= ULPS) continue;
      }
      out.push(`st${i} ${ea.toString(16)}:${a.toString(16)}/${eb.toString(16)}:${b.toString(16)}`);
    }
    for (let i = 0; i < 16; i++) {
      const p = fx + Fx.xmm + i * 16;
      let same = true;
      for (let k = 0; k < 16; k += 4) {
        if (n.getUint32(p + k, true) === o.getUint32(p + k, true)) continue;
        const x = n.getFloat32(p + k, true), y = o.getFloat32(p + k, true);
        if (!APPROXIMATE.test(name) || !(Math.abs(x - y) <= Math.abs(x) * 2 ** -10)) same = false;
      }
      if (!same) out.push(`xmm${i} ${vector(n, p)}/${vector(o, p)}`);
    }
  }

  private compareMemory(row: IsaRow | undefined, at: number, out: string[]): void {
    const { n, o, insn } = this;
    const ignored = ignoredBytes(row?.name ?? '');
    const ea = ignored.length > 0 ? Number(BigInt.asUintN(32, effectiveAddress(insn, this.c, at) ?? 0n)) : 0;
    let p = at + At.data;
    let found = 0;
    for (const w of WINDOWS) {
      for (let i = 0; i < w.size; i++, p++) {
        const a = n.getUint8(p), b = o.getUint8(p);
        if (a === b) continue;
        const va = DATA + w.offset + i;
        if (ignored.some(([from, to]) => va >= ea + from && va < ea + to)) continue;
        if (found++ < 8) out.push(`[${va.toString(16)}] ${a.toString(16)}/${b.toString(16)}`);
      }
    }
  }

  /** Sixteen bytes of the windows, as far as they are there. */
  private memoryText(at: number, va: number): string {
    let p = at + At.data;
    for (const w of WINDOWS) {
      const i = va - DATA - w.offset;
      if (i >= 0 && i < w.size) return Buffer.from(this.cases.subarray(p + i, p + Math.min(i + 16, w.size))).toString('hex');
      p += w.size;
    }
    return '-';
  }

  /** The code of a case, up to the int3 that ends it. */
  listing(at: number): string[] {
    const { c, cases } = this;
    const length = Number(c.getBigUint64(at + At.length, true)), rip = c.getUint32(at + At.rip, true);
    const lines: string[] = [];
    for (let p = 0, n = 0; p < length; p += n) {
      n = Math.max(1, decode(cases, at + At.code + p, at + At.code + length, this.insn));
      lines.push(`  ${(rip + p).toString(16)} ${disassemble(cases, at + At.code + p, at + At.code + length, rip + p)}`);
    }
    return lines;
  }

  /** The case in words, to reproduce it: bytes, and the registers the instruction names. */
  describe(at: number): string {
    const { c } = this;
    const length = Number(c.getBigUint64(at + At.length, true));
    const hex = Buffer.from(this.cases.subarray(at + At.code, at + At.code + length)).toString('hex');
    const gprs = NAMES.map((name, i) => `${name}=${c.getBigUint64(at + At.gpr + i * 8, true).toString(16)}`).join(' ');
    decode(this.cases, at + At.code, at + At.code + length, this.insn);
    const ea = effectiveAddress(this.insn, c, at);
    const fx = at + At.fx;
    let detail = '';
    if (this.insn.row.feature === 'x87') detail = [0, 1].map((i) => ` st${i}=${c.getUint16(fx + Fx.st + i * 16 + 8, true).toString(16)}:${c.getBigUint64(fx + Fx.st + i * 16, true).toString(16)}`).join('') + ` ftw=${c.getUint8(fx + Fx.ftw).toString(16)}`;
    for (let i = 0; i < this.insn.operands; i++) if (this.insn.kind[i] === Kind.Xmm) detail += ` xmm${this.insn.reg[i]}=${vector(c, fx + Fx.xmm + this.insn.reg[i]! * 16)}`;
    if (ea !== undefined) detail += ` mem=${this.memoryText(at, Number(BigInt.asUintN(32, ea)))}`;
    return `${hex} rip=${c.getUint32(at + At.rip, true).toString(16)} ea=${ea?.toString(16) ?? '-'} flags=${flagText(c.getUint32(at + At.rflags, true))} mxcsr=${c.getUint32(at + At.fx + Fx.mxcsr, true).toString(16)} fcw=${c.getUint16(at + At.fx, true).toString(16)} fsw=${c.getUint16(at + At.fx + 2, true).toString(16)} ${gprs}${detail}`;
  }
}

const vector = (v: DataView, p: number): string => `${v.getBigUint64(p + 8, true).toString(16).padStart(16, '0')}_${v.getBigUint64(p, true).toString(16).padStart(16, '0')}`;

function flagText(flags: number): string {
  return [['c', 1], ['p', 4], ['a', 0x10], ['z', 0x40], ['s', 0x80], ['d', 0x400], ['o', 0x800]].map(([letter, bit]) => (flags & (bit as number) ? letter : '-')).join('');
}
