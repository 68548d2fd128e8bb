/**
 * Every instruction of the ISA table that has a lowering, run on this machine's processor and on ours: registers, flags, memory and faults
 * must agree. DRYDOCK_CASES sets the cases per row form (20),
 * DRYDOCK_SEQUENCES the number of longer pieces of code, DRYDOCK_SEED the seed (printed), DRYDOCK_ROWS a pattern of row names.
 */
import { describe, expect, test } from 'vitest';
import { createCpu } from '../../../src/cpu/create.ts';
import { Decode, decode } from '../../../src/cpu/x64/decode.ts';
import { format } from '../../../src/cpu/x64/disasm.ts';
import { Insn } from '../../../src/cpu/x64/insn.ts';
import { rows } from '../../../src/cpu/x64/isa.ts';
import type { IsaRow } from '../../../src/cpu/x64/isa/row.ts';
import { loweringOf } from '../../../src/cpu/x64/lower/index.ts';
import { makeCases, testable } from '../../native/cases.ts';
import { Comparison } from '../../native/compare.ts';
import { At, RECORD } from '../../native/layout.ts';
import { Random } from '../../native/random.ts';
import { oracleAvailable, runNative, runOurs } from '../../native/run.ts';
import { makeSequences } from '../../native/sequences.ts';

const PER_ROW = Number(process.env['DRYDOCK_CASES'] ?? 20);
const SEED = Number(process.env['DRYDOCK_SEED'] ?? 1);
const pattern = new RegExp(process.env['DRYDOCK_ROWS'] ?? '');
const SEQUENCES = Number(process.env['DRYDOCK_SEQUENCES'] ?? 1000);
/** Cases are made, run and compared so many rows at a time. */
const CHUNK = 64;

/** Never announced, so not lowered either. */
const UNANNOUNCED = new Set(['sha', 'gfni']);
const subjects = rows.filter((r) => testable(r) && pattern.test(r.name) && (!UNANNOUNCED.has(r.feature) || loweringOf(r) !== undefined));
const chunks: IsaRow[][] = [];
for (let i = 0; i < subjects.length; i += CHUNK) chunks.push(subjects.slice(i, i + CHUNK));

describe.skipIf(!oracleAvailable())(`against the processor, ${PER_ROW} cases a row, seed ${SEED}`, () => {
  const cpu = createCpu({ memoryLimit: 16 << 20, log: () => {}, clock: { monotonic: () => performance.now() } });

  test.each(chunks.map((c) => [`${c[0]!.name} to ${c.at(-1)!.name}`, c] as const))('%s', (_, chunk) => {
    const cases = makeCases(chunk, PER_ROW, SEED);
    const native = runNative(cases);
    const ours = runOurs(cpu, cases);
    const comparison = new Comparison(cases, native, ours);
    const insn = new Insn();
    const failures: string[] = [];
    chunk.forEach((row, i) => {
      let shown = 0, failed = 0;
      for (let k = 0; k < PER_ROW; k++) {
        const at = (i * PER_ROW + k) * RECORD;
        const difference = comparison.differences(row, at);
        if (difference === '') continue;
        failed++;
        if (shown++ >= 2) continue;
        const length = decode(cases, at + At.code, at + At.code + 24, insn);
        const text = length > 0 ? format(insn, 0) : length === Decode.Invalid ? '(bad)' : '(truncated)';
        failures.push(`${row.name} ${row.spec}: ${text}: ${difference}\n      ${comparison.describe(at)}`);
      }
      if (failed > 0) failures.push(`${row.name} ${row.spec}: ${failed} of ${PER_ROW} differ${loweringOf(row) === undefined ? ' (no lowering)' : ''}`);
    });
    expect(failures.join('\n')).toBe('');
  }, 600_000);

  test(`${SEQUENCES} sequences`, () => {
    const failures: string[] = [];
    for (let first = 0; first < SEQUENCES && failures.length < 20; first += 1000) {
      const { cases, undefinedFlags } = makeSequences(Math.min(1000, SEQUENCES - first), new Random(SEED + first));
      const comparison = new Comparison(cases, runNative(cases), runOurs(cpu, cases));
      undefinedFlags.forEach((flags, i) => {
        const difference = comparison.sequenceDifferences(i * RECORD, flags);
        if (difference !== '' && failures.length < 5) failures.push(`sequence ${first + i}: ${difference}\n${comparison.listing(i * RECORD).join('\n')}\n${comparison.describe(i * RECORD)}`);
      });
    }
    expect(failures.join('\n')).toBe('');
  }, 600_000);
});
