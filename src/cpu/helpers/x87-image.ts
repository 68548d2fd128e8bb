/** The x87 unit's memory images: FNSTENV and FNSAVE in the 32-bit format, and its part of FXSAVE. Reference: SDM volume 1, 8.1.10 and 10.5. */
import { Class, classify, type Float80 } from './float80.ts';
import type { X87 } from './x87.ts';

/** Register tags of the full tag word. */
const Tag = { Valid: 0, Zero: 1, Special: 2, Empty: 3 } as const;

/** The tag word with two bits a register. */
export function fullTags(unit: X87): number {
  let word = 0;
  for (let r = 0; r < 8; r++) {
    const c = classify(unit.physical(r));
    const tag = ((unit.tags >> r) & 1) === 0 ? Tag.Empty : c === Class.Zero ? Tag.Zero : c === Class.Normal ? Tag.Valid : Tag.Special;
    word |= tag << (2 * r);
  }
  return word;
}

export function setFullTags(unit: X87, word: number): void {
  let tags = 0;
  for (let r = 0; r < 8; r++) if (((word >> (2 * r)) & 3) !== Tag.Empty) tags |= 1 << r;
  unit.tags = tags;
}

/** FNSTENV's 28 bytes (32-bit protected-mode format). Instruction and data pointers are not tracked. */
export function saveEnvironment(unit: X87, view: DataView, at: number): void {
  const words = [0xffff0000 | unit.controlWord, 0xffff0000 | unit.statusWord, 0xffff0000 | fullTags(unit), 0, 0, 0, 0xffff0000];
  words.forEach((w, i) => view.setUint32(at + 4 * i, w >>> 0, true));
}

export function loadEnvironment(unit: X87, view: DataView, at: number): void {
  unit.statusWord = view.getUint16(at + 4, true);
  setFullTags(unit, view.getUint16(at + 8, true));
  unit.controlWord = view.getUint16(at, true);
}

/** What FNSTENV does once the image is written. */
export function maskAll(unit: X87): void { unit.controlWord |= 0x3f; }

/** FNSAVE's 108 bytes; the instruction initializes the unit afterwards. */
export function save(unit: X87, view: DataView, at: number): void {
  saveEnvironment(unit, view, at);
  for (let i = 0; i < 8; i++) putExtended(view, at + 28 + 10 * i, unit.st(i));
}

export function restore(unit: X87, view: DataView, at: number): void {
  loadEnvironment(unit, view, at);
  for (let i = 0; i < 8; i++) unit.setPhysical(unit.index(i), getExtended(view, at + 28 + 10 * i));
}

/** The first 160 bytes of FXSAVE, less MXCSR: control words, then the registers in stack order. */
export function fxsave(unit: X87, view: DataView, at: number): void {
  view.setUint16(at, unit.controlWord, true);
  view.setUint16(at + 2, unit.statusWord, true);
  view.setUint16(at + 4, unit.tags, true);
  view.setUint16(at + 6, 0, true);
  view.setBigUint64(at + 8, 0n, true);
  view.setBigUint64(at + 16, 0n, true);
  for (let i = 0; i < 8; i++) {
    putExtended(view, at + 32 + 16 * i, unit.st(i));
    view.setUint16(at + 32 + 16 * i + 10, 0, true);
    view.setUint32(at + 32 + 16 * i + 12, 0, true);
  }
}

export function fxrstor(unit: X87, view: DataView, at: number): void {
  unit.statusWord = view.getUint16(at + 2, true);
  unit.tags = view.getUint8(at + 4);
  unit.controlWord = view.getUint16(at, true);
  for (let i = 0; i < 8; i++) unit.setPhysical(unit.index(i), getExtended(view, at + 32 + 16 * i));
}

function putExtended(view: DataView, at: number, a: Float80): void {
  view.setBigUint64(at, a.m, true);
  view.setUint16(at + 8, a.se, true);
}

function getExtended(view: DataView, at: number): Float80 {
  return { se: view.getUint16(at + 8, true), m: view.getBigUint64(at, true) };
}
