/**
 * Uops as the interpreter runs them: operands come from the record that local 0 points to. In the main switch, control
 * flow is branches to its loops; in a function of its own, it is the return value (generate.ts).
 */
import { Exit } from '../cpu.ts';
import * as state from '../state.ts';
import { storeSized, UopEmitter, type Field, type Place, type Size } from '../uops/emitter.ts';
import { Offset } from '../uops/record.ts';
import { br, call, i32, i64, localGet, localSet, ret, v128, ValType, type Code, type I32, type I64, type V128 } from '../wasm/code.ts';

/** Function indices the code calls. */
export interface Runtime {
  /** (va i64, size i32, access i32) -> physical address or -1, with the fault recorded. */
  readonly translate: number;
  /** (va i64, value i64, size i32) -> 0, or -1 with the fault recorded. */
  readonly store: number;
  /** (va i64, value v128) -> 0 or -1. */
  readonly storeV: number;
  /** (helper, record) -> nonzero when it raised. */
  readonly helper: number;
}

/** Locals of the main function; a uop's own function has only the first. */
export const RECORD_LOCAL = 0, PC_LOCAL = 1, PATCH_LOCAL = 2, TABLE_LOCAL = 3, CONDITION_LOCAL = 4, FIRST_FREE_LOCAL = 5;

/** What a uop's function returns: go on; look up state.RIP; or an Exit, to be returned from the run. */
export const Outcome = { Next: -1, Lookup: -2 } as const;

const FIELD = { d: Offset.d, a: Offset.a, b: Offset.b, c: Offset.c } as const;

/** Hands out locals of one function; a uop starts over, so that all uops of the main switch share them. */
export class Locals {
  readonly types: ValType[] = [];
  private readonly byType = new Map<ValType, number[]>();
  private used = new Map<ValType, number>();
  constructor(private readonly firstIndex: number) {}
  reset(): void { this.used = new Map(); }
  take(type: ValType): number {
    const all = this.byType.get(type) ?? [];
    this.byType.set(type, all);
    const n = this.used.get(type) ?? 0;
    this.used.set(type, n + 1);
    if (n === all.length) all.push(this.firstIndex + this.types.push(type) - 1);
    return all[n];
  }
}

abstract class RecordEmitter extends UopEmitter {
  protected readonly r: I32 = localGet<I32>(RECORD_LOCAL);
  constructor(protected readonly runtime: Runtime, protected readonly locals: Locals) { super(); }

  protected abstract readonly tableBase: I32;

  /** Emits one uop and returns its code. */
  run(emit: (u: UopEmitter) => void, indexed: boolean): Code {
    this.locals.reset();
    this.indexed = indexed;
    return this.collect(() => { emit(this); this.finish(); });
  }
  protected abstract finish(): void;

  protected newLocal(type: ValType): number { return this.locals.take(type); }
  protected at(place: Place): I32 { return typeof place === 'number' ? i32.const(place) : i32.load16_u(this.r, FIELD[place]); }
  imm(): I64 { return i64.load(this.r, Offset.imm); }
  disp(): I64 { return i64.load32_s(this.r, Offset.disp); }
  imm32(): I32 { return i32.load(this.r, Offset.imm32); }
  aux(): I32 { return i32.load(this.r, Offset.aux); }
  pc(): I32 { return i32.load16_u(this.r, Offset.pc); }
  raw(field: Field): I32 { return i32.load16_u(this.r, FIELD[field]); }
  record(): I32 { return this.r; }

  /**
   * Address translation, the one place of it: a flat table for the low 4 GiB; everything else, and whatever lacks a
   * permission or crosses a page, goes to the runtime function. `hit` gets the physical address, `miss` the slow way.
   */
  private withAddress(va: I64, size: number, access: number, hit: (p: I32) => void, miss: (va: I64) => void): void {
    const v = this.let64(va);
    const low = this.let32(i32.wrap_i64(v));
    const entry = this.let32(i32.load(i32.add(this.tableBase, i32.shl(i32.shr_u(low, i32.const(12)), i32.const(2)))));
    let bad = i32.or(i32.eqz(i32.and(entry, i32.const(access))), i64.gt_u(v, i64.const(0xffffffff)));
    if (size > 1) bad = i32.or(bad, i32.gt_u(i32.and(low, i32.const(4095)), i32.const(4096 - size)));
    this.if(bad, () => {
      this.emit(i32.store(i32.const(state.RECORD), this.r));
      miss(v);
    }, () => hit(i32.or(i32.and(entry, i32.const(-4096)), i32.and(low, i32.const(4095)))));
  }

  translate(va: I64, size: number, access: number): I32 {
    const p = this.var32();
    this.withAddress(va, size, access, p.set, (v) => {
      p.set(call<I32>(this.runtime.translate, v, i32.const(size), i32.const(access)));
      this.if(i32.eq(p.get, i32.const(-1)), () => this.emit(ret(i32.const(Exit.Fault))));
    });
    return p.get;
  }
  store(va: I64, size: Size, value: I64): void {
    const x = this.let64(value);
    this.withAddress(va, size, 2, (p) => this.emit(storeSized[size](p, x)), (v) =>
      this.if(call<I32>(this.runtime.store, v, x, i32.const(size)), () => this.emit(ret(i32.const(Exit.Fault)))));
  }
  storeV(va: I64, value: V128): void {
    const x = this.letV(value);
    this.withAddress(va, 16, 2, (p) => this.emit(v128.store(p, x)), (v) =>
      this.if(call<I32>(this.runtime.storeV, v, x), () => this.emit(ret(i32.const(Exit.Fault)))));
  }
  raise(vector: I32): void {
    this.emit([i32.store(i32.const(state.FAULT_VECTOR), vector), i32.store(i32.const(state.RECORD), this.r), ret(i32.const(Exit.Fault))]);
  }
  helper(id: number): void {
    this.emit(i32.store(i32.const(state.RECORD), this.r));
    this.if(call<I32>(this.runtime.helper, i32.const(id), this.r), () => this.emit(ret(i32.const(Exit.Fault))));
  }
  /** The whole of a branch. */
  protected emitBranch(condition: I32): void {
    this.retire(this.raw('d'));
    this.if(condition, () => this.goto('taken', this.aux()));
    this.goto('next', this.raw('c'));
  }
  exit(code: number, va: I64): void { this.emit([i64.store(i32.const(state.RIP), va), ret(i32.const(code))]); }
}

/** A uop as a case of the main switch. */
export class CaseEmitter extends RecordEmitter {
  protected readonly tableBase = localGet<I32>(TABLE_LOCAL);
  /** Label of the dispatch loop as seen from the case's outermost level; the branch tail is one further in, the lookup loop one out. */
  loopLabel = 0;

  protected finish(): void {
    this.emit([localSet(RECORD_LOCAL, i32.add(this.r, i32.const(32))), br(this.loopLabel + this.depth)]);
  }
  /** All branches share one tail behind the cases. */
  branch(condition: I32): void {
    this.emit([localSet(CONDITION_LOCAL, condition), br(this.loopLabel - 1 + this.depth)]);
  }
  /** That tail, in the dispatch loop. */
  branchTail(): Code {
    this.locals.reset();
    this.loopLabel = 0;
    return this.collect(() => this.emitBranch(localGet<I32>(CONDITION_LOCAL)));
  }
  goto(successor: 'taken' | 'next', offset: I32): void {
    const field = Offset[successor];
    const target = this.let32(i32.load(this.r, field));
    this.if(target, () => {
      if (successor === 'taken') {
        this.if(i32.lt_s(this.get32(state.BUDGET), i32.const(0)), () => this.exit(Exit.Interrupted, this.inPage(offset)));
      }
      this.emit([localSet(RECORD_LOCAL, target), br(this.loopLabel + this.depth)]);
    });
    this.if(i32.lt_u(offset, i32.const(4096)), () => this.emit(localSet(PATCH_LOCAL, i32.add(this.r, i32.const(field)))));
    this.jump(this.inPage(offset));
  }
  jump(va: I64): void {
    this.emit([localSet(PC_LOCAL, va), br(this.loopLabel + 1 + this.depth)]);
  }
}

/** A uop as a function (record) -> Outcome or Exit. */
export class FunctionEmitter extends RecordEmitter {
  protected readonly tableBase = i32.load(i32.const(state.TABLE_BASE));

  protected finish(): void { this.emit(i32.const(Outcome.Next)); }
  branch(condition: I32): void { this.emitBranch(condition); }
  goto(_successor: 'taken' | 'next', offset: I32): void { this.jump(this.inPage(offset)); }
  jump(va: I64): void { this.exit(Outcome.Lookup, va); }
}

