/** pidfd_open(2): a descriptor for a process, readable once it has ended. */
import { READABLE } from '../../../abi/poll.ts';
import type { Process } from '../../task/process.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../wait-queue.ts';
import { AnonFile } from './anon-file.ts';

export class PidFile extends AnonFile {
  override readonly waiters: WaitQueue;

  constructor(task: Task, readonly target: Process, flags: number) {
    super(task, '[pidfd]', flags);
    this.waiters = target.exitWaiters;
  }

  override poll(): number { return this.target.exited ? READABLE : 0; }
}
