/** struct rusage (getrusage(2)). */
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { CpuTimes, Process } from '../task/process.ts';
import { writeTimeval } from '../task/clocks.ts';
import type { Task } from '../task/task.ts';

export const RUSAGE_SIZE = 144;

/** Writes times (own and, where given, of waited-for children) and the counters of `process`. */
export function writeRusage(task: Task, va: number, times: CpuTimes, more: CpuTimes | undefined, peakPages: number, process: Process | undefined): void {
  const { mm } = task;
  mm.copyOut(va, new Uint8Array(RUSAGE_SIZE));
  writeTimeval(mm, va, times.user + (more?.user ?? 0));
  writeTimeval(mm, va + 16, times.system + (more?.system ?? 0));
  mm.writeU64(va + 32, peakPages * (PAGE_SIZE / 1024));
  if (!process) return;
  mm.writeU64(va + 64, process.minorFaults);
  mm.writeU64(va + 72, process.majorFaults);
  mm.writeU64(va + 128, process.contextSwitches);
}
