/** Clocks by id (clock_gettime(2)), in milliseconds, and the timespec and timeval structures. */
import { EINVAL, Errno } from '../../abi/errno.ts';
import type { Mm } from '../mm/mm.ts';
import { processTime } from './cpu-timers.ts';
import type { Task } from './task.ts';

export const CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3, CLOCK_MONOTONIC_RAW = 4,
  CLOCK_REALTIME_COARSE = 5, CLOCK_MONOTONIC_COARSE = 6, CLOCK_BOOTTIME = 7, CLOCK_REALTIME_ALARM = 8, CLOCK_BOOTTIME_ALARM = 9, CLOCK_TAI = 11;
export const TIMER_ABSTIME = 1;

/** Executed ms of a thread, the running slice included. */
export function threadTime(task: Task): number { return task.userTime + task.systemTime + runningSlice(task); }

/** Executed ms of the task's process. */
export function processCpuTime(task: Task): number {
  const { current } = task.kernel.scheduler;
  return processTime(task.process) + (current?.process === task.process ? runningSlice(current) : 0);
}

function runningSlice(task: Task): number {
  const { kernel } = task;
  return kernel.scheduler.current === task ? kernel.clock.monotonic() - kernel.sliceStart : 0;
}

/** The clock's time in ms. Throws Errno(EINVAL) for one that does not exist. */
export function clockNow(task: Task, clock: number): number {
  const { kernel } = task;
  switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_REALTIME_ALARM: case CLOCK_TAI: return kernel.clock.now();
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME: case CLOCK_BOOTTIME_ALARM: return kernel.uptime();
    case CLOCK_PROCESS_CPUTIME_ID: return processCpuTime(task);
    case CLOCK_THREAD_CPUTIME_ID: return threadTime(task);
    default: return cpuClock(task, clock);
  }
}

/** Negative ids name the CPU clock of a process or thread: ~id << 3, with bit 2 for threads (clock_getcpuclockid(3)). */
function cpuClock(task: Task, clock: number): number {
  const id = ~(clock >> 3);
  if (clock >= 0 || (clock & 3) === 3) throw new Errno(EINVAL);
  if (clock & 4) {
    const target = id === 0 ? task : task.kernel.tasks.get(id);
    if (!target || target.process !== task.process) throw new Errno(EINVAL);
    return threadTime(target);
  }
  const process = id === 0 ? task.process : task.kernel.processes.get(id);
  if (!process) throw new Errno(EINVAL);
  return processCpuTime(process.thread);
}

/** True for clocks that sleeping and timers can use. */
export function isWallClock(clock: number): boolean {
  return [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM, CLOCK_TAI].includes(clock);
}

/** The monotonic deadline of an absolute time of `clock`. */
export function deadlineAt(task: Task, clock: number, ms: number): number { return task.kernel.clock.monotonic() + (ms - clockNow(task, clock)); }

/** Reads a struct timespec as ms. Throws Errno(EINVAL) when it is none. */
export function readTimespec(mm: Mm, va: number): number {
  const sec = mm.readI64(va);
  const nsec = mm.readI64(va + 8);
  if (sec < 0 || nsec < 0 || nsec >= 1e9) throw new Errno(EINVAL);
  return sec * 1000 + nsec / 1e6;
}

export function writeTimespec(mm: Mm, va: number, ms: number): void {
  const { sec, rest } = split(ms, 1e6);
  mm.writeU64(va, sec);
  mm.writeU64(va + 8, rest);
}

export function readTimeval(mm: Mm, va: number): number {
  const sec = mm.readI64(va);
  const usec = mm.readI64(va + 8);
  if (sec < 0 || usec < 0 || usec >= 1e6) throw new Errno(EINVAL);
  return sec * 1000 + usec / 1e3;
}

export function writeTimeval(mm: Mm, va: number, ms: number): void {
  const { sec, rest } = split(ms, 1e3);
  mm.writeU64(va, sec);
  mm.writeU64(va + 8, rest);
}

/** Seconds, and what is left in units of which there are `perMs` in a millisecond. */
function split(ms: number, perMs: number): { sec: number; rest: number } {
  const sec = Math.floor(ms / 1000);
  return { sec, rest: Math.min(Math.floor((ms - sec * 1000) * perMs), 1000 * perMs - 1) };
}
