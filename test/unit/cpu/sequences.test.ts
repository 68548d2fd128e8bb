/**
 * Random sequences of integer instructions, with forward jumps and small loops, on the processor and on ours. What single
 * instructions cannot show: flag liveness, fused comparisons, blocks that meet, code across a page boundary.
 * DRYDOCK_CASES sets the number of sequences, DRYDOCK_SEED the seed.
 */
import { describe, expect, test } from 'vitest';
import { At, CODE, CODE_BYTES, DATA, RECORD, WINDOW_BYTES } from '../../native/layout.ts';
import { oracleAvailable, runNative, runOurs } from '../../native/run.ts';
import { assemble, newCpu } from './machine.ts';

const CASES = Number(process.env['DRYDOCK_CASES'] ?? 400);
let seed = Number(process.env['DRYDOCK_SEED'] ?? 1);
/** Mulberry32. */
function random(n: number): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = <T>(from: readonly T[]): T => from[random(from.length)];

/** rbx points to data, rsp to the stack, rcx counts loops. */
const REGISTERS: Record<number, readonly string[]> = {
  8: ['rax', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r15'], 4: ['eax', 'edx', 'esi', 'edi', 'ebp', 'r8d', 'r9d', 'r15d'],
  2: ['ax', 'dx', 'si', 'di', 'bp', 'r8w', 'r9w', 'r15w'], 1: ['al', 'dl', 'sil', 'dil', 'bpl', 'r8b', 'r9b', 'r15b'],
};
const HIGH = ['ah', 'dh'];
const CC = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const POINTER: Record<number, string> = { 1: 'byte ptr', 2: 'word ptr', 4: 'dword ptr', 8: 'qword ptr' };
const size = (): number => pick([1, 2, 4, 4, 4, 8, 8]);
const reg = (s: number): string => pick(REGISTERS[s]);
const mem = (s: number): string => `${POINTER[s]} [rbx + ${random(64) - 32}]`;
const operand = (s: number): string => random(4) === 0 ? mem(s) : reg(s);
const immediate = (s: number): string => pick(['0', '1', '-1', '2', String(random(128)), s === 1 ? '-128' : s === 2 ? '-32768' : '-2147483648', s > 2 ? String(random(2 ** 31)) : '7']);

function source(s: number, destination: string): string {
  return random(3) === 0 ? immediate(s) : destination.includes('[') ? reg(s) : operand(s);
}

function instruction(): string {
  const s = size(), wide = pick([2, 4, 8]);
  switch (random(24)) {
    case 0: case 1: case 2: case 3: { const d = operand(s); return `${pick(['add', 'sub', 'adc', 'sbb', 'and', 'or', 'xor'])} ${d}, ${source(s, d)}`; }
    case 4: case 5: { const d = operand(s); return `cmp ${d}, ${source(s, d)}`; }
    case 6: { const r = reg(s); return `test ${r}, ${pick([r, reg(s), immediate(s)])}`; }
    case 7: case 8: return `${pick(['inc', 'dec', 'neg', 'not'])} ${operand(s)}`;
    case 9: { const d = operand(s); return `mov ${d}, ${source(s, d)}`; }
    case 10: return `${pick(['movzx', 'movsx'])} ${reg(wide)}, ${operand(1)}`;
    case 11: return `set${pick(CC)} ${operand(1)}`;
    case 12: return `cmov${pick(CC)} ${reg(wide)}, ${operand(wide)}`;
    case 13: return `lea ${reg(pick([4, 8]))}, [${reg(8)} + ${reg(8)} * ${pick([1, 2, 4, 8])} + ${random(1000)}]`;
    case 14: return `${pick(['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr'])} ${operand(s)}, 1`;
    case 15: return `push ${reg(8)}\npop ${reg(8)}`;
    case 16: return pick(['stc', 'clc', 'cmc', 'lahf', 'sahf', 'cdq', 'cqo', 'cwde', 'cdqe']);
    case 17: return `${pick(['bt', 'bts', 'btr', 'btc'])} ${reg(wide)}, ${pick([reg(wide), '5'])}`;
    case 18: return `imul ${reg(wide)}, ${operand(wide)}\ntest eax, eax`;
    case 19: return `xchg ${operand(s)}, ${reg(s)}`;
    case 20: return `xadd ${operand(s)}, ${reg(s)}`;
    case 21: return `cmpxchg ${operand(s)}, ${reg(s)}`;
    case 22: return `${pick(['add', 'sub', 'xor', 'cmp', 'mov'])} ${pick(HIGH)}, ${pick([...HIGH, 'al', 'dl', '3'])}`;
    default: return `pushf\npop ${reg(8)}`;
  }
}

function sequence(): string {
  const lines: string[] = [];
  const length = 4 + random(11);
  const loops = random(4) === 0;
  if (loops) lines.push(`mov ecx, ${2 + random(6)}`, '7:');
  for (let k = 0; k < length; k++) {
    lines.push(instruction());
    if (random(4) === 0) lines.push(`j${pick(CC)} 1f`, ...Array.from({ length: random(3) }, instruction), '1:');
  }
  if (loops) lines.push(pick(['dec ecx\njnz 7b', 'sub ecx, 1\njne 7b', 'loop 2f\njmp 3f\n2: jmp 7b\n3:']));
  return lines.join('\n');
}

describe.skipIf(!oracleAvailable())(`sequences, seed ${seed}`, () => {
  test('agree with the processor', () => {
    const texts = Array.from({ length: CASES }, sequence);
    const slots = texts.map((t) => `${t}\nint3\n.balign ${CODE_BYTES}, 0xcc`).join('\n');
    const code = assemble(slots);
    const cases = new Uint8Array(CASES * RECORD);
    const view = new DataView(cases.buffer);
    let kept = 0;
    texts.forEach((_, k) => {
      const at = k * RECORD;
      for (let i = 0; i < WINDOW_BYTES; i++) cases[at + At.data + i] = random(256);
      for (let i = 0; i < 16; i++) {
        const value = pick([0n, 1n, -1n, 0x80n, 0x7fffffffn, 0x80000000n, -0x8000000000000000n, BigInt(random(2 ** 32)) << 32n | BigInt(random(2 ** 32))]);
        view.setBigInt64(at + At.gpr + i * 8, BigInt.asIntN(64, value), true);
      }
      view.setBigUint64(at + At.gpr + 3 * 8, BigInt(DATA + 0x1000), true);
      view.setBigUint64(at + At.gpr + 4 * 8, BigInt(DATA + 0x1180), true);
      view.setBigUint64(at + At.rflags, BigInt(0x202 | (random(2 ** 12) & 0x8d5)), true);
      view.setUint16(at + At.fx, 0x37f, true);
      view.setUint32(at + At.fx + 24, 0x1f80, true);
      // Half of them over the page boundary.
      view.setBigUint64(at + At.rip, BigInt(random(2) ? CODE + 0x1000 - random(120) : CODE + random(0x800)), true);
      view.setBigUint64(at + At.length, BigInt(CODE_BYTES), true);
      cases.set(code.subarray(k * CODE_BYTES, (k + 1) * CODE_BYTES), at + At.code);
      kept++;
    });
    expect(code.length).toBe(CASES * CODE_BYTES);
    const native = new DataView(runNative(cases).buffer);
    const ours = new DataView(runOurs(newCpu().cpu, cases).buffer);
    const failures: string[] = [];
    for (let k = 0; k < kept; k++) {
      const at = k * RECORD;
      const wrong: string[] = [];
      const compare = (name: string, offset: number, mask = -1n): void => {
        const a = native.getBigUint64(at + offset, true) & BigInt.asUintN(64, mask), b = ours.getBigUint64(at + offset, true) & BigInt.asUintN(64, mask);
        if (a !== b) wrong.push(`${name} ${a.toString(16)}/${b.toString(16)}`);
      };
      for (let i = 0; i < 16; i++) compare(`r${i}`, At.gpr + i * 8);
      compare('rflags', At.rflags, 0x8d5n);
      compare('rip', At.rip);
      compare('vector', At.vector);
      for (let i = 0; i < WINDOW_BYTES; i += 8) compare(`data+${i}`, At.data + i);
      if (wrong.length) failures.push(`#${k} ${wrong.join(', ')}\n${texts[k]}`);
    }
    expect(failures.slice(0, 5).join('\n\n')).toBe('');
  }, 120_000);
});
