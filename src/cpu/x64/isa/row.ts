/**
 * What a row of the ISA table says, and how rows are written down.
 *
 * A row is one form of one instruction. Its source is a tuple of four strings:
 *   name        one per meaning, in objdump's Intel spelling where that does not depend on the operand size
 *   encoding    [VEX] [NP|66|F3|F2] [0F [38|3A]] opcode[+r] [/ext[m|r]] [modrm byte[+i]] [W1|L1|B1]
 *               no prefix token: 66 is the operand size and F2/F3 are free; NP: none of the three; otherwise mandatory.
 *               /5 selects by ModRM.reg, /5m and /5r memory or register form only; a second byte fixes the whole ModRM.
 *               W1, L1, B1: this row replaces the one before it (same opcode) under REX.W/VEX.W, VEX.L or REX.B.
 *   operands    codes of SDM volume 2 appendix A, destination first; see Mode and SIZES below
 *   attributes  lock (LOCK allowed when the destination is memory), d64 (operand size 64 by default), f64 (always 64),
 *               r:/w:/u: RFLAGS letters read, written, undefined afterwards (o s z a p c d), sys (faults in user mode),
 *               osz (a 66 row whose 66 is the operand size after all), vsib, L0/L1 (VEX.L must be so), and the CPUID feature it belongs to
 */

/** How an operand is encoded. */
export const Mode = {
  /** ModRM.rm: general register or memory; register only; memory only. */
  E: 1, R: 2, M: 3,
  /** ModRM.reg: general register. */
  G: 4,
  /** Low bits of the opcode: general register. */
  Z: 5,
  /** Immediate: zero-extended byte or word, z, v; and sign-extended byte. */
  I: 6, Is: 7,
  /** Branch displacement. */
  J: 8,
  /** Absolute address in the instruction. */
  O: 9,
  /** String operands, [rsi] and es:[rdi]: they set the size and take no slot. */
  X: 10, Y: 11,
  /** ModRM.reg and ModRM.rm as XMM (U: register only), as MMX (N: register only). */
  V: 12, W: 13, U: 14, P: 15, Q: 16, N: 17,
  /** Segment, control and debug register in ModRM.reg. */
  S: 18, C: 19, D: 20,
  /** VEX.vvvv as XMM and as general register; XMM in the top four bits of an immediate byte. */
  H: 21, B: 22, L: 23,
  /** A register named by the instruction, the constant 1, a segment register, st(0), st(i) of ModRM.rm, xmm0. */
  Fixed: 24, One: 25, FixedSeg: 26, St0: 27, Sti: 28, Xmm0: 29,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Bytes by size letter: for operand sizes 16, 32, 64 with VEX.L = 0, then with VEX.L = 1. */
export const SIZES: Readonly<Record<string, readonly [number, number, number, number, number, number]>> = {
  '': [0, 0, 0, 0, 0, 0],
  b: [1, 1, 1, 1, 1, 1], w: [2, 2, 2, 2, 2, 2], d: [4, 4, 4, 4, 4, 4], q: [8, 8, 8, 8, 8, 8],
  t: [10, 10, 10, 10, 10, 10], dq: [16, 16, 16, 16, 16, 16], qq: [32, 32, 32, 32, 32, 32],
  v: [2, 4, 8, 2, 4, 8], z: [2, 4, 4, 2, 4, 4], y: [4, 4, 8, 4, 4, 8],
  /** Far pointer and descriptor-table operand. */
  p: [4, 6, 10, 4, 6, 10], s: [10, 10, 10, 10, 10, 10],
  /** A whole vector, and a half, a quarter, an eighth of one. */
  x: [16, 16, 16, 32, 32, 32], xh: [8, 8, 8, 16, 16, 16], xe: [4, 4, 4, 8, 8, 8], xf: [2, 2, 2, 4, 4, 4],
};
export const sizeCodes = Object.keys(SIZES);

export interface Operand {
  readonly mode: Mode;
  /** Key of SIZES. */
  readonly size: string;
  /** Register number for Fixed and FixedSeg. */
  readonly reg: number;
}

/** RFLAGS bits as the table's letters. */
export const FLAG_BITS: Readonly<Record<string, number>> = { c: 1, p: 4, a: 0x10, z: 0x40, s: 0x80, d: 0x400, o: 0x800 };

/** Values of IsaRow.prefix. */
export const PREFIX_ANY = -1, PREFIX_NONE = 0;

/** Values of IsaRow.variant: which bit selects this row over the one it stands behind. */
export const Variant = { None: 0, W: 1, L: 2, B: 3 } as const;
export type Variant = (typeof Variant)[keyof typeof Variant];

export interface IsaRow {
  /** Index in `rows`; 0 is not used. */
  readonly id: number;
  readonly name: string;
  /** 0 one-byte, 1 0F, 2 0F 38, 3 0F 3A. */
  readonly map: 0 | 1 | 2 | 3;
  readonly vex: boolean;
  readonly prefix: number;
  readonly opcode: number;
  /** The opcode's low three bits name a register. */
  readonly plusReg: boolean;
  /** ModRM.reg, or -1 when it is an operand. */
  readonly ext: number;
  /** A wholly fixed ModRM byte, or -1; with `plusSti` its low three bits are st(i). */
  readonly modrm: number;
  readonly plusSti: boolean;
  readonly variant: Variant;
  readonly hasModrm: boolean;
  readonly memoryForm: boolean;
  readonly registerForm: boolean;
  readonly operands: readonly Operand[];
  readonly spec: string;
  readonly lock: boolean;
  readonly default64: boolean;
  readonly force64: boolean;
  readonly vsib: boolean;
  /** The 66 of a 66 row is the operand size. */
  readonly operandSize: boolean;
  /** VEX.L as it must be, or -1. */
  readonly vectorLength: -1 | 0 | 1;
  /** Faults in user mode. */
  readonly system: boolean;
  readonly flagsRead: number;
  readonly flagsWritten: number;
  /** Part of the written ones whose value the manual leaves open. */
  readonly flagsUndefined: number;
  /** CPUID feature; '' for what every x86-64 has. */
  readonly feature: string;
}

export type RowSource = readonly [name: string, encoding: string, operands?: string, attributes?: string];

const NAMED: Readonly<Record<string, Operand>> = {
  AL: { mode: Mode.Fixed, size: 'b', reg: 0 }, CL: { mode: Mode.Fixed, size: 'b', reg: 1 }, AX: { mode: Mode.Fixed, size: 'w', reg: 0 },
  DX: { mode: Mode.Fixed, size: 'w', reg: 2 }, rAX: { mode: Mode.Fixed, size: 'v', reg: 0 }, eAX: { mode: Mode.Fixed, size: 'z', reg: 0 },
  1: { mode: Mode.One, size: 'b', reg: 1 }, FS: { mode: Mode.FixedSeg, size: 'w', reg: 4 }, GS: { mode: Mode.FixedSeg, size: 'w', reg: 5 },
  ST0: { mode: Mode.St0, size: 't', reg: 0 }, STi: { mode: Mode.Sti, size: 't', reg: 0 }, XMM0: { mode: Mode.Xmm0, size: 'dq', reg: 0 },
};

function operand(code: string): Operand {
  const named = NAMED[code];
  if (named !== undefined) return named;
  const sign = code === 'Ibs';
  const mode = sign ? Mode.Is : (Mode as Readonly<Record<string, Mode>>)[code[0]!];
  const size = sign ? 'b' : code.slice(1);
  if (mode === undefined || SIZES[size] === undefined) throw new Error(`ISA table: operand code ${code}`);
  return { mode, size, reg: 0 };
}

const flagMask = (letters: string): number => [...letters].reduce((mask, c) => mask | FLAG_BITS[c]!, 0);
const isModrmMode = (m: Mode): boolean => m <= Mode.G || (m >= Mode.V && m <= Mode.D);
const REGISTER_ONLY: readonly Mode[] = [Mode.R, Mode.U, Mode.N];

/** Makes the row of a source tuple; `id` is its place in the table. */
export function parseRow([name, encoding, spec = '', attributes = '']: RowSource, id: number): IsaRow {
  const tokens = encoding.split(' ');
  const vex = tokens[0] === 'VEX';
  if (vex) tokens.shift();
  let prefix: number = PREFIX_ANY;
  if (tokens.length > 1 && /^(NP|66|F2|F3)$/.test(tokens[0]!)) {
    const t = tokens.shift()!;
    prefix = t === 'NP' ? PREFIX_NONE : parseInt(t, 16);
  }
  let map: 0 | 1 | 2 | 3 = 0;
  if (tokens[0] === '0F' && tokens.length > 1) {
    tokens.shift();
    const escape: string | undefined = tokens.length > 1 ? tokens[0] : undefined;
    map = escape === '38' ? 2 : escape === '3A' ? 3 : 1;
    if (map !== 1) tokens.shift();
  }
  const op = tokens.shift()!;
  let ext = -1, modrm = -1, plusSti = false, only = '', variant: Variant = Variant.None;
  for (const t of tokens) {
    if (t[0] === '/') { ext = Number(t[1]); only = t[2] ?? ''; }
    else if (/^[WLB]1$/.test(t)) variant = Variant[t[0] as 'W' | 'L' | 'B'];
    else { modrm = parseInt(t, 16); plusSti = t.endsWith('+i'); }
  }
  const operands = spec === '' ? [] : spec.split(',').map(operand);
  const attrs = attributes === '' ? [] : attributes.split(' ');
  const letters = (k: string): number => flagMask(attrs.find((a) => a.startsWith(k))?.slice(2) ?? '');
  const known = new Set(['lock', 'd64', 'f64', 'vsib', 'sys', 'osz', 'L0', 'L1']);
  return {
    id, name, map, vex, prefix, opcode: parseInt(op, 16), plusReg: op.endsWith('+r'), ext, modrm, plusSti, variant,
    hasModrm: ext >= 0 || modrm >= 0 || operands.some((o) => isModrmMode(o.mode)),
    memoryForm: modrm < 0 && only !== 'r' && !operands.some((o) => REGISTER_ONLY.includes(o.mode)),
    registerForm: only !== 'm' && !operands.some((o) => o.mode === Mode.M),
    operands, spec,
    lock: attrs.includes('lock'), default64: attrs.includes('d64'), force64: attrs.includes('f64'),
    operandSize: attrs.includes('osz'), vectorLength: attrs.includes('L0') ? 0 : attrs.includes('L1') || /qq/.test(spec) ? 1 : -1,
    vsib: attrs.includes('vsib'), system: attrs.includes('sys'),
    flagsRead: letters('r:'), flagsWritten: letters('w:'), flagsUndefined: letters('u:'),
    feature: attrs.find((a) => !known.has(a) && a[1] !== ':') ?? '',
  };
}

/** Condition codes by the low four bits of Jcc, SETcc and CMOVcc. */
export const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'] as const;
/** Flags each pair of conditions reads. */
export const CONDITION_FLAGS = ['o', 'c', 'z', 'cz', 's', 'p', 'so', 'zso'] as const;

export const hex2 = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');
