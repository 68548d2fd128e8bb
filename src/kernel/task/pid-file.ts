/** pidfds (pidfd_open(2)): a file that stands for a process and becomes readable when it has exited. */
import { EINVAL } from '../../abi/errno.ts';
import { O_RDWR } from '../../abi/fcntl.ts';
import { POLLHUP, POLLIN, POLLRDNORM } from '../../abi/poll.ts';
import { PseudoInode } from '../fs/pseudo.ts';
import { File } from '../vfs/file.ts';
import type { Waiter } from '../wait-queue.ts';
import type { Process } from './process.ts';
import type { Task } from './task.ts';

export class PidFile extends File implements Waiter {
  constructor(inode: PseudoInode, readonly process: Process, flags: number) {
    super(inode, flags);
    process.exitWaiters.add(this);
  }

  wake(): void { this.waiters.wake(this.poll()); }
  read(): number { return -EINVAL; }
  write(): number { return -EINVAL; }
  override poll(): number { return this.process.exited ? POLLIN | POLLRDNORM | (this.process.parent ? 0 : POLLHUP) : 0; }
  protected override close(): void { this.process.exitWaiters.remove(this); }
}

export function openPidFile(task: Task, process: Process, flags = 0): PidFile {
  return new PidFile(new PseudoInode(task.kernel.io.anonfs, 0o600, 'anon_inode:[pidfd]', task), process, O_RDWR | flags);
}
