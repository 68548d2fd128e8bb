/**
 * Blocking reads and writes that move their bytes in several steps. A handler is called again from the start when its task
 * wakes, with a fresh source; how far it had come is kept in Block.state, and a signal turns it into a short count.
 */
import { EINTR } from '../abi/errno.ts';
import type { IoSource } from './io.ts';
import { Block, type Restart } from './syscalls/define.ts';
import type { Task } from './task/task.ts';
import type { WaitQueue } from './wait-queue.ts';

class Transfer {
  constructor(readonly done: number, readonly deadline: number | undefined) {}
}

/** Bytes that earlier calls of this handler have moved. */
export function alreadyMoved(task: Task): number {
  return task.waitState instanceof Transfer ? task.waitState.done : 0;
}

/** Deadline that the first call set with `waitToContinue`. */
export function transferDeadline(task: Task): number | undefined {
  return task.waitState instanceof Transfer ? task.waitState.deadline : undefined;
}

/** Advances a fresh source past what has been written already. */
export function skip(from: IoSource, count: number): void {
  while (count > 0) count -= from.take(count).length;
}

/** Parks until `queue` wakes, with `done` bytes moved so far. */
export function waitToContinue(queue: WaitQueue, done: number, deadline?: number, restart: Restart = 'sys'): Block {
  return new Block([queue], deadline, restart, new Transfer(done, deadline), () => (done > 0 ? done : -EINTR));
}
