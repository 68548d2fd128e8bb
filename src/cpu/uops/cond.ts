/** setcc and cmovcc, by condition code. */
import { select } from '../wasm/code.ts';
import { CONDITION_READS } from './branch.ts';
import { define } from './define.ts';

const codes = Array.from({ length: 16 }, (_, cc) => cc);
const spec = (cc: number) => ({ hot: true, reads: CONDITION_READS[cc >> 1] });

/** d (one byte) = condition. */
export const setcc = codes.map((cc) => define(`setcc${cc}`, spec(cc), (u) => u.set8('d', u.condition(cc))));

/** d = condition ? a : d. A 32-bit cmov clears the upper half either way. */
export const cmov = {
  8: codes.map((cc) => define(`cmov64.${cc}`, spec(cc), (u) => u.set64('d', select(u.get64('a'), u.get64('d'), u.condition(cc))))),
  4: codes.map((cc) => define(`cmov32.${cc}`, spec(cc), (u) => u.set32('d', select(u.get32('a'), u.get32('d'), u.condition(cc))))),
  2: codes.map((cc) => define(`cmov16.${cc}`, { ...spec(cc), hot: false }, (u) => u.set16('d', select(u.get16('a'), u.get16('d'), u.condition(cc))))),
} as const;
