/**
 * The x86-64 instruction set as data, user mode complete: decoder, disassembler, lowering, tests and the support page all
 * read these rows. References: Intel SDM volume 2 appendix A, AMD APM volume 3 appendix A. How to write a row: isa/row.ts.
 */
import { oneByte } from './isa/one-byte.ts';
import { parseRow, type IsaRow } from './isa/row.ts';
import { sse } from './isa/sse.ts';
import { threeByte } from './isa/three-byte.ts';
import { twoByte } from './isa/two-byte.ts';
import { vex } from './isa/vex.ts';
import { x87 } from './isa/x87.ts';

export type { IsaRow, Operand } from './isa/row.ts';

const sources = [...oneByte, ...twoByte, ...threeByte, ...x87, ...sse, ...vex];

/** All rows; a row's id is its index plus one. */
export const rows: readonly IsaRow[] = sources.map((source, i) => parseRow(source, i + 1));
