/**
 * Writes the uop records of one basic block straight into the arena. Lowering functions call it; nothing here allocates.
 */
import type { PhysicalMemory } from '../../memory.ts';
import { FSBASE, GSBASE, PAGEVA, ZERO, gpr, mmx, temp, TEMPS, vtemp, VTEMPS, xmm } from '../../state.ts';
import { move } from '../../uops/move.ts';
import { lea32, lea64, load, loadV, loadVAligned } from '../../uops/memory.ts';
import type { Size } from '../../uops/emitter.ts';
import { MARK, Offset, RECORD_BYTES } from '../../uops/record.ts';
import { Insn, Kind, NO_REG, RIP, SEG_FS, SEG_NONE } from '../insn.ts';

export class BlockBuilder {
  readonly insn = new Insn();
  /** Offset of the current instruction in its page. */
  pc = 0;
  /** Set by a lowering whose instruction ends the block. */
  ended = false;
  /** Instructions so far, the current one included. */
  count = 0;
  /** Address of the block's first and of the next record. */
  first = 0;
  at = 0;
  /** Address of the page map, where branch targets are marked. */
  private pageMap = 0;
  private temps = 0;
  private vtemps = 0;
  private u16!: Uint16Array;
  private i32!: Int32Array;

  constructor(private readonly memory: PhysicalMemory) {}

  begin(at: number, pageMap: number): void {
    this.pageMap = pageMap;
    this.first = this.at = at;
    this.count = 0;
    this.ended = false;
    this.u16 = this.memory.u16;
    this.i32 = this.memory.i32;
  }

  beginInstruction(pc: number): void {
    this.pc = pc;
    this.count++;
    this.temps = this.vtemps = 0;
  }

  /** Appends a record. Operands are register-file addresses (state.ts); imm is given as two signed 32-bit halves. */
  emit(op: number, d = 0, a = 0, b = 0, c = 0, aux = 0, immLo = 0, immHi = immLo >> 31): void {
    const h = this.at >> 1, w = this.at >> 2;
    const u16 = this.u16, i32 = this.i32;
    u16[h] = op; u16[h + 1] = d; u16[h + 2] = a; u16[h + 3] = b; u16[h + 4] = c; u16[h + 5] = this.pc;
    i32[w + 3] = aux; i32[w + 4] = immLo; i32[w + 5] = immHi; i32[w + 6] = 0; i32[w + 7] = 0;
    this.at += RECORD_BYTES;
  }

  /** Ends the block with a uop of uops/branch.ts. */
  end(op: number, a: number, b: number, aux: number): void {
    this.emit(op, this.count, a, b, this.nextPc, aux);
    this.ended = true;
  }
  lastOp(): number { return this.u16[(this.at - RECORD_BYTES) >> 1]; }
  /** Makes the last record, a comparison, the compare-and-branch `op` that ends the block. */
  fuse(op: number, target: number): void {
    const at = this.at - RECORD_BYTES;
    const h = at >> 1;
    this.u16[h] = op;
    this.u16[h + 1] = this.count;
    this.u16[h + 4] = this.nextPc;
    this.i32[(at + Offset.aux) >> 2] = target;
    this.ended = true;
  }
  /** Notes that a branch goes to this offset, so that a block decoded over it later is split there. */
  branchTo(offset: number): void {
    if (offset >= 0 && offset < 4096) this.i32[(this.pageMap >> 2) + offset] ||= MARK;
  }

  /** An 8-byte temporary of this instruction. */
  temp(): number {
    if (this.temps === TEMPS) throw new Error('out of temporaries');
    return temp(this.temps++);
  }
  /** A 16-byte temporary of this instruction. */
  vtemp(): number {
    if (this.vtemps === VTEMPS) throw new Error('out of vector temporaries');
    return vtemp(this.vtemps++);
  }

  /** Offset in the page (it may be beyond it) of the next instruction. */
  get nextPc(): number { return this.pc + this.insn.len; }

  /**
   * Appends a memory uop (uops/memory.ts, or any of defineMemory) on the instruction's memory operand, `offset` bytes in.
   * d is the destination of loads, c the source of stores.
   */
  mem(op: number, d: number, c = 0, imm32 = 0, offset = 0): void {
    const i = this.insn;
    let base = i.base === NO_REG ? ZERO : i.base === RIP ? PAGEVA : gpr(i.base);
    let disp = i.disp + offset;
    if (i.base === RIP) disp += this.nextPc;
    if (disp !== (disp | 0) || i.dispHi !== i.disp >> 31) {
      const t = this.temp();
      if (i.dispHi !== i.disp >> 31) { this.emit(move.imm, t, 0, 0, 0, 0, i.disp, i.dispHi); disp = offset; }
      else { this.emit(lea64, t, base, 0, 0, 0, disp > 0 ? 0x7fffffff : -0x80000000); disp -= disp > 0 ? 0x7fffffff : -0x80000000; }
      base = t;
    }
    if (i.asize === 4) {
      const t = this.temp();
      if (i.index === NO_REG) this.emit(lea32, t, base, 0, 0, 0, disp);
      else this.emit(lea32 + 1, t, base, gpr(i.index), 0, i.scale, disp);
      if (i.seg === SEG_NONE) this.emit(op, d, t, 0, c, 0, 0, imm32);
      else this.emit(op + 1, d, i.seg === SEG_FS ? FSBASE : GSBASE, t, c, 0, 0, imm32);
      return;
    }
    if (i.seg !== SEG_NONE) {
      const segment = i.seg === SEG_FS ? FSBASE : GSBASE;
      if (i.index === NO_REG) {
        if (base === ZERO) this.emit(op, d, segment, 0, c, 0, disp, imm32);
        else this.emit(op + 1, d, segment, base, c, 0, disp, imm32);
      } else {
        const t = this.temp();
        this.emit(lea64 + 1, t, base, gpr(i.index), 0, i.scale, disp);
        this.emit(op + 1, d, segment, t, c, 0, 0, imm32);
      }
      return;
    }
    if (i.index === NO_REG) this.emit(op, d, base, 0, c, 0, disp, imm32);
    else this.emit(op + 1, d, base, gpr(i.index), c, i.scale, disp, imm32);
  }

  /** True when operand `slot` is the memory operand. */
  isMem(slot: number): boolean { return this.insn.kind[slot] === Kind.Mem; }

  /** Register-file address of a register operand: Reg, RegHigh, Xmm or Mmx. */
  place(slot: number): number {
    const i = this.insn;
    const reg = i.reg[slot];
    switch (i.kind[slot]) {
      case Kind.Reg: return gpr(reg);
      case Kind.RegHigh: return gpr(reg) + 1;
      case Kind.Xmm: return xmm(reg);
      case Kind.Mmx: return mmx(reg & 7);
      default: throw new Error(`operand ${slot} of ${i.row.name} is no register`);
    }
  }

  /** Where an integer operand's value can be read: the register itself, or a temporary loaded from memory or set to the immediate. */
  read(slot: number): number {
    const i = this.insn;
    switch (i.kind[slot]) {
      case Kind.Mem: {
        const t = this.temp();
        this.mem(load[i.osize[slot] as Size], t);
        return t;
      }
      case Kind.Imm: case Kind.Const: case Kind.Imm2: {
        const t = this.temp();
        if (i.kind[slot] === Kind.Imm) this.emit(move.imm, t, 0, 0, 0, 0, i.immLo, i.immHi);
        else this.emit(move.imm, t, 0, 0, 0, 0, i.kind[slot] === Kind.Const ? i.reg[slot] : i.imm2);
        return t;
      }
      default: return this.place(slot);
    }
  }

  /** The same for a vector operand: a 16-byte memory operand must be aligned unless `unaligned` (legacy SSE: #GP); shorter ones are zero-extended. */
  readV(slot: number, unaligned = false): number {
    const i = this.insn;
    if (i.kind[slot] !== Kind.Mem) return this.place(slot);
    const t = this.vtemp();
    const size = i.osize[slot];
    if (size === 16) this.mem(unaligned ? loadV : loadVAligned, t);
    else this.mem(load[size as Size], t);
    return t;
  }
}
