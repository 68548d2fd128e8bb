/** Clocks, sleeping, timers (clock_gettime(2), nanosleep(2), setitimer(2), timer_create(2)). */
import { EAGAIN, EFAULT, EINTR, EINVAL, EOPNOTSUPP, EPERM, Errno } from '../../abi/errno.ts';
import { CLK_TCK } from '../../abi/auxv.ts';
import { SI_KERNEL, SI_TIMER, SIGALRM } from '../../abi/signal.ts';
import { CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID, CLOCK_REALTIME_COARSE, CLOCK_THREAD_CPUTIME_ID, clockNow, deadlineAt, isWallClock, processCpuTime,
  readTimespec, readTimeval, threadTime, TIMER_ABSTIME, writeTimespec, writeTimeval } from '../task/clocks.ts';
import type { PosixTimer } from '../task/posix-timer.ts';
import type { Process } from '../task/process.ts';
import type { Task } from '../task/task.ts';
import { Block, full, partial, refuse, type SyscallRow, type SysResult } from './define.ts';
import { RUSAGE_SIZE, writeRusage } from './rusage.ts';

const COARSE_TICK = 4;

function clockGettime(task: Task, clock: number, to: number): number {
  writeTimespec(task.mm, to, clockNow(task, clock | 0));
  return 0;
}

function clockGetres(task: Task, clock: number, to: number): number {
  clockNow(task, clock | 0);
  const coarse = clock === CLOCK_REALTIME_COARSE || clock === CLOCK_MONOTONIC_COARSE;
  if (to !== 0) writeTimespec(task.mm, to, coarse ? COARSE_TICK : 1e-6);
  return 0;
}

function gettimeofday(task: Task, tv: number, tz: number): number {
  if (tv !== 0) writeTimeval(task.mm, tv, task.kernel.clock.now());
  if (tz !== 0) task.mm.writeU64(tz, 0);
  return 0;
}

function time(task: Task, to: number): number {
  const seconds = Math.floor(task.kernel.clock.now() / 1000);
  if (to !== 0) task.mm.writeU64(to, seconds);
  return seconds;
}

/** Sleeps until a monotonic deadline; `remaining` gets what was left when a handler interrupts. */
function sleepUntil(task: Task, deadline: number, remaining: number): SysResult {
  if (task.timedOut || task.kernel.clock.monotonic() >= deadline) return 0;
  return new Block([], deadline, 'nohand', deadline, (t) => {
    if (remaining === 0 || !t.alive) return -EINTR;
    try {
      writeTimespec(t.mm, remaining, Math.max(0, deadline - t.kernel.clock.monotonic()));
    } catch (e) {
      if (!(e instanceof Errno)) throw e;
      return -EFAULT;
    }
    return -EINTR;
  });
}

function nanosleep(task: Task, request: number, remaining: number): SysResult {
  const deadline = (task.waitState as number | undefined) ?? task.kernel.deadline(readTimespec(task.mm, request));
  return sleepUntil(task, deadline, remaining);
}

function clockNanosleep(task: Task, clock: number, flags: number, request: number, remaining: number): SysResult {
  if (clock === CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
  if (!isWallClock(clock)) return -EOPNOTSUPP;
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  let deadline = task.waitState as number | undefined;
  if (deadline === undefined) {
    const ms = readTimespec(task.mm, request);
    deadline = absolute ? deadlineAt(task, clock, ms) : task.kernel.deadline(ms);
  }
  return sleepUntil(task, deadline, absolute ? 0 : remaining);
}

function times(task: Task, to: number): number {
  const { process } = task;
  const ticks = (ms: number): number => Math.floor((ms * CLK_TCK) / 1000);
  if (to !== 0) {
    task.mm.writeU64(to, ticks(processCpuTime(task)));
    task.mm.writeU64(to + 8, 0);
    task.mm.writeU64(to + 16, ticks(process.childTimes.user));
    task.mm.writeU64(to + 24, ticks(process.childTimes.system));
  }
  return ticks(task.kernel.uptime());
}

function getrusage(task: Task, who: number, to: number): number {
  const { process } = task;
  task.mm.awaitPages(to, RUSAGE_SIZE);
  switch (who | 0) {
    case 0: writeRusage(task, to, { user: processCpuTime(task), system: 0 }, undefined, Math.max(process.peakResident, task.mm.peakResident), process); return 0;
    case -1: writeRusage(task, to, process.childTimes, undefined, process.childPeakResident, undefined); return 0;
    case 1: writeRusage(task, to, { user: threadTime(task), system: 0 }, undefined, Math.max(process.peakResident, task.mm.peakResident), process); return 0;
    default: return -EINVAL;
  }
}

// setitimer(2), alarm(2)

const REAL = 0, PROF = 2;

function itimerLeft(process: Process, which: number): { value: number; interval: number } {
  const t = process.itimers[which];
  if (!t) return { value: 0, interval: 0 };
  return { value: Math.max(0.001, which === REAL ? t.deadline - process.kernel.clock.monotonic() : t.deadline), interval: t.interval };
}

function armItimer(process: Process, which: number, value: number, interval: number): void {
  const { kernel } = process;
  process.itimers[which]?.timer?.cancel();
  process.itimers[which] = undefined;
  if (value === 0) return;
  if (which !== REAL) {
    process.itimers[which] = { timer: undefined, deadline: value, interval };
    return;
  }
  const deadline = kernel.deadline(value);
  const timer = kernel.timers.at(deadline, () => {
    process.itimers[REAL] = undefined;
    if (interval > 0) armItimer(process, REAL, Math.max(0, deadline + interval - kernel.clock.monotonic()) || interval, interval);
    kernel.signals.sendToProcess(process, { signo: SIGALRM, code: SI_KERNEL });
  });
  process.itimers[REAL] = { timer, deadline, interval };
}

function writeItimer(task: Task, to: number, { value, interval }: { value: number; interval: number }): void {
  writeTimeval(task.mm, to, interval);
  writeTimeval(task.mm, to + 16, value);
}

function getitimer(task: Task, which: number, to: number): number {
  if (which < REAL || which > PROF) return -EINVAL;
  writeItimer(task, to, itimerLeft(task.process, which));
  return 0;
}

function setitimer(task: Task, which: number, from: number, old: number): number {
  if (which < REAL || which > PROF) return -EINVAL;
  const interval = from === 0 ? 0 : readTimeval(task.mm, from);
  const value = from === 0 ? 0 : readTimeval(task.mm, from + 16);
  if (old !== 0) writeItimer(task, old, itimerLeft(task.process, which));
  armItimer(task.process, which, value, interval);
  return 0;
}

function alarm(task: Task, seconds: number): number {
  const left = Math.ceil(itimerLeft(task.process, REAL).value / 1000);
  armItimer(task.process, REAL, (seconds >>> 0) * 1000, 0);
  return left;
}

// timer_create(2)

const SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4;
const TIMERS_MAX = 1000;

function timerOf(task: Task, id: number): PosixTimer {
  const t = task.process.posixTimers.get(id);
  if (!t) throw new Errno(EINVAL);
  return t;
}

function timerCreate(task: Task, clock: number, event: number, to: number): number {
  const { mm, process } = task;
  if (!isWallClock(clock) && clock !== CLOCK_PROCESS_CPUTIME_ID && clock !== CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
  if (process.posixTimers.size >= TIMERS_MAX) return -EAGAIN;
  let id = 0;
  while (process.posixTimers.has(id)) id++;
  const notify = event === 0 ? SIGEV_SIGNAL : mm.readI32(event + 12);
  const signo = event === 0 ? SIGALRM : mm.readI32(event + 8);
  const tid = notify & SIGEV_THREAD_ID ? mm.readI32(event + 16) : 0;
  if (notify !== SIGEV_SIGNAL && notify !== SIGEV_NONE && notify !== SIGEV_THREAD_ID) return -EINVAL;
  if (notify !== SIGEV_NONE && (signo < 1 || signo > 64)) return -EINVAL;
  if (tid !== 0 && task.kernel.tasks.get(tid)?.process !== process) return -EINVAL;
  const value = event === 0 ? BigInt(id) : mm.readBig(event);
  mm.writeI32(to, id);
  process.posixTimers.set(id, { id, clock, notify, signo, value, tid, timer: undefined, deadline: 0, interval: 0, pendingOverrun: 0, lastOverrun: 0, queued: false });
  return 0;
}

function expire(process: Process, t: PosixTimer): void {
  const { kernel } = process;
  let missed = 0;
  if (t.interval > 0) {
    const now = kernel.clock.monotonic();
    missed = Math.max(0, Math.floor((now - t.deadline) / t.interval));
    t.deadline += (missed + 1) * t.interval;
    armPosix(process, t);
  } else {
    t.deadline = 0;
  }
  if (t.notify === SIGEV_NONE) return;
  if (t.queued) {
    t.pendingOverrun += missed + 1;
    return;
  }
  t.queued = true;
  t.pendingOverrun = missed;
  const info = { signo: t.signo, code: SI_TIMER, timerId: t.id, overrun: 0, value: t.value, delivered: () => {
    t.queued = false;
    info.overrun = t.lastOverrun = t.pendingOverrun;
  } };
  const target = t.notify & SIGEV_THREAD_ID ? kernel.tasks.get(t.tid) : undefined;
  if (target) kernel.signals.sendToTask(target, info); else kernel.signals.sendToProcess(process, info);
}

function armPosix(process: Process, t: PosixTimer): void { t.timer = process.kernel.timers.at(t.deadline, () => expire(process, t)); }

function timerLeft(task: Task, t: PosixTimer): number { return t.deadline === 0 ? 0 : Math.max(1e-6, t.deadline - task.kernel.clock.monotonic()); }

function timerSettime(task: Task, id: number, flags: number, from: number, old: number): number {
  const t = timerOf(task, id);
  const interval = readTimespec(task.mm, from);
  const value = readTimespec(task.mm, from + 16);
  if (old !== 0) {
    writeTimespec(task.mm, old, t.interval);
    writeTimespec(task.mm, old + 16, timerLeft(task, t));
  }
  t.timer?.cancel();
  t.interval = interval;
  t.deadline = 0;
  t.pendingOverrun = 0;
  if (value === 0) return 0;
  t.deadline = flags & TIMER_ABSTIME ? deadlineAt(task, t.clock, value) : task.kernel.deadline(value);
  armPosix(task.process, t);
  return 0;
}

function timerGettime(task: Task, id: number, to: number): number {
  const t = timerOf(task, id);
  writeTimespec(task.mm, to, t.interval);
  writeTimespec(task.mm, to + 16, timerLeft(task, t));
  return 0;
}

function timerDelete(task: Task, id: number): number {
  timerOf(task, id).timer?.cancel();
  task.process.posixTimers.delete(id);
  return 0;
}

export const timeCalls: readonly SyscallRow[] = [
  full(35, 'nanosleep', 'ptr,ptr', nanosleep),
  full(36, 'getitimer', 'int,ptr', getitimer),
  full(37, 'alarm', 'uint', alarm),
  full(38, 'setitimer', 'int,ptr,ptr', setitimer),
  full(96, 'gettimeofday', 'ptr,ptr', gettimeofday),
  full(98, 'getrusage', 'int,ptr', getrusage),
  full(100, 'times', 'ptr', times),
  refuse(164, 'settimeofday', EPERM, 'the clock belongs to the host'),
  full(201, 'time', 'ptr', time),
  partial(222, 'timer_create', 'int,ptr,ptr', 'timers on CPU clocks run on wall time', timerCreate),
  full(223, 'timer_settime', 'int,flags,ptr,ptr', timerSettime),
  full(224, 'timer_gettime', 'int,ptr', timerGettime),
  full(225, 'timer_getoverrun', 'int', (task, id) => timerOf(task, id).lastOverrun),
  full(226, 'timer_delete', 'int', timerDelete),
  refuse(227, 'clock_settime', EPERM, 'the clock belongs to the host'),
  full(228, 'clock_gettime', 'int,ptr', clockGettime),
  full(229, 'clock_getres', 'int,ptr', clockGetres),
  full(230, 'clock_nanosleep', 'int,flags,ptr,ptr', clockNanosleep),
  refuse(159, 'adjtimex', EPERM, 'the clock belongs to the host'),
  refuse(305, 'clock_adjtime', EPERM, 'the clock belongs to the host'),
];

