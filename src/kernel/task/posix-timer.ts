/** Timers of timer_create(2): kept per process, notify by signal. */
import type { Timer } from '../timers.ts';

export interface PosixTimer {
  readonly id: number;
  readonly clock: number;
  /** SIGEV_*. */
  readonly notify: number;
  readonly signo: number;
  readonly value: bigint;
  /** Target of SIGEV_THREAD_ID. */
  readonly tid: number;
  timer: Timer | undefined;
  /** Monotonic ms of the next expiry, 0 when disarmed; period in ms. */
  deadline: number;
  interval: number;
  /** Expiries since the signal was queued, and the count that the last delivered signal carried. */
  pendingOverrun: number;
  lastOverrun: number;
  queued: boolean;
}
