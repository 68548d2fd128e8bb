/**
 * Generates the interpreter's WebAssembly module from the uop table: one function with all hot uops in a br_table inside
 * two loops (look up a guest address; dispatch a record), a small function for every other uop, and the slow paths of
 * address translation. Importing this file's users must have loaded all uop definitions (x64/lower/index.ts).
 */
import { Access, Exit } from '../cpu.ts';
import * as state from '../state.ts';
import { storeSized, type Size } from '../uops/emitter.ts';
import { uops } from '../uops/define.ts';
import { MARK, Offset } from '../uops/record.ts';
import { block, br, brIf, brTable, call, callIndirect, i32, i64, ifElse, localGet, localSet, loop, memoryCopy, ret, v128, ValType, type Code, type I32, type I64, type Stmt, type V128 } from '../wasm/code.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { CaseEmitter, FIRST_FREE_LOCAL, FunctionEmitter, Locals, Outcome, PATCH_LOCAL, PC_LOCAL, RECORD_LOCAL, TABLE_LOCAL, type Runtime } from './emitter.ts';

const I = ValType.i32, L = ValType.i64, V = ValType.v128;


export interface Imports {
  memory: WebAssembly.Memory;
  /** Guest address as two halves -> translation entry of its page with that access, or 0 with the fault recorded. */
  miss(low: number, high: number, access: number): number;
  /** Guest address as two halves -> record, or 0: leave the run with state.FETCH_EXIT. */
  fetch(low: number, high: number): number;
  helper(id: number, record: number): number;
}

export function generateInterpreter(initialPages: number, maximumPages: number): Uint8Array {
  const m = new ModuleBuilder();
  m.importMemory('env', 'memory', initialPages, maximumPages);
  const miss = m.importFunction('env', 'miss', { params: [I, I, I], results: [I] });
  const fetch = m.importFunction('env', 'fetch', { params: [I, I], results: [I] });
  const helper = m.importFunction('env', 'helper', { params: [I, I], results: [I] });
  const page = m.declare({ params: [L, I], results: [I] });
  const translate = m.declare({ params: [L, I, I], results: [I] });
  const store = m.declare({ params: [L, L, I], results: [I] });
  const storeV = m.declare({ params: [L, V], results: [I] });
  const runtime: Runtime = { translate, store, storeV, helper };

  m.define(page, [I, I], pageBody(miss));
  m.define(translate, [I, I, I], translateBody(page));
  m.define(store, [I], storeBody(page, translate));
  m.define(storeV, [I], storeVBody(page, translate));

  const functionType = { params: [I], results: [I] };
  const table = uops.map((uop) => {
    if (uop.hot) return page;
    const locals = new Locals(1);
    const index = m.declare(functionType);
    m.define(index, [], []);
    const code = new FunctionEmitter(runtime, locals).run(uop.emit, uop.indexed);
    m.define(index, locals.types, code);
    return index;
  });
  m.table(table);

  const run = m.declare({ params: [], results: [I] });
  const locals = new Locals(FIRST_FREE_LOCAL);
  const body = runBody(runtime, locals, fetch, m.type(functionType));
  m.define(run, [I, L, I, I, I, ...locals.types], body);
  m.exportFunction('run', run);
  m.exportFunction('translate', translate);
  return m.build();
}

function runBody(runtime: Runtime, locals: Locals, fetch: number, functionType: number): Code {
  const r = localGet<I32>(RECORD_LOCAL), pc = localGet<I64>(PC_LOCAL), patch = localGet<I32>(PATCH_LOCAL), tableBase = localGet<I32>(TABLE_LOCAL);
  const hot = uops.filter((u) => u.hot);
  const cases = hot.length + 1;
  const emitter = new CaseEmitter(runtime, locals);

  const depths = uops.map(() => hot.length);
  let nest: Code = [];
  hot.forEach((uop, k) => { depths[uop.id] = k; });
  nest = brTable(i32.load16_u(r, Offset.op), depths, hot.length);
  hot.forEach((uop, k) => {
    emitter.loopLabel = cases - k;
    nest = [block(nest), emitter.run(uop.emit, uop.indexed)];
  });
  const outcome = locals.take(I);
  const o = localGet<I32>(outcome);
  nest = [block(nest),
    localSet(outcome, callIndirect<I32>(functionType, i32.load16_u(r, Offset.op), r)),
    ifElse(i32.eq(o, i32.const(Outcome.Next)), [localSet(RECORD_LOCAL, i32.add(r, i32.const(32))), br(2)]),
    ifElse(i32.eq(o, i32.const(Outcome.Lookup)), [localSet(PC_LOCAL, i64.load(i32.const(state.RIP))), br(3)]),
    ret(o)];
  nest = [block(nest), emitter.branchTail()];

  const low = i32.wrap_i64(pc), high = i32.wrap_i64(i64.shr_u(pc, i64.const(32)));
  const entry = i32.load(i32.add(tableBase, i32.shl(i32.shr_u(low, i32.const(12)), i32.const(2))));
  const codePage = (physical: I32): I32 => i32.load(i32.shl(i32.shr_u(physical, i32.const(12)), i32.const(2)), state.CODE_PAGES);
  return [
    localSet(TABLE_LOCAL, i32.load(i32.const(state.TABLE_BASE))),
    localSet(PC_LOCAL, i64.load(i32.const(state.RIP))),
    loop([
      ifElse(i32.lt_s(i32.load(i32.const(state.BUDGET)), i32.const(0)), [i64.store(i32.const(state.RIP), pc), ret(i32.const(Exit.Interrupted))]),
      localSet(RECORD_LOCAL, i32.const(0)),
      block([
        brIf(0, i64.gt_u(pc, i64.const(0xffffffff))),
        localSet(outcome, entry),
        brIf(0, i32.eqz(i32.and(o, i32.const(Access.Execute)))),
        localSet(outcome, codePage(o)),
        brIf(0, i32.eqz(o)),
        localSet(RECORD_LOCAL, i32.load(i32.add(o, i32.shl(i32.and(low, i32.const(4095)), i32.const(2))))),
      ]),
      ifElse(i32.le_u(r, i32.const(MARK)), [
        i64.store(i32.const(state.RIP), pc),
        localSet(RECORD_LOCAL, call<I32>(fetch, low, high)),
        ifElse(i32.eqz(r), ret(i32.load(i32.const(state.FETCH_EXIT)))),
      ]),
      i64.store(i32.const(state.PAGEVA), i64.and(pc, i64.const(-4096))),
      ifElse(patch, [i32.store(patch, r), localSet(PATCH_LOCAL, i32.const(0))]),
      loop(nest),
    ]),
    [0x00],
  ];
}

/** (va, access) -> physical address of the byte, or -1. */
function pageBody(miss: number): Stmt {
  const va = localGet<I64>(0), access = localGet<I32>(1), entry = localGet<I32>(2), slot = localGet<I32>(3);
  const pageNumber = i64.shr_u(va, i64.const(12));
  const offset = i32.and(i32.wrap_i64(va), i32.const(4095));
  const done = ret(i32.or(i32.and(entry, i32.const(-4096)), offset));
  return [
    ifElse(i64.le_u(va, i64.const(0xffffffff)), [
      localSet(2, i32.load(i32.add(i32.load(i32.const(state.TABLE_BASE)), i32.shl(i32.wrap_i64(pageNumber), i32.const(2))))),
      ifElse(i32.and(entry, access), done),
    ], [
      localSet(3, i32.shl(i32.and(i32.wrap_i64(i64.xor(pageNumber, i64.shr_u(va, i64.const(30)))), i32.const(state.TLB_ENTRIES - 1)), i32.const(4))),
      ifElse(i64.eq(i64.load(slot, state.TLB), pageNumber), [
        localSet(2, i32.load(slot, state.TLB + 8)),
        ifElse(i32.and(entry, access), done),
      ]),
    ]),
    localSet(2, call<I32>(miss, i32.wrap_i64(va), i32.wrap_i64(i64.shr_u(va, i64.const(32))), access)),
    ifElse(i32.eqz(entry), ret(i32.const(-1))),
    i32.or(i32.and(entry, i32.const(-4096)), offset),
  ];
}

/** Start of the page behind `va`. */
const nextPage = (va: I64): I64 => i64.add(i64.or(va, i64.const(4095)), i64.const(1));
const crosses = (va: I64, size: I32): I32 => i32.gt_u(i32.add(i32.and(i32.wrap_i64(va), i32.const(4095)), size), i32.const(4096));
const bounce = i32.const(state.BOUNCE);
/** Bytes of an access that lie in its first page. */
const head = (va: I64): I32 => i32.sub(i32.const(4096), i32.and(i32.wrap_i64(va), i32.const(4095)));

/** (va, size, access) -> physical address, the bounce buffer, or -1. */
function translateBody(page: number): Stmt {
  const va = localGet<I64>(0), size = localGet<I32>(1), access = localGet<I32>(2), first = localGet<I32>(3), second = localGet<I32>(4), n = localGet<I32>(5);
  const failed = i32.const(-1);
  return [
    localSet(3, call<I32>(page, va, access)),
    ifElse(i32.eq(first, failed), ret(failed)),
    ifElse(crosses(va, size), [
      localSet(4, call<I32>(page, nextPage(va), access)),
      ifElse(i32.eq(second, failed), ret(failed)),
      // The second miss may have changed what the first found (copy-on-write of the same page mapped twice).
      localSet(3, call<I32>(page, va, access)),
      ifElse(i32.eq(first, failed), ret(failed)),
      localSet(5, head(va)),
      memoryCopy(bounce, first, n),
      memoryCopy(i32.add(bounce, n), second, i32.sub(size, n)),
      ret(bounce),
    ]),
    first,
  ];
}

/** Writes the bounce buffer to the two pages of (va, size): locals `first` and scratch. */
function flushBounce(page: number, va: I64, size: I32): Stmt {
  return [
    memoryCopy(call<I32>(page, va, i32.const(Access.Write)), bounce, head(va)),
    memoryCopy(call<I32>(page, nextPage(va), i32.const(Access.Write)), i32.add(bounce, head(va)), i32.sub(size, head(va))),
  ];
}

/** (va, value, size) -> 0 or -1. */
function storeBody(page: number, translate: number): Stmt {
  const va = localGet<I64>(0), value = localGet<I64>(1), size = localGet<I32>(2), p = localGet<I32>(3);
  const bySize = ([1, 2, 4] as Size[]).map((s) => ifElse(i32.eq(size, i32.const(s)), [storeSized[s](p, value), br(1)]));
  return [
    localSet(3, call<I32>(translate, va, size, i32.const(Access.Write))),
    ifElse(i32.eq(p, i32.const(-1)), ret(i32.const(-1))),
    block([...bySize, i64.store(p, value)]),
    ifElse(i32.eq(p, bounce), flushBounce(page, va, size)),
    i32.const(0),
  ];
}

function storeVBody(page: number, translate: number): Stmt {
  const va = localGet<I64>(0), value = localGet<V128>(1), p = localGet<I32>(2);
  return [
    localSet(2, call<I32>(translate, va, i32.const(16), i32.const(Access.Write))),
    ifElse(i32.eq(p, i32.const(-1)), ret(i32.const(-1))),
    v128.store(p, value),
    ifElse(i32.eq(p, bounce), flushBounce(page, va, i32.const(16))),
    i32.const(0),
  ];
}

