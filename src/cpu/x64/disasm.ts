/** Intel-syntax text of a decoded instruction, in objdump's spelling: for traces, logs of unsupported instructions and tests. */
import { Insn, Kind, NO_REG, RIP, SEG_FS, SEG_NONE } from './insn.ts';
import { Decode, decode } from './decode.ts';
import { Mode, type Operand } from './isa/row.ts';

const R64 = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const R8 = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const POINTERS: Readonly<Record<number, string>> = { 1: 'BYTE', 2: 'WORD', 4: 'DWORD', 6: 'FWORD', 8: 'QWORD', 10: 'TBYTE', 16: 'XMMWORD', 32: 'YMMWORD' };
const PREDICATES = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'];

/** Names that depend on the operand size: 2, 4, 8 bytes. */
const BY_SIZE: Readonly<Record<string, readonly [string, string, string]>> = {
  cwde: ['cbw', 'cwde', 'cdqe'], cdq: ['cwd', 'cdq', 'cqo'], fxsave: ['fxsave', 'fxsave', 'fxsave64'], fxrstor: ['fxrstor', 'fxrstor', 'fxrstor64'],
  xsave: ['xsave', 'xsave', 'xsave64'], xrstor: ['xrstor', 'xrstor', 'xrstor64'], xsavec: ['xsavec', 'xsavec', 'xsavec64'], sysret: ['sysretw', 'sysretd', 'sysretq'],
  iret: ['iretw', 'iret', 'iretq'], incssp: ['incsspd', 'incsspd', 'incsspq'],
};

export function registerName(reg: number, size: number): string {
  if (size === 1) return reg < 8 ? R8[reg]! : `r${reg}b`;
  if (reg >= 8) return size === 8 ? R64[reg]! : `r${reg}${size === 4 ? 'd' : 'w'}`;
  const name = R64[reg]!;
  return size === 8 ? name : size === 4 ? `e${name.slice(1)}` : name.slice(1);
}

const hex = (n: bigint | number): string => (n < 0 ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`);

function immediate(i: Insn, size: number): string {
  const value = (BigInt(i.immHi) << 32n) | BigInt(i.immLo >>> 0);
  return hex(BigInt.asUintN(size * 8, value));
}

function memory(i: Insn, size: number): string {
  const pointer = POINTERS[size] === undefined || size === 0 ? '' : `${POINTERS[size]} PTR `;
  const segment = i.seg === SEG_NONE ? '' : `${i.seg === SEG_FS ? 'fs' : 'gs'}:`;
  if (i.base === NO_REG && i.index === NO_REG) {
    const address = (BigInt(i.dispHi) << 32n) | BigInt(i.disp >>> 0);
    return `${pointer}${segment === '' ? 'ds:' : segment}${hex(BigInt.asUintN(64, address))}`;
  }
  const parts: string[] = [];
  if (i.base === RIP) parts.push(i.asize === 8 ? 'rip' : 'eip');
  else if (i.base !== NO_REG) parts.push(registerName(i.base, i.asize));
  if (i.index !== NO_REG) parts.push(`${i.row.vsib ? `${i.vl === 32 ? 'y' : 'x'}mm${i.index}` : registerName(i.index, i.asize)}*${1 << i.scale}`);
  if (i.base === RIP) parts.push(hex(BigInt.asUintN(64, BigInt(i.disp))));
  // A displacement of zero is shown where it is encoded.
  const disp = i.base === RIP || (i.disp === 0 && i.modrm < 0x40 && i.base !== NO_REG) ? '' : i.disp < 0 ? hex(i.disp) : `+${hex(i.disp)}`;
  return `${pointer}${segment}[${parts.join('+')}${disp}]`;
}

function operandText(i: Insn, slot: number, rip: number): string {
  const reg = i.reg[slot]!, size = i.osize[slot]!;
  switch (i.kind[slot]) {
    case Kind.Reg: return registerName(reg, size);
    case Kind.RegHigh: return 'acdb'[reg]! + 'h';
    case Kind.Mem: return memory(i, size);
    case Kind.Imm: return immediate(i, immediateSize(i));
    case Kind.Imm2: return hex(i.imm2);
    case Kind.Rel: return hex(BigInt.asUintN(64, BigInt(rip + i.len) + BigInt(i.immLo)));
    case Kind.Xmm: return `${size === 32 ? 'y' : 'x'}mm${reg}`;
    case Kind.Mmx: return `mm${reg}`;
    case Kind.St: return reg === 0 && (i.operands > 1 && i.row.operands[slot]!.mode === Mode.St0) ? 'st' : `st(${reg})`;
    case Kind.Seg: return SEGMENTS[reg]!;
    default: return String(reg);
  }
}

/** Immediates are shown at the width of what they meet; shift counts, selectors and the like as bytes. */
function immediateSize(i: Insn): number {
  const codes = i.row.operands;
  const own = codes.find((o) => o.mode === Mode.I || o.mode === Mode.Is)!;
  if (own.mode === Mode.Is || own.size === 'z' || own.size === 'v') return i.row.name === 'push' ? 8 : i.size;
  return own.size === 'w' ? 2 : 1;
}

const stringOperand = (i: Insn, o: Operand): string => {
  const index = o.mode === Mode.X ? 'si' : 'di';
  const segment = o.mode === Mode.Y ? 'es' : i.seg === SEG_NONE ? 'ds' : SEGMENTS[i.seg]!;
  return `${POINTERS[i.size]} PTR ${segment}:[${i.asize === 8 ? 'r' : 'e'}${index}]`;
};

function mnemonic(i: Insn): string {
  const { name } = i.row;
  const sized = BY_SIZE[name];
  if (sized !== undefined) return sized[i.size === 8 ? 2 : i.size === 4 ? 1 : 0];
  if (/^v?(movd|pextrd|pinsrd)$/.test(name) && (i.rex & 8) !== 0) return `${name.slice(0, -1)}q`;
  if (name === 'mov' && (i.row.operands.some((o) => o.mode === Mode.O) || (i.row.spec === 'Zv,Iv' && i.size === 8))) return 'movabs';
  if (name === 'nop' && i.opcode === 0x90 && i.osz) return 'xchg ax,ax';
  if (name === 'jrcxz' && i.asize === 4) return 'jecxz';
  if (name === 'pushf' || name === 'popf') return i.size === 8 ? name : `${name}w`;
  return name;
}

/** @param rip address of the instruction, for branch targets */
export function format(i: Insn, rip: number): string {
  const { row } = i;
  let name = mnemonic(i);
  let operands: string[];
  if (row.operands.some((o) => o.mode === Mode.X || o.mode === Mode.Y)) {
    let slot = 0;
    operands = row.operands.map((o) => (o.mode === Mode.X || o.mode === Mode.Y ? stringOperand(i, o) : operandText(i, slot++, rip)));
    const compares = name === 'cmps' || name === 'scas';
    if (i.rep !== 0) name = `${compares ? (i.rep === 0xf2 ? 'repnz' : 'repz') : i.rep === 0xf2 ? 'repnz' : 'rep'} ${name}`;
  } else {
    operands = Array.from({ length: i.operands }, (_, slot) => operandText(i, slot, rip));
    if (name === 'fxch') operands.shift();
    const compare = /^(v?cmp)([ps][sd])$/.exec(name);
    if (compare !== null && i.immLo < 8) {
      name = `${compare[1]!}${PREDICATES[i.immLo]!}${compare[2]!}`;
      operands.pop();
    }
  }
  const text = operands.length === 0 ? name : `${name} ${operands.join(',')}`;
  return i.lock ? `lock ${text}` : text;
}

const scratch = new Insn();

/** Text of the instruction at `bytes[at]`, '(bad)' when it is none. */
export function disassemble(bytes: Uint8Array, at: number, end: number, rip: number): string {
  const length = decode(bytes, at, end, scratch);
  return length > 0 ? format(scratch, rip) : length === Decode.Truncated ? '(truncated)' : '(bad)';
}
