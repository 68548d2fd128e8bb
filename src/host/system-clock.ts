/**
 * The host's time as a Clock port, for every worker. The wall clock has the fraction that Date lacks, but follows Date when
 * the two part: performance.now() stands still while a laptop sleeps (on Linux and macOS), and does not see the clock being set.
 */
import type { Clock } from './ports.ts';

const TOLERANCE_MS = 5;

export function systemClock(wall: () => number = Date.now, monotonic: () => number = () => performance.now()): Clock {
  let origin = wall() - monotonic();
  return {
    now() {
      const precise = origin + monotonic(), coarse = wall();
      if (Math.abs(precise - coarse) <= TOLERANCE_MS) return precise;
      origin = coarse - monotonic();
      return coarse;
    },
    monotonic,
  };
}
