/**
 * The rows of isa.ts turned into flat arrays for the decoder.
 *
 * `slots[(map * 256 + opcode) * 4 + prefix class]` is a row id, 0 when undefined, or minus the number of a group. A group has 72 entries
 * by ModRM: 8 for memory forms by ModRM.reg, then 64 for register forms by the low six bits.
 */
import { rows, type IsaRow } from './isa.ts';
import { Mode, PREFIX_ANY, PREFIX_NONE, SIZES, Variant, sizeCodes } from './isa/row.ts';

/** Prefix classes: which of the mandatory prefixes was seen. F3 and F2 take precedence over 66. */
export const CLASS_NONE = 0, CLASS_66 = 1, CLASS_F3 = 2, CLASS_F2 = 3;
const CLASS_PREFIX = [PREFIX_NONE, 0x66, 0xf3, 0xf2];

/** Added to the map number of VEX rows. */
export const VEX_MAP = 4;
export const GROUP_SIZE = 72;

export const slots = new Int16Array(8 * 256 * 4);
const groupList: number[][] = [new Array<number>(GROUP_SIZE).fill(0)];

/** Row attributes as bits of rowFlags. */
export const RowBit = { Modrm: 1, Lock: 2, Default64: 4, Force64: 8, Vsib: 16, AnyPrefix: 32, Prefix66: 64, NoVvvv: 128 } as const;
export const rowFlags = new Uint8Array(rows.length + 1);
/** The row that replaces this one, and by which bit (Variant). */
export const variantKind = new Uint8Array(rows.length + 1);
export const variantRow = new Uint16Array(rows.length + 1);
/** Values of VEX.L that a row allows: bit 0 for 0, bit 1 for 1. */
export const vexLengths = new Uint8Array(rows.length + 1);
/** Four operands a row: Mode, size code, register. */
export const opMode = new Uint8Array((rows.length + 1) * 4);
export const opSize = new Uint8Array((rows.length + 1) * 4);
export const opReg = new Uint8Array((rows.length + 1) * 4);
/** Size code that gives Insn.size. */
export const insnSize = new Uint8Array(rows.length + 1);
/** Bytes of `size code * 8 + operand size index + 3 * VEX.L`. */
export const sizeBytes = new Uint8Array(sizeCodes.length * 8);

sizeCodes.forEach((code, i) => sizeBytes.set(SIZES[code]!, i * 8));

const SIZING: readonly number[] = [Mode.E, Mode.R, Mode.M, Mode.G, Mode.Z, Mode.O, Mode.X, Mode.Y, Mode.Fixed];

for (const row of rows) {
  const { id } = row;
  rowFlags[id] =
    (row.hasModrm ? RowBit.Modrm : 0) | (row.lock ? RowBit.Lock : 0) | (row.default64 ? RowBit.Default64 : 0) | (row.force64 ? RowBit.Force64 : 0) |
    (row.vsib ? RowBit.Vsib : 0) | (row.prefix === PREFIX_ANY ? RowBit.AnyPrefix : 0) | (row.prefix === 0x66 && !row.operandSize ? RowBit.Prefix66 : 0) |
    (row.vex && !row.operands.some((o) => o.mode === Mode.H || o.mode === Mode.B) ? RowBit.NoVvvv : 0);
  vexLengths[id] = row.vectorLength === 0 ? 1 : row.vectorLength === 1 ? 2 : 3;
  row.operands.forEach((o, i) => {
    opMode[id * 4 + i] = o.mode;
    opSize[id * 4 + i] = sizeCodes.indexOf(o.size);
    opReg[id * 4 + i] = o.reg;
  });
  // The port number of in and out says nothing about the size.
  const sizing = row.operands.find((o) => SIZING.includes(o.mode) && o.size !== '' && !(o.mode === Mode.Fixed && o.reg === 2));
  insnSize[id] = sizeCodes.indexOf(sizing?.size ?? 'v');
}

/** Places of a group that a row's ModRM constraints allow. */
function places(row: IsaRow): number[] {
  const out: number[] = [];
  for (let i = 0; i < GROUP_SIZE; i++) {
    const register = i >= 8;
    const modrm = register ? 0xc0 | (i - 8) : i << 3;
    if (register ? !row.registerForm : !row.memoryForm) continue;
    if (row.ext >= 0 && ((modrm >> 3) & 7) !== row.ext) continue;
    if (row.modrm >= 0 && (row.plusSti ? modrm & 0xf8 : modrm) !== row.modrm) continue;
    out.push(i);
  }
  return out;
}

function put(row: IsaRow, opcode: number, prefixClass: number): void {
  const key = ((row.map + (row.vex ? VEX_MAP : 0)) * 256 + opcode) * 4 + prefixClass;
  const where = places(row);
  const whole = !row.hasModrm || where.length === GROUP_SIZE;
  const old = slots[key]!;
  if (row.variant !== Variant.None) {
    const base = old < 0 ? groupList[-old]![where[0]!]! : old;
    if (base === 0) throw new Error(`ISA table: ${row.name} is a variant of nothing`);
    variantKind[base] = row.variant;
    variantRow[base] = row.id;
    return;
  }
  if (whole) {
    if (old === 0) slots[key] = row.id;
    else if (old < 0) { const g = groupList[-old]!; for (const i of where) if (g[i] === 0) g[i] = row.id; }
    return;
  }
  let group = -old;
  if (old >= 0) {
    group = groupList.push(new Array<number>(GROUP_SIZE).fill(old)) - 1;
    slots[key] = -group;
  }
  const g = groupList[group]!;
  for (const i of where) if (g[i] === 0) g[i] = row.id;
}

/** A fixed ModRM byte is more specific than an extension, and that than a plain row; variants go last. */
function order(row: IsaRow): number {
  const specific = row.modrm >= 0 ? 0 : row.ext >= 0 ? 1 : 2;
  return (row.variant !== Variant.None ? 10 : 0) + (row.prefix === PREFIX_ANY ? 3 : 0) + specific;
}

for (const row of [...rows].sort((a, b) => order(a) - order(b) || a.id - b.id)) {
  for (let opcode = row.opcode; opcode < row.opcode + (row.plusReg ? 8 : 1); opcode++) {
    for (let c = 0; c < 4; c++) if (row.prefix === PREFIX_ANY || row.prefix === CLASS_PREFIX[c]) put(row, opcode, c);
  }
}

export const groups = Int16Array.from(groupList.flat());
