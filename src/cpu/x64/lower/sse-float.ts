/** SSE floating point: arithmetic, logic, comparison, conversion, rounding; and MXCSR and FXSAVE state. */
import { MXCSR } from '../../state.ts';
import { fxrstorOp, fxsaveOp, ldmxcsr } from '../../uops/fpstate.ts';
import { checkAligned, lea64, load, store } from '../../uops/memory.ts';
import { betweenFloats, fromInteger, fromMmx, fromPacked, roundOps, ROUNDINGS, toInteger, toMmx, toPacked } from '../../uops/vec-convert.ts';
import { approximateOps, arithmeticOps, compareFlags, compareOps, dotProducts, horizontalOps, minMaxOps, type FloatForms } from '../../uops/vec-float.ts';
import { packedOps } from '../../uops/vec-int.ts';
import { clearV } from '../../uops/vec-shuffle.ts';
import { Kind } from '../insn.ts';
import { lower, type Lowering } from './lower.ts';
import { eachLowering, exponentOf, immediateLowering, touchMmx, unaryLowering, vectorLowering } from './vector.ts';

type Form = keyof FloatForms;
const FORMS: readonly Form[] = ['ps', 'pd', 'ss', 'sd'];

const forms = (name: string, op: FloatForms, make: (op: number) => Lowering): Record<string, Lowering> =>
  Object.fromEntries(FORMS.map((f) => [name + f, make(op[f])]));

/** The predicate is the low three bits of the immediate. */
const compare = (form: Form): Lowering => (b, i) => b.emit(compareOps[i.immLo & 7][form], b.place(0), b.place(0), b.readV(1));

const round = (name: 'roundps' | 'roundpd' | 'roundss' | 'roundsd'): Lowering => (b, i) => {
  const mode = (i.immLo & 4) !== 0 ? 'mxcsr' : ROUNDINGS[i.immLo & 3];
  b.emit(roundOps[mode][name], b.place(0), b.readV(1), 0, 0, i.immLo & 8);
};

const order = (op: number): Lowering => (b) => b.emit(op, 0, b.place(0), b.readV(1));

const integerResult = (ops: { readonly 4: number; readonly 8: number }): Lowering => (b, i) => b.emit(ops[i.osize[0] as 4 | 8], b.place(0), b.readV(1));
const integerSource = (ops: { readonly 4: number; readonly 8: number }): Lowering => (b, i) => b.emit(ops[i.osize[1] as 4 | 8], b.place(0), b.read(1));

const xor: Lowering = (b, i) => {
  if (i.kind[1] === Kind.Xmm && i.reg[0] === i.reg[1]) b.emit(clearV, b.place(0));
  else b.emit(packedOps.pxor.xmm, b.place(0), b.place(0), b.readV(1));
};

lower({
  ...forms('add', arithmeticOps.add, vectorLowering),
  ...forms('sub', arithmeticOps.sub, vectorLowering),
  ...forms('mul', arithmeticOps.mul, vectorLowering),
  ...forms('div', arithmeticOps.div, vectorLowering),
  ...forms('sqrt', arithmeticOps.sqrt, (op) => (b) => { const a = b.readV(1); b.emit(op, b.place(0), a, a); }),
  ...forms('min', minMaxOps.min, vectorLowering),
  ...forms('max', minMaxOps.max, vectorLowering),
  ...Object.fromEntries(FORMS.map((f) => [`cmp${f}`, compare(f)])),
  ...eachLowering(horizontalOps, vectorLowering),
  ...eachLowering(approximateOps, vectorLowering),
  ...eachLowering(dotProducts, immediateLowering),
  'andps andpd': vectorLowering(packedOps.pand.xmm),
  'andnps andnpd': vectorLowering(packedOps.pandn.xmm),
  'orps orpd': vectorLowering(packedOps.por.xmm),
  'xorps xorpd': xor,
  comiss: order(compareFlags.comi.ss),
  comisd: order(compareFlags.comi.sd),
  ucomiss: order(compareFlags.ucomi.ss),
  ucomisd: order(compareFlags.ucomi.sd),
  cvtss2si: integerResult(toInteger.cvtss2si),
  cvttss2si: integerResult(toInteger.cvttss2si),
  cvtsd2si: integerResult(toInteger.cvtsd2si),
  cvttsd2si: integerResult(toInteger.cvttsd2si),
  cvtsi2ss: integerSource(fromInteger.cvtsi2ss),
  cvtsi2sd: integerSource(fromInteger.cvtsi2sd),
  ...eachLowering(betweenFloats, unaryLowering),
  ...eachLowering(fromPacked, unaryLowering),
  ...eachLowering(toPacked, unaryLowering),
  ...eachLowering(toMmx, (op) => (b) => b.emit(op, b.place(0), b.readV(1), 0, exponentOf(b.place(0)))),
  ...eachLowering(fromMmx, (op) => (b, i) => { b.emit(op, b.place(0), b.readV(1)); touchMmx(b, i, 1); }),
  roundps: round('roundps'),
  roundpd: round('roundpd'),
  roundss: round('roundss'),
  roundsd: round('roundsd'),
  ldmxcsr: (b) => { const t = b.temp(); b.mem(load[4], t); b.emit(ldmxcsr, 0, t); },
  stmxcsr: (b) => b.mem(store[4], 0, MXCSR),
  fxsave: (b) => { const t = b.temp(); b.mem(checkAligned, 0, 0, 16); b.mem(lea64, t); b.emit(fxsaveOp, 0, t); },
  fxrstor: (b) => { const t = b.temp(); b.mem(checkAligned, 0, 0, 16); b.mem(lea64, t); b.emit(fxrstorOp, 0, t); },
});
