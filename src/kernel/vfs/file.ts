/**
 * An open file description (open(2)): offset, status flags, and the operations of what is open. Shared by dup and fork,
 * closed when the last descriptor goes.
 */
import { EINVAL, ENODEV, ENOTDIR, ENOTTY, ESPIPE } from '../../abi/errno.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';
import type { Inode } from './inode.ts';
import { notifyClose } from './notify.ts';
import type { Path } from './path.ts';

/** Entry of getdents64(2). `type` is DT_*; `next` is the position after this entry. */
export interface DirEntry { ino: number; type: number; name: string; next: number }

export abstract class File {
  /** Offset of read and write, for files that have one. */
  position = 0;
  /** Woken with POLLIN/POLLOUT/POLLHUP/POLLERR when readiness may have changed. */
  readonly waiters = new WaitQueue();
  /** F_SETOWN and F_SETSIG: remembered and reported; SIGIO itself is not sent. */
  ioOwner = 0;
  ioSignal = 0;
  private references = 1;
  /** Called once at the last close: epoll forgets files this way. Made by the first who asks. */
  closeHooks: Set<() => void> | undefined;

  /**
   * @param inode what is open (fstat reads it); pipes, sockets and anonymous files have one too
   * @param flags access mode and status flags of open(2)
   * @param path where it was opened, for /proc/PID/fd and *at calls
   */
  constructor(readonly inode: Inode, public flags: number, readonly path?: Path) {}

  retain(): this { this.references++; return this; }
  /** Drops one reference; the last one closes. */
  release(): void {
    if (--this.references > 0) return;
    this.inode.locks?.releaseOwner(this);
    if (this.path) notifyClose(this.path, this.flags);
    if (this.closeHooks) for (const hook of [...this.closeHooks]) hook();
    this.close();
  }

  /** read(2) at `offset`, or at and advancing `position` when offset is undefined. Blocking: return Block with this.waiters unless O_NONBLOCK. */
  abstract read(task: Task, into: IoSink, offset?: number): SysResult;
  abstract write(task: Task, from: IoSource, offset?: number): SysResult;

  /** lseek(2). */
  seek(_task: Task, _offset: number, _whence: number): number { return -ESPIPE; }
  /** Poll events that hold now. Regular files: always POLLIN | POLLOUT. */
  poll(): number { return 0x145; /* POLLIN POLLOUT POLLRDNORM POLLWRNORM */ }
  ioctl(_task: Task, _request: number, _argument: number): SysResult { return -ENOTTY; }
  /** Commands of fcntl(2) that only some files know: F_SETPIPE_SZ, F_ADD_SEALS … */
  fcntl(_task: Task, _command: number, _argument: number): SysResult { return -EINVAL; }
  /** Directory entries from `position` on; advances position past what `emit` accepted (false: no room). */
  readdir(_task: Task, _emit: (entry: DirEntry) => boolean): number { return -ENOTDIR; }
  fsync(_task: Task): SysResult { return -EINVAL; }
  truncate(_task: Task, _size: number): SysResult { return -EINVAL; }
  /** fallocate(2). */
  allocate(_task: Task, _mode: number, _offset: number, _length: number): SysResult { return -ENODEV; }
  /** Pages for mmap(2); throws Errno(ENODEV) by returning a negative number where the file cannot be mapped. */
  mapping(): FileMapping | number { return -ENODEV; }
  protected close(): void {}
}

/**
 * The cached pages of one inode (Linux: address_space), shared by every mapping of it and, for writable files, by read and
 * write: a MAP_SHARED store is visible to read(2) at once.
 */
export interface FileMapping {
  /**
   * The physical page that holds file page `index`, with a reference taken for the caller; 0 when it must be loaded first
   * (then `load` says on what to wait); -1 beyond the end of the file (SIGBUS).
   * @param forWrite the caller will store to it through a shared mapping: the page is dirty from now on
   */
  page(index: number, forWrite: boolean): number;
  /** Starts loading and returns the queue that wakes when the page is there or has failed. */
  load(index: number): WaitQueue;
  /** Bytes in the file: the page at the end is zero beyond it. */
  readonly size: number;
}
