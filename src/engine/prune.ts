/** The `until` filter of the prune endpoints: a time, or a Go duration before now. */
import { InvalidParameter } from '../base/errors.ts';
import type { Clock } from '../host/ports.ts';
import type { Filters } from './api/filters.ts';
import { parseTimestamp } from './ids.ts';

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a Go duration (`1h30m`, `10s`), or undefined. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) total += Number(amount) * UNIT_MS[unit];
  return total;
}

/** Only things made before this time (ms) are pruned; Infinity without the filter. */
export function untilFilter(filters: Filters, clock: Clock): number {
  if (!filters.has('until')) return Infinity;
  const values = filters.get('until');
  if (values.length !== 1) throw new InvalidParameter('more than one until filter specified');
  const ago = parseDuration(values[0]);
  if (ago !== undefined) return clock.now() - ago;
  const at = parseTimestamp(values[0]);
  if (at === undefined) throw new InvalidParameter(`invalid filter 'until=${values[0]}'`);
  return Number(at / 1_000_000n);
}
