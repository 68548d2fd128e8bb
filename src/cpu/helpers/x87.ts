/**
 * The x87 unit: register stack, control, status and tag words, and every instruction as a function of them. Its state lives in
 * the register file in wasm memory (MMX registers are the significands of the physical registers, so that MMX code reaches
 * them directly); only long-double code comes here, so clarity wins over speed. Exceptions are answered as if masked; an unmasked
 * one sets ES and B in the status word. Reference: SDM volume 1, chapter 8, and volume 2.
 *
 * An instruction that writes memory runs in two steps, so that a page fault on its store finds the unit untouched: `prepare` gives the value,
 * `commit` afterwards sets the flags and pops.
 */
import * as arith from './float80-arith.ts';
import {
  absolute, Class, classify, Ex, type Float80, FloatEnv, INDEFINITE, isNaN80, negate, ONE, quiet, Rc, signOf, zero,
} from './float80.ts';
import * as trans from './float80-trans.ts';
import { CONSTANTS, decode, encode, type Source, type Target } from './x87-formats.ts';
import { FCW, FSW, FTAG, FTOP, mmx } from '../state.ts';

/** Status word bits. */
const SF = 0x40, ES = 0x80, C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000, TOP = 0x3800, BUSY = 0x8000;
const CONDITIONS = C0 | C1 | C2 | C3;
const PRECISION = [24, 64, 53, 64];

const EFLAGS_BY_ORDER: readonly number[] = [0, 1, 0, 0, 0x40, 0, 0, 0x45];

export class X87 {
  private readonly env = new FloatEnv();
  /** What `prepare` left for `commit`. */
  private pendingFlags = 0;
  private pendingC1 = false;

  constructor(private readonly memory: { readonly view: DataView }) {}

  get controlWord(): number { return this.memory.view.getUint16(FCW, true); }
  set controlWord(v: number) {
    this.memory.view.setInt32(FCW, (v & 0x1f3f) | 0x40, true);
    this.summarize();
  }

  /** TOP included. */
  get statusWord(): number { return this.memory.view.getUint16(FSW, true) | (this.top << 11); }
  set statusWord(v: number) {
    this.memory.view.setInt32(FSW, v & ~TOP & 0xffff, true);
    this.top = v >> 11;
  }

  /** One bit a physical register, 1 when in use (as FXSAVE has it). */
  get tags(): number { return this.memory.view.getUint8(FTAG); }
  set tags(v: number) { this.memory.view.setInt32(FTAG, v & 255, true); }

  get top(): number { return this.memory.view.getInt32(FTOP, true); }
  set top(v: number) { this.memory.view.setInt32(FTOP, v & 7, true); }

  /** An unmasked exception waits to be reported by the next waiting instruction. */
  get pending(): boolean { return (this.statusWord & ES) !== 0; }

  // ---- registers ----

  physical(i: number): Float80 {
    const p = mmx(i);
    return { se: this.memory.view.getUint16(p + 8, true), m: this.memory.view.getBigUint64(p, true) };
  }

  setPhysical(i: number, a: Float80): void {
    const p = mmx(i);
    this.memory.view.setBigUint64(p, a.m, true);
    this.memory.view.setUint16(p + 8, a.se, true);
  }

  /** Physical register of st(i). */
  index(i: number): number { return (this.top + i) & 7; }
  private empty(i: number): boolean { return ((this.tags >> this.index(i)) & 1) === 0; }
  st(i: number): Float80 { return this.physical(this.index(i)); }

  private set(i: number, a: Float80): void {
    const r = this.index(i);
    this.setPhysical(r, a);
    this.tags |= 1 << r;
  }

  private free(i: number): void { this.tags &= ~(1 << this.index(i)); }

  pop(): void {
    this.free(0);
    this.top++;
  }

  private rotate(by: number): void {
    this.top += by;
    this.conditions(C1, 0);
  }

  // ---- status ----

  private conditions(mask: number, value: number): void { this.statusWord = (this.statusWord & ~mask) | value; }

  private summarize(): void {
    const sw = this.statusWord & ~(ES | BUSY);
    this.statusWord = (sw & 0x3f & ~this.controlWord) !== 0 ? sw | ES | BUSY : sw;
  }

  private begin(): FloatEnv {
    const cw = this.controlWord;
    const env = this.env;
    env.rc = (cw >> 10) & 3;
    env.precision = PRECISION[(cw >> 8) & 3]!;
    env.flags = 0;
    env.roundedUp = false;
    return env;
  }

  private end(): void {
    this.statusWord = (this.statusWord & ~C1) | this.env.flags | (this.env.roundedUp ? C1 : 0);
    if (this.env.flags !== 0) this.summarize();
  }

  private stackFault(overflow: boolean): void {
    this.statusWord = (this.statusWord & ~C1) | Ex.IE | SF | (overflow ? C1 : 0);
    this.summarize();
  }

  /** True, with the fault recorded, when one of the registers is empty. */
  private underflow(...registers: number[]): boolean {
    if (!registers.some((i) => this.empty(i))) return false;
    this.stackFault(false);
    return true;
  }

  // ---- loads ----

  /** Pushes what `make` computes; a used register under the new top is a stack overflow. */
  private push(make: (env: FloatEnv) => Float80): void {
    const overflow = !this.empty(7);
    const value = overflow ? INDEFINITE : make(this.begin());
    this.top--;
    this.set(0, value);
    if (overflow) this.stackFault(true); else this.end();
  }

  load(from: Source, value: bigint, high = 0): void {
    this.push((env) => {
      const a = decode(from, env, value, high);
      return from === 'f80' ? a : quiet(env, a, classify(a));
    });
  }

  loadStack(i: number): void {
    if (!this.empty(i)) { const a = this.st(i); this.push(() => a); return; }
    this.top--;
    this.set(0, INDEFINITE);
    this.stackFault(false);
  }

  loadConstant(name: string): void {
    if (name === 'fld1') { this.push(() => ONE); return; }
    if (name === 'fldz') { this.push(() => zero(0)); return; }
    const k = CONSTANTS[name as keyof typeof CONSTANTS];
    this.push((env) => {
      const q = k.m >> 12n;
      const m = env.rc === Rc.Up || (env.rc === Rc.Nearest && ((k.m >> 11n) & 1n) === 1n) ? q + 1n : q;
      return { se: k.e + 12 + 63 + 16383, m };
    });
  }

  // ---- stores ----

  /** The value an instruction stores from st(0); nothing changes until `commit`. */
  prepare(to: Target): bigint {
    const env = this.begin();
    this.pendingC1 = false;
    if (this.empty(0)) {
      this.pendingFlags = Ex.IE | SF;
      return encode(to, env, INDEFINITE);
    }
    const v = encode(to, env, this.st(0));
    this.pendingFlags = env.flags;
    this.pendingC1 = env.roundedUp;
    return v;
  }

  commit(pop: boolean): void {
    this.statusWord = (this.statusWord & ~C1) | this.pendingFlags | (this.pendingC1 ? C1 : 0);
    if (this.pendingFlags !== 0) this.summarize();
    if (pop) this.pop();
  }

  /** Sign and exponent word of FSTP m80, beside the significand that `prepare` gives. */
  signExponent(): number { return this.empty(0) ? INDEFINITE.se : this.st(0).se; }

  /** `forgiving` is the undocumented D9 D8+i, which ignores an empty st(0). */
  storeStack(i: number, pop: boolean, forgiving: boolean): void {
    if (forgiving && this.empty(0)) { this.pop(); return; }
    const fault = this.underflow(0);
    this.set(i, fault ? INDEFINITE : this.st(0));
    if (!fault) this.conditions(C1, 0);
    if (pop) this.pop();
  }

  // ---- arithmetic ----

  /** st(to) = op(st(a), st(b)), then pops `pops` registers. */
  binary(op: Binary, to: number, a: number, b: number, pops: number): void {
    const fault = this.underflow(a, b);
    if (fault) this.set(to, INDEFINITE);
    else { this.set(to, BINARY[op](this.begin(), this.st(a), this.st(b))); this.end(); }
    if (pops > 0) this.pop();
  }

  /** st(0) = st(0) op memory. */
  binaryMemory(op: Binary, reversed: boolean, from: Source, value: bigint): void {
    if (this.underflow(0)) { this.set(0, INDEFINITE); return; }
    const env = this.begin();
    const b = decode(from, env, value, 0);
    const flags = env.flags;
    const a = this.st(0);
    env.flags = 0;
    const r = reversed ? BINARY[op](env, b, a) : BINARY[op](env, a, b);
    // A denormal memory operand counts only where the operation itself is valid and has no NaN.
    if (!isNaN80(classify(r)) && (env.flags & Ex.ZE) === 0) env.flags |= flags;
    this.set(0, r);
    this.end();
  }

  unary(op: (env: FloatEnv, a: Float80) => Float80): void {
    if (this.underflow(0)) { this.set(0, INDEFINITE); return; }
    this.set(0, op(this.begin(), this.st(0)));
    this.end();
  }

  private remainder(op: typeof arith.rem): void {
    if (this.underflow(0, 1)) { this.set(0, INDEFINITE); this.conditions(C2, 0); return; }
    const r = op(this.begin(), this.st(0), this.st(1));
    this.set(0, r.value);
    this.end();
    if (isNaN80(classify(r.value))) { this.conditions(C1 | C2, 0); return; }
    const q = r.quotient;
    this.conditions(CONDITIONS, r.partial ? C2 : ((q & 4) !== 0 ? C0 : 0) | ((q & 2) !== 0 ? C3 : 0) | ((q & 1) !== 0 ? C1 : 0));
  }

  private xtract(): void {
    const overflow = !this.empty(7);
    if (this.underflow(0) || overflow) {
      if (!this.empty(0)) this.stackFault(true);
      this.set(0, INDEFINITE);
      this.top--;
      this.set(0, INDEFINITE);
      return;
    }
    const r = arith.xtract(this.begin(), this.st(0));
    this.set(0, r.exponent);
    this.top--;
    this.set(0, r.significand);
    this.end();
  }

  /** FSIN and FCOS, FSINCOS, FPTAN: results in st(0), or st(1) and st(0) after a push; C2 when out of range. */
  private trigonometric(op: (env: FloatEnv, a: Float80) => Float80[] | null, pushes: boolean): void {
    const overflow = pushes && !this.empty(7);
    if (this.underflow(0) || overflow) {
      if (!this.empty(0)) this.stackFault(true);
      this.set(0, INDEFINITE);
      if (pushes) { this.top--; this.set(0, INDEFINITE); }
      this.conditions(C2, 0);
      return;
    }
    const r = op(this.begin(), this.st(0));
    if (r === null) { this.conditions(C1 | C2, C2); return; }
    this.set(0, r[0]!);
    if (pushes) { this.top--; this.set(0, r[1]!); }
    this.end();
    this.conditions(C2, 0);
  }

  // ---- comparisons ----

  private compareTo(order: (env: FloatEnv) => number, fault: boolean): number {
    if (fault) return arith.Order.Unordered;
    const env = this.begin();
    const o = order(env);
    this.statusWord |= env.flags;
    if (env.flags !== 0) this.summarize();
    return o;
  }

  private setOrder(o: number): void {
    this.conditions(CONDITIONS, ((o & 1) !== 0 ? C0 : 0) | ((o & 2) !== 0 ? C2 : 0) | ((o & 4) !== 0 ? C3 : 0));
  }

  compare(i: number, quietly: boolean, pops: number): void {
    this.setOrder(this.compareTo((env) => arith.compare(env, this.st(0), this.st(i), quietly), this.underflow(0, i)));
    for (let n = 0; n < pops; n++) this.pop();
  }

  compareMemory(from: Source, value: bigint, pop: boolean): void {
    this.setOrder(this.compareTo((env) => {
      const b = decode(from, env, value, 0);
      const o = arith.compare(env, this.st(0), b, false);
      if (o === arith.Order.Unordered) env.flags &= ~Ex.DE;
      return o;
    }, this.underflow(0)));
    if (pop) this.pop();
  }

  /** FCOMI and FUCOMI: the answer is ZF, PF and CF. */
  compareFlags(i: number, quietly: boolean, pop: boolean): number {
    const o = this.compareTo((env) => arith.compare(env, this.st(0), this.st(i), quietly), this.underflow(0, i));
    if (pop) this.pop();
    return EFLAGS_BY_ORDER[o]!;
  }

  private test(): void {
    this.setOrder(this.compareTo((env) => arith.compare(env, this.st(0), zero(0), false), this.underflow(0)));
  }

  private examine(): void {
    const a = this.st(0);
    const kind = this.empty(0) ? C3 | C0 : EXAMINED[classify(a)]!;
    this.conditions(CONDITIONS, kind | (signOf(a) === 1 ? C1 : 0));
  }

  // ---- stack and control ----

  exchange(i: number): void {
    const fault = this.underflow(0, i);
    const a = this.empty(0) ? INDEFINITE : this.st(0);
    const b = this.empty(i) ? INDEFINITE : this.st(i);
    this.set(0, b);
    this.set(i, a);
    if (!fault) this.conditions(C1, 0);
  }

  /** FCMOVcc with its condition already evaluated. */
  conditionalMove(i: number, condition: boolean): void {
    if (this.underflow(0, i)) { this.set(0, INDEFINITE); return; }
    if (condition) this.set(0, this.st(i));
  }

  freeRegister(i: number, pop: boolean): void {
    this.free(i);
    if (pop) this.pop();
    this.conditions(C1, 0);
  }

  initialize(): void {
    this.memory.view.setInt32(FCW, 0x37f, true);
    this.statusWord = 0;
    this.tags = 0;
  }

  clearExceptions(): void { this.statusWord &= ~(0x7f | ES | BUSY); }

  /** Instructions without operands, by mnemonic. */
  plain(name: PlainName): void { PLAIN[name](this); }

  static readonly plainTable: Readonly<Record<PlainName, (u: X87) => void>> = {
    fchs: (u) => u.unary((_, a) => negate(a)),
    fabs: (u) => u.unary((_, a) => absolute(a)),
    fsqrt: (u) => u.unary(arith.sqrt),
    frndint: (u) => u.unary(arith.rndint),
    f2xm1: (u) => u.unary(trans.f2xm1),
    fscale: (u) => u.binary('fscale', 0, 0, 1, 0),
    fpatan: (u) => u.binary('fpatan', 1, 1, 0, 1),
    fyl2x: (u) => u.binary('fyl2x', 1, 0, 1, 1),
    fyl2xp1: (u) => u.binary('fyl2xp1', 1, 0, 1, 1),
    fprem: (u) => u.remainder(arith.rem),
    fprem1: (u) => u.remainder(arith.rem1),
    fxtract: (u) => u.xtract(),
    fsin: (u) => u.trigonometric((env, a) => { const r = trans.sincos(env, a, 'sin'); return r && [r.sin]; }, false),
    fcos: (u) => u.trigonometric((env, a) => { const r = trans.sincos(env, a, 'cos'); return r && [r.cos]; }, false),
    fsincos: (u) => u.trigonometric((env, a) => { const r = trans.sincos(env, a, 'both'); return r && [r.sin, r.cos]; }, true),
    fptan: (u) => u.trigonometric((env, a) => { const t = trans.tan(env, a); return t && [t, isNaN80(classify(t)) ? t : ONE]; }, true),
    ftst: (u) => u.test(),
    fxam: (u) => u.examine(),
    fcompp: (u) => u.compare(1, false, 2),
    fucompp: (u) => u.compare(1, true, 2),
    fincstp: (u) => u.rotate(1),
    fdecstp: (u) => u.rotate(-1),
    fninit: (u) => u.initialize(),
    fnclex: (u) => u.clearExceptions(),
    emms: (u) => { u.tags = 0; u.top = 0; },
    fld1: (u) => u.loadConstant('fld1'),
    fldz: (u) => u.loadConstant('fldz'),
    fldl2t: (u) => u.loadConstant('fldl2t'),
    fldl2e: (u) => u.loadConstant('fldl2e'),
    fldpi: (u) => u.loadConstant('fldpi'),
    fldlg2: (u) => u.loadConstant('fldlg2'),
    fldln2: (u) => u.loadConstant('fldln2'),
  };
}

const BINARY = {
  fadd: arith.add,
  fsub: arith.sub,
  fmul: arith.mul,
  fdiv: arith.div,
  fscale: arith.scale,
  fpatan: trans.fpatan,
  fyl2x: trans.fyl2x,
  fyl2xp1: trans.fyl2xp1,
} as const;
export type Binary = keyof typeof BINARY;

/** FXAM's C3 C2 C0 by class. */
const EXAMINED: Readonly<Record<Class, number>> = {
  [Class.Zero]: C3, [Class.Denormal]: C3 | C2, [Class.Normal]: C2, [Class.Infinity]: C2 | C0,
  [Class.QuietNaN]: C0, [Class.SignalingNaN]: C0, [Class.Unsupported]: 0,
};

export type PlainName =
  | 'fchs' | 'fabs' | 'fsqrt' | 'frndint' | 'f2xm1' | 'fscale' | 'fpatan' | 'fyl2x' | 'fyl2xp1' | 'fprem' | 'fprem1' | 'fxtract' | 'fsin' | 'fcos'
  | 'fsincos' | 'fptan' | 'ftst' | 'fxam' | 'fcompp' | 'fucompp' | 'fincstp' | 'fdecstp' | 'fninit' | 'fnclex' | 'emms' | 'fld1' | 'fldz' | 'fldl2t'
  | 'fldl2e' | 'fldpi' | 'fldlg2' | 'fldln2';
const PLAIN = X87.plainTable;
export const plainNames = Object.keys(PLAIN) as PlainName[];
