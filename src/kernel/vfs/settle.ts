/** A promise inside a system call: the task parks until it settles. For fsync, sync and other work of the store. */
import { EIO, ENOSPC, Errno } from '../../abi/errno.ts';
import { StorageFull } from '../../host/ports.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';

class Pending {
  readonly queue = new WaitQueue();
  result: number | undefined;
}

/** Starts `work` on the handler's first call, answers its result (0 for none) on the last. A rejection is an errno. */
export function settle(task: Task, work: () => Promise<number | void>): SysResult {
  const before = task.waitState;
  const pending = before instanceof Pending ? before : new Pending();
  if (pending !== before) {
    const done = (result: number): void => { pending.result = result; pending.queue.wake(); };
    work().then((n) => done(n ?? 0), (e) => done(-errnoOf(e)));
  }
  return pending.result ?? new Block([pending.queue], undefined, 'never', pending);
}

/** What a failure of the store is to a guest. */
export function errnoOf(e: unknown): number {
  if (e instanceof Errno) return e.code;
  return e instanceof StorageFull ? ENOSPC : EIO;
}
