/**
 * From a decoded instruction to uops: one function per instruction name of the ISA table. Families register theirs in
 * files of their own (listed in index.ts); a name without a function is #UD with a log line.
 */
import { rows } from '../isa.ts';
import type { Insn } from '../insn.ts';
import type { BlockBuilder } from './builder.ts';

/** Appends the records of `i` to `b`. Returning false means that this form is not supported: #UD. */
export type Lowering = (b: BlockBuilder, i: Insn) => void | false;

const byName = new Map<string, Lowering>();
const rowsByName = new Map<string, number[]>();
for (const row of rows) {
  if (row.vex) continue;
  const ids = rowsByName.get(row.name);
  if (ids) ids.push(row.id); else rowsByName.set(row.name, [row.id]);
}
const byRow: (Lowering | undefined)[] = [];

/** `lower({ add: ..., sub: ... })`: keys are row names, several separated by spaces share a function. */
export function lower(table: Readonly<Record<string, Lowering>>): void {
  for (const key in table) {
    for (const name of key.split(' ')) {
      if (byName.has(name)) throw new Error(`two lowerings for ${name}`);
      byName.set(name, table[key]);
      const ids = rowsByName.get(name);
      if (ids === undefined) throw new Error(`no instruction ${name}`);
      for (const id of ids) byRow[id] = table[key];
    }
  }
}

export function loweringOf(row: { readonly id: number }): Lowering | undefined { return byRow[row.id]; }
export function isLowered(name: string): boolean { return byName.has(name); }
