/**
 * Makes differential test cases from the ISA table: an encoding of a row with random prefixes, registers, addressing form and
 * immediates, and a machine state in which its memory operand lands somewhere interesting (aligned, unaligned, across a page,
 * at the end of the mapping, on an unmapped or read-only page).
 */
import { rows } from '../../src/cpu/x64/isa.ts';
import { Mode, PREFIX_ANY, SIZES, Variant, type IsaRow } from '../../src/cpu/x64/isa/row.ts';
import { At, CODE, CODE_BYTES, CODE_SIZE, DATA, DATA_SIZE, Fx, GS_BASE, HIGH, READONLY, RECORD, WINDOW_BYTES } from './layout.ts';
import { Random } from './random.ts';

/** Not comparable: they answer differently by design, need an operating system, or leave the harness without its registers. */
const LEFT_OUT = new Set([
  'syscall', 'cpuid', 'rdtsc', 'rdtscp', 'rdrand', 'rdseed', 'rdpid', 'xgetbv', 'xsave', 'xsavec', 'xsaveopt', 'xrstor', 'int3', 'int', 'int1',
  'rdfsbase', 'rdgsbase', 'wrfsbase', 'wrgsbase', 'xbegin', 'xend', 'xtest', 'xabort', 'clzero', 'incssp', 'wrss', 'rdpkru', 'wrpkru', 'ud0', 'ud1',
]);
/** Of the system instructions, those that fault alike everywhere. */
const FAULTING = new Set(['hlt', 'cli', 'sti', 'in', 'out', 'ins', 'outs', 'clts', 'invd', 'wbinvd', 'wrmsr', 'rdmsr', 'lgdt', 'lidt', 'ltr', 'lldt', 'lmsw', 'invlpg']);

/** Rows a case can be made of. */
export function testable(row: IsaRow): boolean {
  if (row.vex || LEFT_OUT.has(row.name)) return false;
  if (row.operands.some((o) => o.mode === Mode.S || o.mode === Mode.C || o.mode === Mode.D || o.mode === Mode.FixedSeg)) return false;
  return !row.system || FAULTING.has(row.name);
}

const hasWVariant = new Set(rows.flatMap((r) => (r.variant === Variant.W ? [rows[r.id - 2]!.id] : [])));

/** Where r/m memory operands of unknown size (fxsave, fnsave, lea, prefetch) may reach. */
const LARGE = new Set(['fxsave', 'fxrstor', 'fnsave', 'frstor', 'fldenv', 'fnstenv']);
const MIDDLE = DATA + 0xe00, MIDDLE_END = DATA + 0x1200, END = DATA + DATA_SIZE;

/** A place for a memory operand, in the low or the high copy of the memory. */
function target(r: Random, row: IsaRow, size: number, base: bigint): bigint { return base + lowTarget(r, row, size); }

function lowTarget(r: Random, row: IsaRow, size: number): bigint {
  if (LARGE.has(row.name)) {
    if (r.chance(0.05)) return BigInt(r.pick([END - 16, READONLY, END + 64]));
    return BigInt(MIDDLE + (row.name.startsWith('fx') ? (r.chance(0.9) ? 16 : 4) : 1) * r.below(16));
  }
  const s = Math.max(size, 1);
  if (row.name.startsWith('bt')) return BigInt(MIDDLE + 0x100 + r.below(0x100));
  const n = r.below(100);
  if (n < 45) return BigInt(MIDDLE + 16 * r.below((MIDDLE_END - MIDDLE) / 16));
  if (n < 52) return BigInt(DATA + 16 * r.below(8));
  if (n < 58) return BigInt(END - 0x80 + 16 * r.below(8));
  if (n < 80) return BigInt(MIDDLE + r.below(MIDDLE_END - MIDDLE - s));
  if (n < 88) return BigInt(DATA + 0x1000 - r.below(s + 1));
  if (n < 91) return BigInt(END - s);
  if (n < 94) return BigInt(END - r.below(s));
  if (n < 96) return BigInt(END + r.below(0xf00));
  if (n < 99) return BigInt(READONLY + 16 * r.below(0x80));
  return 0x8000000000000n << BigInt(r.below(12));
}

const inB = (r: Random, base: bigint): bigint => base + BigInt(MIDDLE + 0x40 + r.below(0x380));

/** @param codeBase and @param dataBase 0 or HIGH: which copy addresses are of */
export function fillState(r: Random, view: DataView, at: number, codeBase: bigint, dataBase: bigint): void {
  for (let i = 0; i < 16; i++) view.setBigUint64(at + At.gpr + i * 8, r.value(), true);
  view.setBigUint64(at + At.gpr + 4 * 8, dataBase + BigInt(DATA + 0xf00 + 8 * r.below(0x40)), true);
  view.setBigUint64(at + At.rflags, BigInt(0x202 | (r.u32() & 0x8d5)), true);
  const fx = at + At.fx;
  view.setUint16(fx + Fx.fcw, 0x37f & ~(r.chance(0.2) ? r.pick([0x300, 0x100]) : 0) | (r.chance(0.3) ? r.below(4) << 10 : 0), true);
  view.setUint16(fx + Fx.fsw, (r.u32() & 0x4700) | (r.chance(0.9) ? r.below(8) << 11 : 0) | (r.chance(0.2) ? r.below(64) : 0), true);
  const top = (view.getUint16(fx + Fx.fsw, true) >> 11) & 7;
  let tags = r.chance(0.1) ? 0 : r.u32() & 255;
  if (r.chance(0.85)) tags |= (1 << top) | (1 << ((top + 1) & 7));
  if (r.chance(0.3)) tags &= ~(1 << ((top + 7) & 7));
  view.setUint8(fx + Fx.ftw, tags);
  view.setUint32(fx + Fx.mxcsr, 0x1f80 | (r.chance(0.25) ? r.below(4) << 13 : 0) | (r.chance(0.08) ? 0x8000 : 0) | (r.chance(0.08) ? 0x40 : 0) | (r.chance(0.2) ? r.below(64) : 0), true);
  for (let i = 0; i < 8; i++) r.extended(view, fx + Fx.st + i * 16);
  for (let i = 0; i < 32; i++) r.fill8(view, fx + Fx.xmm + i * 8);
  for (let i = 0; i < 16; i++) {
    // Two registers alike now and then, so that comparisons have something to find.
    if (r.chance(0.1)) for (let k = 0; k < 16; k += 8) view.setBigUint64(fx + Fx.xmm + i * 16 + k, view.getBigUint64(fx + Fx.xmm + ((i + 1) & 15) * 16 + k, true), true);
  }
  for (let i = 0; i < WINDOW_BYTES; i += 8) {
    // Words that are good addresses: for ret, call and jmp.
    if (i % 24 === 0) view.setBigUint64(at + At.data + i, codeBase + BigInt(CODE + r.below(CODE_SIZE)), true);
    else r.fill8(view, at + At.data + i);
  }
}

const SHIFT_DOUBLE = new Set(['shld', 'shrd']);
const STRING = new Set(['movs', 'cmps', 'stos', 'lods', 'scas', 'ins', 'outs']);
const CHANGES_RIP = new Set(['ret', 'call', 'jmp']);

export const high = (r: Random): bigint => (r.chance(0.15) ? BigInt(HIGH) : 0n);

/** Writes one case of `row` at `at` of the buffer. */
export function makeCase(row: IsaRow, r: Random, view: DataView, at: number): void {
  const codeBase = high(r), dataBase = high(r);
  fillState(r, view, at, codeBase, dataBase);
  const setReg = (n: number, v: bigint): void => view.setBigUint64(at + At.gpr + n * 8, BigInt.asUintN(64, v), true);
  const getReg = (n: number): bigint => view.getBigUint64(at + At.gpr + n * 8, true);
  const low = (n: number, v: number): void => setReg(n, (getReg(n) & ~0xffffffffn) | BigInt(v >>> 0));

  const isString = STRING.has(row.name);
  const sizes = row.operands.map((o) => o.size);
  const sized = sizes.some((s) => s === 'v' || s === 'z' || s === 'y') || row.default64 || row.name === 'cwde' || row.name === 'cdq';
  const noOsz = row.force64 || row.prefix !== PREFIX_ANY && row.prefix !== 0xf3 && row.prefix !== 0xf2 || row.operandSize || row.name === 'bswap' || row.name === 'movsxd' || !sizes.includes('v') && !sizes.includes('z') && !isString && row.name !== 'cwde' && row.name !== 'cdq' && row.name !== 'pushf' && row.name !== 'popf';
  const osz = !noOsz && r.chance(0.25);
  let rex = 0;
  if (row.variant === Variant.W) rex = 0x48;
  else if (sized && !hasWVariant.has(row.id) && r.chance(0.4)) rex = 0x48;
  if (row.variant === Variant.B) rex |= 0x41;
  const plainRegister = row.opcode === 0x90 && row.map === 0;
  if (r.chance(0.45)) rex |= 0x40 | (r.below(8) & (plainRegister ? 6 : 7));
  const wide = (rex & 8) !== 0;
  const osi = wide || row.force64 ? 2 : osz ? 0 : row.default64 ? 2 : 1;
  const sizeOf = (i: number): number => SIZES[sizes[i]!]![osi]!;

  const bytes: number[] = [];
  const memory = row.hasModrm && row.memoryForm && (!row.registerForm || r.chance(0.5));
  const hasMoffs = row.operands.some((o) => o.mode === Mode.O);
  const asize32 = dataBase === 0n && (memory || isString || hasMoffs) && r.chance(0.06);
  const gs = (memory || isString || hasMoffs) && r.chance(0.05);
  if (gs) bytes.push(0x65);
  else if (r.chance(0.02)) bytes.push(r.pick([0x2e, 0x3e, 0x26, 0x36]));
  if (asize32) bytes.push(0x67);
  if (osz) bytes.push(0x66);
  const illegalLock = !memory && r.chance(0.002);
  if (illegalLock || row.lock && memory && r.chance(0.15)) bytes.push(0xf0);
  if (isString && r.chance(0.7)) bytes.push(r.pick([0xf2, 0xf3]));
  if (row.prefix > 0) bytes.push(row.prefix);
  if (rex !== 0) bytes.push(rex);
  if (row.map > 0) bytes.push(0x0f);
  if (row.map === 2) bytes.push(0x38);
  if (row.map === 3) bytes.push(0x3a);
  bytes.push(row.opcode + (row.plusReg ? r.below(8) : 0));

  const displacement: { at: number; size: number }[] = [];
  if (isString) {
    const count = r.below(10);
    if (asize32) low(1, count); else setReg(1, BigInt(count));
    for (const reg of [6, 7]) {
      const place = r.chance(0.85) ? inB(r, dataBase) : target(r, row, 8, dataBase);
      const va = reg === 6 && gs ? place - BigInt(GS_BASE) : place;
      if (asize32) low(reg, Number(BigInt.asUintN(32, va))); else setReg(reg, va);
    }
    if (r.chance(0.4)) view.setUint8(at + At.rflags + 1, view.getUint8(at + At.rflags + 1) | 4);
  }
  prepare(row, r, { setReg, getReg, view, at, osi, codeBase, dataBase });

  let ripRelative: bigint | undefined;
  if (row.hasModrm) {
    const reg = row.modrm >= 0 ? (row.modrm >> 3) & 7 : row.ext >= 0 ? row.ext : r.below(8);
    if (row.modrm >= 0) bytes.push(row.modrm + (row.plusSti ? r.below(8) : 0));
    else if (!memory) bytes.push(0xc0 | (reg << 3) | r.below(8));
    else {
      const size = row.operands.reduce((n, o, i) => (o.mode === Mode.E || o.mode === Mode.M || o.mode === Mode.W || o.mode === Mode.Q ? Math.max(n, sizeOf(i)) : n), 0);
      // A double shift of 16 bits by more is undefined: cl stays what prepare made it, so its address is absolute.
      const fixed = SHIFT_DOUBLE.has(row.name) && osi === 0;
      const place = target(r, row, size, fixed ? 0n : dataBase);
      const linear = gs ? place - BigInt(GS_BASE) : place;
      const how = fixed ? 2 : r.below(20);
      if (how < 2 && !asize32 && codeBase === dataBase && place - dataBase < 0x40000000n) {
        bytes.push((reg << 3) | 5);
        displacement.push({ at: bytes.length, size: 4 });
        bytes.push(0, 0, 0, 0);
        ripRelative = linear;
      } else if (how === 2 && BigInt.asIntN(32, linear) === linear && !asize32) {
        bytes.push((reg << 3) | 4, 0x25 | (r.below(4) << 6), ...bytes32(Number(linear)));
        rexClear(bytes, rex, 2);
      } else {
        const base3 = r.below(8);
        const base = base3 | (rex & 1) << 3;
        const mod = (base3 === 5 ? 1 : 0) + r.below(base3 === 5 ? 2 : 3);
        let sum = mod === 0 ? 0n : mod === 1 ? BigInt(r.below(256) - 128) : BigInt(r.u32() | 0);
        const disp = sum;
        const useSib = base3 === 4 || r.chance(0.4);
        let sib = 0;
        if (useSib) {
          const index3 = r.below(8), index = index3 | (rex & 2) << 2, scale = r.below(4);
          const none = index === 4;
          // The kernel cannot return to a non-canonical rsp, so nothing is added to one.
          if (!none && (index === base || base === 4)) sib = (scale << 6) | (4 << 3) | base3;
          else sib = (scale << 6) | (index3 << 3) | base3;
          if ((sib & 0x38) >> 3 === 4 && (rex & 2) !== 0) {
            // r12 as the index.
            if (base === 12 || base === 4) { rexClear(bytes, rex, 2); } else sum += getReg(12) << BigInt(scale);
          } else if ((sib & 0x38) >> 3 !== 4) sum += getReg(index) << BigInt(scale);
        }
        bytes.push((mod << 6) | (reg << 3) | (useSib ? 4 : base3));
        if (useSib) bytes.push(sib);
        if (mod === 1) bytes.push(Number(BigInt.asUintN(8, disp)));
        if (mod === 2) bytes.push(...bytes32(Number(disp)));
        // Nor is rsp itself sent there.
        const value = BigInt.asUintN(64, (base === 4 && linear >= 0x800000000000n ? BigInt(MIDDLE) : linear) - sum);
        setReg(base, asize32 && base !== 4 ? (r.u64() & 0xffffffff00000000n) | BigInt.asUintN(32, value) : asize32 ? BigInt.asUintN(32, value) : value);
      }
    }
  }

  for (const [i, o] of row.operands.entries()) {
    const size = sizeOf(i);
    if (o.mode === Mode.O) {
      const place = target(r, row, 8, dataBase) - (gs ? BigInt(GS_BASE) : 0n);
      for (let k = 0; k < (asize32 ? 4 : 8); k++) bytes.push(Number(BigInt.asUintN(8, place >> BigInt(8 * k))));
    } else if (o.mode === Mode.J) {
      // Never onto itself: that could go on for ever.
      const rel = r.chance(0.5) ? r.below(0x30) : -16 - r.below(0x20);
      if (size === 1) bytes.push(rel & 255);
      else bytes.push(...bytes32(rel));
    } else if (o.mode === Mode.I || o.mode === Mode.Is) {
      let v = r.value();
      if (row.name === 'enter') v = i === 0 ? BigInt(8 * r.below(8)) : BigInt(r.pick([0, 0, 1, 2, 3, 33]));
      else if (row.name === 'ret') v = BigInt(8 * r.below(8));
      else if (SHIFT_DOUBLE.has(row.name)) v = BigInt(r.below(osi === 0 ? 17 : 256));
      for (let k = 0; k < size; k++) bytes.push(Number(BigInt.asUintN(8, v >> BigInt(8 * k))));
    }
  }

  // An illegal LOCK on the edge of a missing page: processors differ in what they see first.
  const where = illegalLock ? 99 : r.below(100);
  const length = bytes.length;
  let rip = CODE + 0x400 + r.below(0x400);
  if (where < 8) rip = CODE + 0x1000 - 1 - r.below(length);
  else if (where < 11) rip = CODE + CODE_SIZE - length;
  else if (where < 13) rip = CODE + CODE_SIZE - 1 - r.below(length);
  for (const d of displacement) {
    const value = Number(ripRelative! - codeBase - BigInt(rip + length));
    bytes32(value).forEach((b, k) => { bytes[d.at + k] = b; });
  }
  view.setBigUint64(at + At.rip, codeBase + BigInt(rip), true);
  view.setBigUint64(at + At.length, BigInt(length), true);
  for (let i = 0; i < CODE_BYTES; i++) view.setUint8(at + At.code + i, i < length ? bytes[i]! : 0xcc);
}

const bytes32 = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255];

/** Clears a REX bit of the prefix already written. */
function rexClear(bytes: number[], rex: number, bit: number): void {
  const i = bytes.indexOf(rex);
  if (rex !== 0 && i >= 0) bytes[i] = rex & ~bit;
}

interface Setting {
  setReg(n: number, v: bigint): void;
  getReg(n: number): bigint;
  view: DataView;
  at: number;
  osi: number;
  codeBase: bigint;
  dataBase: bigint;
}

/** Gives implicit operands values that make the instruction do its work most of the time. */
function prepare(row: IsaRow, r: Random, { setReg, getReg, view, at, osi, codeBase, dataBase }: Setting): void {
  const bits = [16n, 32n, 64n][osi]!;
  switch (row.name) {
    case 'div': if (r.chance(0.8)) setReg(2, r.chance(0.7) ? 0n : BigInt(r.below(200))); break;
    case 'idiv': if (r.chance(0.8)) setReg(2, BigInt.asIntN(64, getReg(0) << (64n - bits)) < 0n ? -1n : 0n); break;
    case 'shld': case 'shrd': if (osi === 0) setReg(1, (getReg(1) & ~31n) | BigInt(r.below(17))); break;
    case 'xlat': setReg(3, inB(r, dataBase) - (getReg(0) & 255n)); break;
    // Whether a mask of zeros faults is the processor's choice.
    case 'maskmovq': case 'maskmovdqu': setReg(7, inB(r, dataBase)); break;
    case 'leave': case 'enter': setReg(5, r.chance(0.95) ? dataBase + BigInt(MIDDLE + 8 * (8 + r.below(0x60))) : target(r, row, 8, dataBase)); break;
    case 'pcmpestri': case 'pcmpestrm': setReg(0, BigInt(r.below(40) - 20)); setReg(2, BigInt(r.below(40) - 20)); break;
    case 'loop': case 'loope': case 'loopne': case 'jrcxz': if (r.chance(0.6)) setReg(1, BigInt(r.below(3))); break;
    case 'f2xm1': case 'fyl2xp1':
      // Outside of their domain the result is undefined.
      view.setUint16(at + At.fx + Fx.st + 8, (r.chance(0.5) ? 0x8000 : 0) | (16380 - r.below(40)), true);
      break;
  }
  if (row.name.startsWith('bt') && row.spec.endsWith('Gv')) {
    for (let i = 0; i < 16; i++) if (i !== 4) setReg(i, r.chance(0.5) ? BigInt(r.below(512) - 256) : (r.u64() & 0xffffffff00000000n) * (osi === 2 ? 0n : 1n) | BigInt.asUintN(32, BigInt(r.below(512) - 256)));
  }
  if (row.name === 'cmpxchg' && r.chance(0.5)) setReg(0, getReg(r.below(16)));
  if (CHANGES_RIP.has(row.name)) {
    for (let i = 0; i < 16; i++) if (i !== 4 && r.chance(0.8)) setReg(i, codeBase + BigInt(CODE + r.below(CODE_SIZE)));
    // A return address on the stack wherever rsp points.
    const rsp = Number(getReg(4) - dataBase) - DATA;
    view.setBigUint64(at + At.data + 0x80 + rsp - 0xe00, codeBase + BigInt(CODE + r.below(CODE_SIZE)), true);
  }
  if (row.name === 'popf') {
    // Neither trap nor alignment check.
    const rsp = Number(getReg(4) - dataBase) - DATA;
    const slot = at + At.data + 0x80 + rsp - 0xe00;
    view.setBigUint64(slot, view.getBigUint64(slot, true) & 0xcd5n, true);
  }
}

/** A buffer with `perRow` cases of each of the rows, in row order. */
export function makeCases(list: readonly IsaRow[], perRow: number, seed: number): Uint8Array {
  const buffer = new Uint8Array(list.length * perRow * RECORD);
  const view = new DataView(buffer.buffer);
  list.forEach((row, i) => {
    const r = new Random((seed ^ Math.imul(row.id, 0x9e3779b1)) | 0);
    for (let k = 0; k < perRow; k++) makeCase(row, r, view, (i * perRow + k) * RECORD);
  });
  return buffer;
}
