/**
 * String instructions, one uop each, repeated forms included: they may fault or run out of budget between iterations with
 * rsi, rdi and rcx up to date, and then start again. Forward movs and stos go by page runs. Field a is the source's segment base.
 */
import { Access, Exit } from '../cpu.ts';
import * as state from '../state.ts';
import { i32, i64, memoryCopy, memoryFill, select, type I32, type I64 } from '../wasm/code.ts';
import { bySize, subFlags, widths } from './alu.ts';
import { ALL_FLAGS, define, type UopSpec } from './define.ts';
import { loadZ, storeSized, type Size, type UopEmitter } from './emitter.ts';

const rax = state.gpr(0), rcx = state.gpr(1), rsi = state.gpr(6), rdi = state.gpr(7);

/** Index registers under an address size of 8 or 4 bytes. */
class Index {
  constructor(private readonly u: UopEmitter, private readonly short: boolean) {}
  get(p: number): I64 { return this.short ? this.u.getZ(p, 4) : this.u.get64(p); }
  add(p: number, n: I64): void {
    if (this.short) this.u.set32(p, i32.wrap_i64(i64.add(this.u.get64(p), n)));
    else this.u.set64(p, i64.add(this.u.get64(p), n));
  }
  source(): I64 { return i64.add(this.u.get64('a'), this.get(rsi)); }
  /** Signed element size by DF. */
  step(size: Size): I64 { return select(i64.const(-size), i64.const(size), this.u.get32(state.DF)); }
}

type Body = (u: UopEmitter, x: Index, size: Size) => void;

/** By element size, then 8- and 4-byte addresses. */
function defineString(name: string, spec: UopSpec, body: Body) {
  return bySize((size) => [false, true].map((short) =>
    define(`${name}${size * 8}${short ? '.a32' : ''}`, spec, (u) => body(u, new Index(u, short), size))));
}

/** while (rcx) body, leaving when the budget is used up. `done` stops after the current iteration. */
function repeat(u: UopEmitter, x: Index, body: (done: (condition: I32) => void) => void): void {
  const more = u.var32(i64.ne(x.get(rcx), i64.const(0)));
  u.while(() => more.get, () => {
    u.if(i32.lt_s(u.get32(state.BUDGET), i32.const(0)), () => u.exit(Exit.Interrupted, u.inPage(u.pc())));
    body((condition) => more.set(i32.and(more.get, i32.eqz(condition))));
    more.set(i32.and(more.get, i64.ne(x.get(rcx), i64.const(0))));
  });
}
const countOne = (u: UopEmitter, x: Index): void => { x.add(rcx, i64.const(-1)); u.retire(i32.const(1)); };

const moveOne: Body = (u, x, size) => {
  const value = u.let64(loadZ[size](u.translate(x.source(), size, Access.Read)));
  u.store(x.get(rdi), size, value);
  const step = u.let64(x.step(size));
  x.add(rsi, step);
  x.add(rdi, step);
};
export const movs = defineString('movs', {}, moveOne);

const toPageEnd = (va: I64): I64 => i64.sub(i64.const(4096), i64.and(va, i64.const(4095)));
const minU = (u: UopEmitter, a: I64, b: I64): I64 => { const x = u.let64(a), y = u.let64(b); return select(x, y, i64.lt_u(x, y)); };
/** Bytes left to do, at most a page, so that the product cannot overflow. */
const bytesLeft = (u: UopEmitter, x: Index, size: Size): I64 => i64.mul(minU(u, x.get(rcx), i64.const(4096)), i64.const(size));
const whole = (n: I64, size: Size): I64 => i64.and(n, i64.const(-size));

/** Registers after `n` bytes went by, and the budget: sixteen bytes count as one instruction. */
function advance(u: UopEmitter, x: Index, n: I64, size: Size, registers: readonly number[]): void {
  for (const p of registers) x.add(p, n);
  x.add(rcx, i64.sub(i64.const(0), i64.div_u(n, i64.const(size))));
  u.retire(i32.add(i32.const(1), i32.wrap_i64(i64.shr_u(n, i64.const(4)))));
}

export const repMovs = defineString('rep.movs', {}, (u, x, size) => repeat(u, x, () => {
  const run = u.var64(i64.const(0));
  u.if(i32.eqz(u.get32(state.DF)), () => {
    const from = u.let64(x.source()), to = u.let64(x.get(rdi));
    const source = u.let32(u.translate(from, 1, Access.Read)), destination = u.let32(u.translate(to, 1, Access.Write));
    run.set(minU(u, bytesLeft(u, x, size), minU(u, toPageEnd(from), toPageEnd(to))));
    // A destination shortly behind the source repeats a pattern: copy no more than the distance at a time.
    const distance = u.let64(i64.extend_i32_u(i32.sub(destination, source)));
    u.if(i32.and(i64.lt_u(distance, run.get), i64.ne(distance, i64.const(0))), () => run.set(distance));
    run.set(whole(run.get, size));
    u.emit(memoryCopy(destination, source, i32.wrap_i64(run.get)));
  });
  u.if(i64.eqz(run.get), () => { moveOne(u, x, size); countOne(u, x); }, () => advance(u, x, run.get, size, [rsi, rdi]));
}));

const storeOne: Body = (u, x, size) => {
  u.store(x.get(rdi), size, u.getZ(rax, size));
  x.add(rdi, x.step(size));
};
export const stos = defineString('stos', {}, storeOne);
export const repStos = defineString('rep.stos', {}, (u, x, size) => repeat(u, x, () => {
  const run = u.var64(i64.const(0));
  u.if(i32.eqz(u.get32(state.DF)), () => {
    const to = u.let64(x.get(rdi));
    const destination = u.let32(u.translate(to, 1, Access.Write));
    run.set(whole(minU(u, bytesLeft(u, x, size), toPageEnd(to)), size));
    const bytes = u.let32(i32.wrap_i64(run.get));
    const value = u.let64(u.getZ(rax, size));
    const byte = i64.and(value, i64.const(255));
    const uniform = size === 1 ? i32.const(1) : i64.eq(value, i64.mul(byte, i64.const({ 2: 0x0101n, 4: 0x01010101n, 8: 0x0101010101010101n }[size])));
    u.if(uniform, () => u.emit(memoryFill(destination, i32.wrap_i64(value), bytes)), () => {
      const at = u.var32(destination);
      const end = u.let32(i32.add(destination, bytes));
      u.while(() => i32.lt_u(at.get, end), () => {
        u.emit(storeSized[size](at.get, value));
        at.set(i32.add(at.get, i32.const(size)));
      });
    });
  });
  u.if(i64.eqz(run.get), () => { storeOne(u, x, size); countOne(u, x); }, () => advance(u, x, run.get, size, [rdi]));
}));

const loadOne: Body = (u, x, size) => {
  u.setSized(rax, size, u.let64(loadZ[size](u.translate(x.source(), size, Access.Read))));
  x.add(rsi, x.step(size));
};
export const lods = defineString('lods', {}, loadOne);
export const repLods = defineString('rep.lods', {}, (u, x, size) => repeat(u, x, () => { loadOne(u, x, size); countOne(u, x); }));

type Operands = (u: UopEmitter, x: Index, size: Size) => { left: I64; right: I64; registers: readonly number[] };
const compared: Operands = (u, x, size) => ({
  left: u.let64(loadZ[size](u.translate(x.source(), size, Access.Read))),
  right: u.let64(loadZ[size](u.translate(x.get(rdi), size, Access.Read))),
  registers: [rsi, rdi],
});
const scanned: Operands = (u, x, size) => ({
  left: u.let64(u.getZ(rax, size)),
  right: u.let64(loadZ[size](u.translate(x.get(rdi), size, Access.Read))),
  registers: [rdi],
});

function compareFlags(u: UopEmitter, size: Size, left: I64, right: I64): void {
  const w = widths[size];
  const narrow = (v: I64): I64 => w.name(u, (size === 8 ? v : i32.wrap_i64(v)) as I64);
  const a = narrow(left), b = narrow(right);
  subFlags(u, w, a, b, w.name(u, w.sub(a, b)), 'plain');
}

function once(name: string, operands: Operands) {
  return defineString(name, { writes: ALL_FLAGS }, (u, x, size) => {
    const { left, right, registers } = operands(u, x, size);
    const step = u.let64(x.step(size));
    for (const p of registers) x.add(p, step);
    compareFlags(u, size, left, right);
  });
}
/** Repeats while the operands are equal, or while they differ. */
function repeated(name: string, equal: boolean, operands: Operands) {
  return defineString(name, { mayWrite: ALL_FLAGS }, (u, x, size) => {
    repeat(u, x, (done) => {
      const { left, right, registers } = operands(u, x, size);
      const step = u.let64(x.step(size));
      for (const p of registers) x.add(p, step);
      countOne(u, x);
      compareFlags(u, size, left, right);
      done(equal ? i64.ne(left, right) : i64.eq(left, right));
    });
  });
}
export const cmps = once('cmps', compared), repeCmps = repeated('repe.cmps', true, compared), repneCmps = repeated('repne.cmps', false, compared);
export const scas = once('scas', scanned), repeScas = repeated('repe.scas', true, scanned), repneScas = repeated('repne.scas', false, scanned);
