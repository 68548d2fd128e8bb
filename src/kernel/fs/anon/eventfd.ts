/** eventfd(2): a 64-bit counter that can be waited for. */
import { EINVAL } from '../../../abi/errno.ts';
import { POLLERR, READABLE, WRITABLE } from '../../../abi/poll.ts';
import type { IoSink, IoSource } from '../../io.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { AnonFile, takeExactly, u64Bytes } from './anon-file.ts';

export const EFD_SEMAPHORE = 1;
const MAX = 0xffffffffffffffffn;

export class EventFile extends AnonFile {
  private readonly semaphore: boolean;

  constructor(task: Task, private count: bigint, flags: number) {
    super(task, '[eventfd]', flags);
    this.semaphore = (flags & EFD_SEMAPHORE) !== 0;
  }

  override read(_task: Task, into: IoSink): SysResult {
    if (into.remaining < 8) return -EINVAL;
    if (this.count === 0n) return this.wait();
    const value = this.semaphore ? 1n : this.count;
    into.put(u64Bytes(value));
    this.count -= value;
    this.waiters.wake(WRITABLE);
    return 8;
  }

  override write(_task: Task, from: IoSource): SysResult {
    if (from.remaining < 8) return -EINVAL;
    const value = new DataView(takeExactly(from, 8).buffer).getBigUint64(0, true);
    if (value === MAX) return -EINVAL;
    if (MAX - this.count <= value) return this.wait();
    this.count += value;
    this.waiters.wake(READABLE);
    return 8;
  }

  override poll(): number {
    return (this.count > 0n ? READABLE : 0) | (this.count < MAX - 1n ? WRITABLE : 0) | (this.count === MAX ? POLLERR : 0);
  }
}
