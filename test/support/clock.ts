/** The machine's clocks as the core's Clock port. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../src/host/ports.ts';

export function createClock(): Clock {
  return { now: () => performance.timeOrigin + performance.now(), monotonic: () => performance.now() };
}
