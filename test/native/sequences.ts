/**
 * Differential cases of several instructions: straight code, jumps over instructions, counted loops, calls through registers and
 * returns. They find what single instructions cannot: flags wrongly taken for dead, blocks that start in the middle of others.
 *
 * Flags that an instruction leaves undefined are followed through the code: nothing that reads them is generated.
 */
import { rows } from '../../src/cpu/x64/isa.ts';
import { Mode, PREFIX_ANY, SIZES, type IsaRow } from '../../src/cpu/x64/isa/row.ts';
import { fillState, high, testable } from './cases.ts';
import { At, CODE, CODE_BYTES, DATA, RECORD } from './layout.ts';
import type { Random } from './random.ts';

const ALL = 0xcd5;
const COUNTER = 15, RSP = 4;
const ENCODABLE: readonly Mode[] = [Mode.E, Mode.R, Mode.M, Mode.G, Mode.Z, Mode.I, Mode.Is, Mode.V, Mode.W, Mode.U, Mode.Fixed, Mode.One, Mode.Xmm0];
const AVOIDED = /^(div|idiv|push|pop|pushf|popf|call|jmp|ret|leave|enter|nop|hlt|cli|sti|in|out|xlat|ud.|bswap|lea|std|bt.?|shld|shrd|maskmov.*|cmpxchg(8|16)b|.*fx.*|ldmxcsr|stmxcsr|prefetch.*|clflush.*|clwb|.fence|rcp.s|rsqrt.s|fwait|emms|rd.*|.*inv.*|.*wr.*|clts|l.dt|ltr|lmsw)$/;

/** Rows that need nothing prepared: registers, immediates, and memory at a fixed address. */
const pool = rows.filter((r) => testable(r) && !r.system && !AVOIDED.test(r.name) && !(r.map === 0 && r.opcode === 0x94) && r.operands.every((o) => ENCODABLE.includes(o.mode)) && !['sha', 'gfni', 'x87'].includes(r.feature));
/** Their register is in the opcode: rsp's is left out, and REX.B would make r15 of one. */
const isShortXchg = (r: IsaRow): boolean => r.map === 0 && (r.opcode & 0xf8) === 0x90;
const integer = pool.filter((r) => !/sse|aes|pclmul|mmx/.test(r.feature));
const flagWriters = integer.filter((r) => r.flagsWritten !== 0);
const flagReaders = integer.filter((r) => r.flagsRead !== 0);
const jumps = rows.filter((r) => r.spec === 'Jb' && /^j[^mr]/.test(r.name));

interface Writer {
  readonly bytes: number[];
  /** Flags whose value the manual leaves open at this point. */
  undefinedFlags: number;
}

/** Appends one instruction of `row`; false when it would read what is undefined. */
function append(w: Writer, row: IsaRow, r: Random): boolean {
  if ((row.flagsRead & w.undefinedFlags) !== 0) return false;
  const { bytes } = w;
  const sized = row.operands.some((o) => 'vzy'.includes(o.size) && o.size !== '') || row.name === 'cwde' || row.name === 'cdq';
  const osz = sized && row.prefix === PREFIX_ANY && r.chance(0.15);
  let rex = sized && r.chance(0.4) ? 0x48 : 0;
  if (r.chance(0.4)) rex |= 0x40 | r.below(8);
  const osi = (rex & 8) !== 0 ? 2 : osz ? 0 : 1;
  const memory = row.hasModrm && row.memoryForm && (!row.registerForm || r.chance(0.35));
  // Neither the counter nor rsp is touched.
  const free = (field: number, high: number): number => {
    const n = field | high;
    return n === COUNTER || n === RSP ? field ^ 1 : field;
  };
  if (osz) bytes.push(0x66);
  if (row.prefix > 0) bytes.push(row.prefix);
  if (memory) rex &= ~2;
  if (isShortXchg(row)) rex &= ~1;
  if (rex !== 0) bytes.push(rex);
  if (row.map > 0) bytes.push(0x0f);
  if (row.map >= 2) bytes.push(row.map === 2 ? 0x38 : 0x3a);
  bytes.push(row.plusReg ? row.opcode + free(r.below(8), (rex & 1) << 3) : row.opcode);
  if (row.hasModrm) {
    const reg = row.ext >= 0 ? row.ext : free(r.below(8), (rex & 4) << 1);
    if (row.modrm >= 0) bytes.push(row.modrm);
    else if (memory) {
      const va = DATA + 0xe00 + 16 * r.below(0x20);
      bytes.push((reg << 3) | 4, 0x25, va & 255, (va >> 8) & 255, (va >> 16) & 255, (va >> 24) & 255);
    } else bytes.push(0xc0 | (reg << 3) | free(r.below(8), (rex & 1) << 3));
  }
  for (const o of row.operands) {
    if (o.mode !== Mode.I && o.mode !== Mode.Is) continue;
    for (let k = SIZES[o.size]![osi]!; k > 0; k--) bytes.push(r.pick([0, 1, 0x7f, 0x80, 0xff, r.below(256)]));
  }
  // A shift by zero, and bsf or bsr of zero, writes less than the row says.
  const always = row.flagsUndefined === 0 || row.spec.endsWith(',1') ? row.flagsWritten : 0;
  w.undefinedFlags = (w.undefinedFlags & ~always) | row.flagsUndefined;
  return true;
}

function some(w: Writer, list: readonly IsaRow[], r: Random): void {
  for (let tries = 0; tries < 50; tries++) if (append(w, r.pick(list), r)) return;
}

function instruction(w: Writer, r: Random): void {
  const n = r.below(10);
  some(w, n < 4 ? flagWriters : n < 6 ? flagReaders : n < 8 ? integer : pool, r);
}

const le32 = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255];

/** A conditional jump over a few instructions. */
function jumpOver(w: Writer, r: Random): void {
  const usable = jumps.filter((j) => (j.flagsRead & w.undefinedFlags) === 0);
  if (usable.length === 0) return;
  w.bytes.push(r.pick(usable).opcode, 0);
  const from = w.bytes.length, before = w.undefinedFlags;
  for (let n = 1 + r.below(3); n > 0; n--) instruction(w, r);
  w.bytes[from - 1] = w.bytes.length - from;
  w.undefinedFlags |= before;
}

/** dec r15; jnz back. The code inside begins with no flag known. */
function loop(w: Writer, r: Random): void {
  w.bytes.push(0x41, 0xbf, ...le32(1 + r.below(4)));
  const head = w.bytes.length;
  w.undefinedFlags = ALL;
  for (let n = 1 + r.below(4); n > 0; n--) instruction(w, r);
  if (r.chance(0.3)) jumpOver(w, r);
  w.bytes.push(0x41, 0xff, 0xcf, 0x75, 0);
  w.bytes[w.bytes.length - 1] = (head - w.bytes.length) & 255;
  w.undefinedFlags &= 1;
}

/** Leaves the straight line and comes to the next instruction by another way; with a low `rip` also through a register or the stack. */
function transfer(w: Writer, r: Random, rip: number | undefined): void {
  const { bytes } = w;
  const junk = r.below(3);
  const next = (length: number): number => rip! + bytes.length + length + junk;
  switch (r.below(rip === undefined ? 2 : 4)) {
    case 0: bytes.push(0xeb, junk); break;
    case 1: bytes.push(0xe8, ...le32(junk)); break;
    case 2: bytes.push(0x68, ...le32(next(6)), 0xc3); break;
    case 3: bytes.push(0x41, 0xbf, ...le32(next(9)), 0x41, 0xff, 0xe7); break;
  }
  for (let i = 0; i < junk; i++) bytes.push(0xcc);
}

/** Writes one case at `at` of the buffer and returns the flags that are undefined in the end. */
export function makeSequence(r: Random, view: DataView, at: number): number {
  const base = high(r);
  fillState(r, view, at, base, high(r));
  const rip = CODE + (r.chance(0.2) ? 0x1000 - r.below(0x80) : 0x200 + r.below(0x600));
  const w: Writer = { bytes: [], undefinedFlags: 0 };
  for (let n = 3 + r.below(10); n > 0 && w.bytes.length < CODE_BYTES - 120; n--) {
    const kind = r.below(12);
    if (kind === 0) loop(w, r);
    else if (kind === 1) transfer(w, r, base === 0n ? rip : undefined);
    else if (kind < 4) jumpOver(w, r);
    else instruction(w, r);
  }
  view.setBigUint64(at + At.rip, base + BigInt(rip), true);
  view.setBigUint64(at + At.length, BigInt(w.bytes.length), true);
  for (let i = 0; i < CODE_BYTES; i++) view.setUint8(at + At.code + i, w.bytes[i] ?? 0xcc);
  if (w.bytes.length > CODE_BYTES) throw new Error('sequence too long');
  return w.undefinedFlags;
}

export function makeSequences(count: number, r: Random): { cases: Uint8Array; undefinedFlags: number[] } {
  const cases = new Uint8Array(count * RECORD);
  const view = new DataView(cases.buffer);
  return { cases, undefinedFlags: Array.from({ length: count }, (_, i) => makeSequence(r, view, i * RECORD)) };
}
