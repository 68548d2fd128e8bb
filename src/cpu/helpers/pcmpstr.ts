/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: aggregated string comparison. Reference: SDM volume 1, 4.1 of volume 2B. */

/** What the four instructions make of their operands. */
export interface StringCompare {
  /** IntRes2: one bit an element. */
  readonly result: number;
  readonly count: 8 | 16;
  /** CF ZF SF OF: result non-zero, end in b, end in a, bit 0 of the result. */
  readonly cf: boolean;
  readonly zf: boolean;
  readonly sf: boolean;
  readonly of: boolean;
}

/** Aggregation, bits 2–3 of the immediate. */
const Aggregation = { EqualAny: 0, Ranges: 1, EqualEach: 2, EqualOrdered: 3 } as const;

function elements(view: DataView, at: number, imm: number): number[] {
  const wide = (imm & 1) !== 0, signed = (imm & 2) !== 0;
  return Array.from({ length: wide ? 8 : 16 }, (_, i) => (wide
    ? signed ? view.getInt16(at + 2 * i, true) : view.getUint16(at + 2 * i, true)
    : signed ? view.getInt8(at + i) : view.getUint8(at + i)));
}

/** Implicit length: up to the first zero element. */
const implicitLength = (x: readonly number[]): number => { const i = x.indexOf(0); return i < 0 ? x.length : i; };
/** Explicit length: absolute value, saturated. */
export const explicitLength = (value: bigint, count: number): number => {
  const magnitude = value < 0n ? -value : value;
  return magnitude > BigInt(count) ? count : Number(magnitude);
};

/** Bit j of IntRes1: aggregated comparisons of all a[i] with b[j], with the overrides for elements beyond the ends. */
function holds(mode: number, a: readonly number[], na: number, b: readonly number[], nb: number, j: number): boolean {
  switch (mode) {
    case Aggregation.EqualAny:
      for (let i = 0; i < na; i++) if (j < nb && a[i] === b[j]) return true;
      return false;
    case Aggregation.Ranges:
      for (let i = 0; i + 1 < na; i += 2) if (j < nb && b[j]! >= a[i]! && b[j]! <= a[i + 1]!) return true;
      return false;
    case Aggregation.EqualEach:
      return j < na && j < nb ? a[j] === b[j] : j >= na && j >= nb;
    default:
      for (let i = 0; i < na && i + j < b.length; i++) if (i + j >= nb || a[i] !== b[i + j]) return false;
      return true;
  }
}

/** `lengths` are those of a and b for the explicit forms. */
export function stringCompare(view: DataView, at: number, bt: number, imm: number, lengths?: readonly [bigint, bigint]): StringCompare {
  const a = elements(view, at, imm), b = elements(view, bt, imm);
  const count = a.length as 8 | 16;
  const na = lengths ? explicitLength(lengths[0], count) : implicitLength(a);
  const nb = lengths ? explicitLength(lengths[1], count) : implicitLength(b);
  let r = 0;
  for (let j = 0; j < count; j++) if (holds((imm >> 2) & 3, a, na, b, nb, j)) r |= 1 << j;
  if ((imm & 0x10) !== 0) r ^= (imm & 0x20) !== 0 ? (1 << nb) - 1 : (1 << count) - 1;
  return { result: r, count, cf: r !== 0, zf: nb < count, sf: na < count, of: (r & 1) !== 0 };
}

/** The index forms' ECX: lowest or highest set bit. */
export function indexOf(c: StringCompare, imm: number): number {
  if (c.result === 0) return c.count;
  return (imm & 0x40) !== 0 ? 31 - Math.clz32(c.result) : 31 - Math.clz32(c.result & -c.result);
}
