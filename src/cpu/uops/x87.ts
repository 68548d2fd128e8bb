/** The x87 instructions as helper uops around helpers/x87.ts. Parameters are in aux; values pass through temporaries. */
import { Vector } from '../cpu.ts';
import { type Binary, plainNames, type PlainName, X87 } from '../helpers/x87.ts';
import type { Source, Target } from '../helpers/x87-formats.ts';
import * as image from '../helpers/x87-image.ts';
import type { PhysicalMemory } from '../memory.ts';
import { AF, CF, OF, PF, SF, ZF } from '../state.ts';
import { Flag } from './define.ts';
import { defineHelper, type Helper, type HelperCpu } from './helper.ts';
import { Offset } from './record.ts';
import { operand } from './vec-float.ts';

const units = new WeakMap<PhysicalMemory, X87>();
/** The x87 unit of a CPU. */
export function unitOf(cpu: { readonly memory: PhysicalMemory }): X87 {
  let unit = units.get(cpu.memory);
  if (unit === undefined) units.set(cpu.memory, unit = new X87(cpu.memory));
  return unit;
}

const auxOf = (cpu: HelperCpu, record: number): number => cpu.memory.i32[(record + Offset.aux) >> 2];
const quad = (cpu: HelperCpu, at: number): bigint => cpu.memory.view.getBigInt64(at, true);

/** A waiting instruction: reports a pending unmasked exception first. */
function waiting(run: (unit: X87, cpu: HelperCpu, record: number) => void): Helper {
  return (cpu, record) => {
    const unit = unitOf(cpu);
    if (unit.pending) cpu.raise(Vector.MF);
    else run(unit, cpu, record);
  };
}

const table = <K extends string, V>(keys: readonly K[], make: (key: K) => V): Readonly<Record<K, V>> =>
  Object.fromEntries(keys.map((k) => [k, make(k)])) as Record<K, V>;

const SOURCES: readonly Source[] = ['f32', 'f64', 'f80', 'i16', 'i32', 'i64', 'bcd'];
const TARGETS: readonly Target[] = ['f32', 'f64', 'f80', 'i16', 'i32', 'i64', 't16', 't32', 't64', 'bcd'];
const BINARIES: readonly Binary[] = ['fadd', 'fsub', 'fmul', 'fdiv'];
const UNWAITING: readonly PlainName[] = ['fninit', 'fnclex'];

export const fwait = defineHelper('fwait', {}, waiting(() => {}));

/** Instructions without operands. */
export const plain = table(plainNames, (name) =>
  defineHelper(name, {}, UNWAITING.includes(name) ? (cpu) => unitOf(cpu).plain(name) : waiting((unit) => unit.plain(name))));

/** Pushes the value at a; the upper 16 bits of 80 are at b. */
export const loadFrom = table(SOURCES, (source) => defineHelper(`fld.${source}`, {}, waiting((unit, cpu, record) =>
  unit.load(source, quad(cpu, operand(cpu, record, 'a')), cpu.memory.view.getUint16(operand(cpu, record, 'b'), true)))));
/** Pushes st(aux). */
export const loadStack = defineHelper('fld.st', {}, waiting((unit, cpu, record) => unit.loadStack(auxOf(cpu, record))));

/** The value to store goes to d, the upper 16 bits of 80 to c; `commit` follows when it is stored. */
export const prepare = table(TARGETS, (target) => defineHelper(`fst.${target}`, {}, waiting((unit, cpu, record) => {
  const { view } = cpu.memory;
  const value = unit.prepare(target);
  view.setBigInt64(operand(cpu, record, 'd'), BigInt.asIntN(64, value), true);
  if (target === 'f80') view.setUint16(operand(cpu, record, 'c'), unit.signExponent(), true);
  if (target === 'bcd') view.setUint16(operand(cpu, record, 'c'), Number(value >> 64n), true);
})));
/** Sets the flags of the store; pops when aux is 1. */
export const commit = defineHelper('fst.commit', {}, (cpu, record) => unitOf(cpu).commit(auxOf(cpu, record) === 1));
/** aux: register, 8 to pop, 16 for the form that ignores an empty st(0). */
export const storeStack = defineHelper('fst.st', {}, waiting((unit, cpu, record) => {
  const aux = auxOf(cpu, record);
  unit.storeStack(aux & 7, (aux & 8) !== 0, (aux & 16) !== 0);
}));

/** aux: destination, first operand * 8, second operand * 64, 512 to pop. */
export const binary = table(BINARIES, (op) => defineHelper(`${op}.st`, {}, waiting((unit, cpu, record) => {
  const aux = auxOf(cpu, record);
  unit.binary(op, aux & 7, (aux >> 3) & 7, (aux >> 6) & 7, aux >> 9);
})));
/** st(0) op= the value at a; aux 1 exchanges the operands. */
export const binaryMemory = table(BINARIES, (op) => table(SOURCES, (source) => defineHelper(`${op}.${source}`, {}, waiting((unit, cpu, record) =>
  unit.binaryMemory(op, auxOf(cpu, record) === 1, source, quad(cpu, operand(cpu, record, 'a')))))));

/** aux: register, 8 for an unordered comparison, 16 * pops. */
export const compareStack = defineHelper('fcom.st', {}, waiting((unit, cpu, record) => {
  const aux = auxOf(cpu, record);
  unit.compare(aux & 7, (aux & 8) !== 0, aux >> 4);
}));
/** Compares st(0) with the value at a; pops when aux is 1. */
export const compareMemory = table(SOURCES, (source) => defineHelper(`fcom.${source}`, {}, waiting((unit, cpu, record) =>
  unit.compareMemory(source, quad(cpu, operand(cpu, record, 'a')), auxOf(cpu, record) === 1))));
/** FCOMI family, aux as compareStack. */
export const compareFlags = defineHelper('fcomi', { writes: Flag.C | Flag.P | Flag.A | Flag.Z | Flag.S | Flag.O }, waiting((unit, cpu, record) => {
  const aux = auxOf(cpu, record);
  const f = unit.compareFlags(aux & 7, (aux & 8) !== 0, aux >> 4 !== 0);
  const { view } = cpu.memory;
  view.setInt32(CF, f & 1, true);
  // One bit set is odd parity.
  view.setInt32(PF, (f & 4) !== 0 ? 0 : 1, true);
  view.setBigInt64(ZF, (f & 0x40) !== 0 ? 0n : 1n, true);
  view.setInt32(AF, 0, true);
  view.setBigInt64(SF, 0n, true);
  view.setBigInt64(OF, 0n, true);
}));

export const exchange = defineHelper('fxch', {}, waiting((unit, cpu, record) => unit.exchange(auxOf(cpu, record))));
/** aux: register, 8 to pop. */
export const free = defineHelper('ffree', {}, waiting((unit, cpu, record) => {
  const aux = auxOf(cpu, record);
  unit.freeRegister(aux & 7, (aux & 8) !== 0);
}));

type Condition = 'b' | 'e' | 'be' | 'u';
const CONDITIONS: Readonly<Record<Condition, { reads: number; holds(view: DataView): boolean }>> = {
  b: { reads: Flag.C, holds: (v) => v.getInt32(CF, true) !== 0 },
  e: { reads: Flag.Z, holds: (v) => v.getBigInt64(ZF, true) === 0n },
  be: { reads: Flag.C | Flag.Z, holds: (v) => v.getInt32(CF, true) !== 0 || v.getBigInt64(ZF, true) === 0n },
  u: { reads: Flag.P, holds: (v) => evenParity(v.getUint8(PF)) },
};
function evenParity(byte: number): boolean {
  byte ^= byte >> 4;
  byte ^= byte >> 2;
  return ((byte ^ (byte >> 1)) & 1) === 0;
}
/** st(0) = st(aux) when the condition holds, or when it does not. */
const conditionalMoves = (['b', 'e', 'be', 'u'] as const).flatMap((cc) => [false, true].map((negated): [string, number] => {
  const name = `fcmov${negated ? 'n' : ''}${cc}`;
  return [name, defineHelper(name, { reads: CONDITIONS[cc].reads }, waiting((unit, cpu, record) =>
    unit.conditionalMove(auxOf(cpu, record), CONDITIONS[cc].holds(cpu.memory.view) !== negated)))];
}));
export const conditionalMove: Readonly<Record<string, number>> = Object.fromEntries(conditionalMoves);

/** Control word from a; status word to d. */
export const setControl = defineHelper('fldcw', {}, waiting((unit, cpu, record) => { unit.controlWord = cpu.memory.view.getUint16(operand(cpu, record, 'a'), true); }));
export const getStatus = defineHelper('fnstsw', {}, (cpu, record) => cpu.memory.view.setUint16(operand(cpu, record, 'd'), unitOf(cpu).statusWord, true));

const ENVIRONMENT = 28, IMAGE = 108;
const addressIn = (cpu: HelperCpu, record: number): number => Number(cpu.memory.view.getBigInt64(operand(cpu, record, 'a'), true));

/** Writes an image at the guest address in a, then lets the unit change. */
function save(name: string, bytes: number, fill: (unit: X87, view: DataView) => void, after: (unit: X87) => void): number {
  return defineHelper(name, {}, (cpu, record) => {
    const unit = unitOf(cpu);
    const buffer = new Uint8Array(bytes);
    fill(unit, new DataView(buffer.buffer));
    if (cpu.write(addressIn(cpu, record), buffer)) after(unit);
  });
}
function restore(name: string, bytes: number, take: (unit: X87, view: DataView) => void): number {
  return defineHelper(name, {}, waiting((unit, cpu, record) => {
    const buffer = new Uint8Array(bytes);
    if (cpu.read(addressIn(cpu, record), buffer)) take(unit, new DataView(buffer.buffer));
  }));
}
export const images = {
  fnstenv: save('fnstenv', ENVIRONMENT, (unit, view) => image.saveEnvironment(unit, view, 0), image.maskAll),
  fnsave: save('fnsave', IMAGE, (unit, view) => image.save(unit, view, 0), (unit) => unit.initialize()),
  fldenv: restore('fldenv', ENVIRONMENT, (unit, view) => image.loadEnvironment(unit, view, 0)),
  frstor: restore('frstor', IMAGE, (unit, view) => image.restore(unit, view, 0)),
} as const;
