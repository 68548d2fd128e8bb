/** PCMPxSTRx as helpers: the index forms write ECX, the mask forms XMM0, all of them the flags. */
import { indexOf, stringCompare, type StringCompare } from '../helpers/pcmpstr.ts';
import { AF, CF, gpr, OF, PF, SF, xmm, ZF } from '../state.ts';
import { Flag } from './define.ts';
import { defineHelper, type HelperCpu } from './helper.ts';
import { Offset } from './record.ts';
import { operand } from './vec-float.ts';

const RAX = 0, RCX = 1, RDX = 2;
const spec = { writes: Flag.C | Flag.P | Flag.A | Flag.Z | Flag.S | Flag.O };

function setFlags(view: DataView, c: StringCompare): void {
  view.setInt32(CF, Number(c.cf), true);
  view.setInt32(PF, 1, true);
  view.setInt32(AF, 0, true);
  view.setBigInt64(ZF, c.zf ? 0n : 1n, true);
  view.setBigInt64(SF, c.sf ? -1n : 0n, true);
  view.setBigInt64(OF, c.of ? -1n : 0n, true);
}

/** aux is the immediate, c 1 when RAX and RDX count in 64 bits. */
function compare(cpu: HelperCpu, record: number, explicit: boolean): { c: StringCompare; imm: number } {
  const { view } = cpu.memory;
  const imm = view.getInt32(record + Offset.aux, true);
  const wide = operand(cpu, record, 'c') !== 0;
  const length = (reg: number): bigint => (wide ? view.getBigInt64(gpr(reg), true) : BigInt(view.getInt32(gpr(reg), true)));
  const c = stringCompare(view, operand(cpu, record, 'a'), operand(cpu, record, 'b'), imm, explicit ? [length(RAX), length(RDX)] : undefined);
  setFlags(view, c);
  return { c, imm };
}

function index(name: string, explicit: boolean): number {
  return defineHelper(name, spec, (cpu, record) => {
    const { c, imm } = compare(cpu, record, explicit);
    cpu.memory.view.setBigUint64(gpr(RCX), BigInt(indexOf(c, imm)), true);
  });
}

function mask(name: string, explicit: boolean): number {
  return defineHelper(name, spec, (cpu, record) => {
    const { c, imm } = compare(cpu, record, explicit);
    const { view } = cpu.memory;
    const d = xmm(0);
    const size = 16 / c.count;
    view.setBigUint64(d, 0n, true);
    view.setBigUint64(d + 8, 0n, true);
    if ((imm & 0x40) === 0) { view.setUint16(d, c.result, true); return; }
    for (let i = 0; i < 16; i++) view.setUint8(d + i, (c.result >> Math.floor(i / size)) & 1 ? 255 : 0);
  });
}

export const stringOps: Readonly<Record<string, number>> = {
  pcmpestri: index('pcmpestri', true),
  pcmpistri: index('pcmpistri', false),
  pcmpestrm: mask('pcmpestrm', true),
  pcmpistrm: mask('pcmpistrm', false),
};
