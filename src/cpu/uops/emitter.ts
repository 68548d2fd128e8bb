/**
 * What a uop's meaning is written with: operand accessors, flags, guest memory, control flow. The interpreter generator
 * and (later) the JIT subclass it; the meaning itself is written once, in the files beside this one.
 *
 * Statements are emitted in call order. Expressions are values (wasm/code.ts) and are evaluated where they are consumed,
 * so what must be read *before* a write goes through let32/let64/letV first.
 */
import { block, br, brIf, f32, f64, i32, i64, ifElse, localGet, localSet, loop, v128, ValType, type Code, type F32, type F64, type I32, type I64, type V128 } from '../wasm/code.ts';
import * as state from '../state.ts';

export type Field = 'd' | 'a' | 'b' | 'c';
/** An operand of the record, or a fixed slot of the register file. */
export type Place = Field | number;
/** Operand sizes in bytes. */
export type Size = 1 | 2 | 4 | 8;

export interface Variable<T extends Code> { readonly get: T; set(value: T): void }

export abstract class UopEmitter {
  protected out: Code[] = [];
  /** Control structures open around the point of emission. */
  protected depth = 0;
  /** Set while emitting the form of a memory uop that has an index register. */
  indexed = false;

  // ── what the tiers supply ──
  protected abstract newLocal(type: ValType): number;
  /** Address in memory of an operand. */
  protected abstract at(place: Place): I32;
  abstract imm(): I64;
  /** Low half of the immediate, sign-extended. */
  abstract disp(): I64;
  abstract imm32(): I32;
  abstract aux(): I32;
  /** Offset of the guest instruction in its page. */
  abstract pc(): I32;
  /** An operand field as a plain number, for uops that keep a count or an offset there. */
  abstract raw(field: Field): I32;
  /** Address of the record itself: for helpers. */
  abstract record(): I32;
  /**
   * Physical address for an access of `size` bytes at `va`; leaves the uop with a fault if there is none. An access that
   * crosses a page yields the bounce buffer with the bytes in it, so loads need not care; stores go through store().
   */
  abstract translate(va: I64, size: number, access: number): I32;
  abstract store(va: I64, size: Size, value: I64): void;
  abstract storeV(va: I64, value: V128): void;
  /** Ends the run with an exception at this instruction. */
  abstract raise(vector: I32): void;
  /** Calls JavaScript helper `id` with this record; it may raise. */
  abstract helper(id: number): void;
  /** Leaves the block for the record's `taken` or `next` successor, `offset` from PAGEVA. */
  abstract goto(successor: 'taken' | 'next', offset: I32): void;
  /** Counts the block's instructions (field d) and leaves it for `taken` (at aux) or `next` (at c). */
  abstract branch(condition: I32): void;
  /** Leaves the block for a guest address. */
  abstract jump(va: I64): void;
  /** Ends the run with an Exit code; rip is `va`. */
  abstract exit(code: number, va: I64): void;

  // ── code ──
  emit(code: Code): void { this.out.push(code); }
  /** Collects what `body` emits. */
  protected collect(body: () => void): Code {
    const outer = this.out;
    this.out = [];
    body();
    const code = this.out;
    this.out = outer;
    return code;
  }
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    this.depth++;
    const a = this.collect(then);
    const b = otherwise && this.collect(otherwise);
    this.depth--;
    this.emit(ifElse(condition, a, b));
  }
  /** `while (condition) body`; the condition may emit statements of its own. */
  while(condition: () => I32, body: () => void): void {
    this.depth += 2;
    const code = this.collect(() => {
      const c = condition();
      this.emit(brIf(1, i32.eqz(c)));
      body();
      this.emit(br(0));
    });
    this.depth -= 2;
    this.emit(block(loop(code)));
  }
  private variable<T extends Code>(type: ValType, initial?: T): Variable<T> {
    const index = this.newLocal(type);
    if (initial !== undefined) this.emit(localSet(index, initial));
    return { get: localGet<T>(index), set: (value) => this.emit(localSet(index, value)) };
  }
  var32(initial?: I32): Variable<I32> { return this.variable(ValType.i32, initial); }
  var64(initial?: I64): Variable<I64> { return this.variable(ValType.i64, initial); }
  varF32(initial?: F32): Variable<F32> { return this.variable(ValType.f32, initial); }
  varF64(initial?: F64): Variable<F64> { return this.variable(ValType.f64, initial); }
  varV(initial?: V128): Variable<V128> { return this.variable(ValType.v128, initial); }
  /** Evaluates now and names the result. */
  let32(value: I32): I32 { return this.var32(value).get; }
  let64(value: I64): I64 { return this.var64(value).get; }
  letF32(value: F32): F32 { return this.varF32(value).get; }
  letF64(value: F64): F64 { return this.varF64(value).get; }
  letV(value: V128): V128 { return this.varV(value).get; }

  // ── operands: reading ──
  get64(p: Place): I64 { return i64.load(this.at(p)); }
  get32(p: Place): I32 { return i32.load(this.at(p)); }
  get16(p: Place): I32 { return i32.load16_u(this.at(p)); }
  get16s(p: Place): I32 { return i32.load16_s(this.at(p)); }
  get8(p: Place): I32 { return i32.load8_u(this.at(p)); }
  get8s(p: Place): I32 { return i32.load8_s(this.at(p)); }
  getF32(p: Place): F32 { return f32.load(this.at(p)); }
  getF64(p: Place): F64 { return f64.load(this.at(p)); }
  getV(p: Place): V128 { return v128.load(this.at(p)); }
  /** `size` bytes zero-extended to 64 bits. */
  getZ(p: Place, size: Size): I64 { return zeroLoad[size](this.at(p)); }
  /** `size` bytes sign-extended to 64 bits. */
  getS(p: Place, size: Size): I64 { return signLoad[size](this.at(p)); }

  // ── operands: writing ──
  set64(p: Place, value: I64): void { this.emit(i64.store(this.at(p), value)); }
  /** A 32-bit result clears the upper half, as the architecture has it. */
  set32(p: Place, value: I32): void { this.emit(i64.store(this.at(p), i64.extend_i32_u(value))); }
  /** Writes four bytes and leaves the rest. */
  put32(p: Place, value: I32): void { this.emit(i32.store(this.at(p), value)); }
  set16(p: Place, value: I32): void { this.emit(i32.store16(this.at(p), value)); }
  set8(p: Place, value: I32): void { this.emit(i32.store8(this.at(p), value)); }
  /** Writes the lowest lane and leaves the rest. */
  putF32(p: Place, value: F32): void { this.emit(f32.store(this.at(p), value)); }
  putF64(p: Place, value: F64): void { this.emit(f64.store(this.at(p), value)); }
  setV(p: Place, value: V128): void { this.emit(v128.store(this.at(p), value)); }
  /** Writes a general register of `size` bytes: 4 clears the upper half, 1 and 2 keep the rest. */
  setSized(p: Place, size: Size, value: I64): void {
    if (size === 4) this.emit(i64.store(this.at(p), i64.and(value, i64.const(0xffffffffn))));
    else this.emit(sizedStore[size](this.at(p), value));
  }

  // ── guest memory ──
  /** The memory operand's address: a + disp, or a + (b << aux) + disp. */
  address(): I64 {
    const base = i64.add(this.get64('a'), this.disp());
    return this.indexed ? i64.add(base, i64.shl(this.get64('b'), i64.extend_i32_u(this.aux()))) : base;
  }

  /** Counts guest instructions. */
  retire(count: I32): void { this.put32(state.BUDGET, i32.sub(this.get32(state.BUDGET), count)); }
  /** Guest address of an offset in the running page. */
  inPage(offset: I32): I64 { return i64.add(this.get64(state.PAGEVA), i64.extend_i32_s(offset)); }

  // ── flags ──
  setCF(v: I32): void { this.emit(i32.store(this.at(state.CF), v)); }
  setPF(v: I32): void { this.emit(i32.store(this.at(state.PF), v)); }
  setAF(v: I32): void { this.emit(i32.store(this.at(state.AF), v)); }
  setZF(v: I64): void { this.emit(i64.store(this.at(state.ZF), v)); }
  setSF(v: I64): void { this.emit(i64.store(this.at(state.SF), v)); }
  setOF(v: I64): void { this.emit(i64.store(this.at(state.OF), v)); }
  cf(): I32 { return this.get32(state.CF); }
  /** 0 or 1. */
  pf(): I32 { return i32.xor(i32.and(i32.popcnt(this.get8(state.PF)), i32.const(1)), i32.const(1)); }
  af(): I32 { return i32.and(i32.shr_u(this.get32(state.AF), i32.const(4)), i32.const(1)); }
  zf(): I32 { return i64.eqz(this.get64(state.ZF)); }
  sf(): I32 { return i64.lt_s(this.get64(state.SF), i64.const(0)); }
  of(): I32 { return i64.lt_s(this.get64(state.OF), i64.const(0)); }
  /** Condition code 0–15 of jcc, setcc and cmovcc: o b z be s p l le, odd numbers negated. 0 or 1. */
  condition(cc: number): I32 {
    const less = () => i64.lt_s(i64.xor(this.get64(state.SF), this.get64(state.OF)), i64.const(0));
    const value = [
      () => this.of(), () => this.cf(), () => this.zf(), () => i32.or(this.cf(), this.zf()),
      () => this.sf(), () => this.pf(), less, () => i32.or(less(), this.zf()),
    ][cc >> 1]();
    return cc & 1 ? i32.eqz(value) : value;
  }
}

const zeroLoad = { 1: i64.load8_u, 2: i64.load16_u, 4: i64.load32_u, 8: i64.load } as const;
const signLoad = { 1: i64.load8_s, 2: i64.load16_s, 4: i64.load32_s, 8: i64.load } as const;
const sizedStore = { 1: i64.store8, 2: i64.store16, 4: i64.store32, 8: i64.store } as const;
/** Loads and stores of guest memory at a translated address. */
export const loadZ = zeroLoad, loadS = signLoad, storeSized = sizedStore;
