/** Timers and limits that run on executed time: ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU. Looked at after each slice. */
import { RLIMIT_CPU } from '../../abi/resource.ts';
import { SI_KERNEL, SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU } from '../../abi/signal.ts';
import type { Process } from './process.ts';
import { kernelSignal } from './signal-state.ts';
import type { Task } from './task.ts';

const SIGNALS = [0, SIGVTALRM, SIGPROF];

/** Executed ms of all threads, live and gone. */
export function processTime(process: Process): number {
  let ms = process.times.user + process.times.system;
  for (const t of process.threads) ms += t.userTime + t.systemTime;
  return ms;
}

export function checkCpuTimers(task: Task, spent: number): void {
  const { process } = task;
  for (let which = 1; which <= 2; which++) {
    const timer = process.itimers[which];
    if (timer === undefined) continue;
    timer.deadline -= spent;
    if (timer.deadline > 0) continue;
    if (timer.interval > 0) timer.deadline += Math.max(timer.interval, -timer.deadline); else process.itimers[which] = undefined;
    process.kernel.signals.sendToProcess(process, { signo: SIGNALS[which], code: SI_KERNEL });
  }
  const limit = process.rlimits.get(RLIMIT_CPU);
  if (limit.soft === Infinity) return;
  const seconds = processTime(process) / 1000;
  if (seconds >= limit.hard) process.kernel.signals.sendToProcess(process, kernelSignal(SIGKILL));
  else if (seconds >= limit.soft) {
    process.kernel.signals.sendToProcess(process, kernelSignal(SIGXCPU));
    process.rlimits.set(RLIMIT_CPU, { soft: Math.floor(seconds) + 1, hard: limit.hard });
  }
}
