/** An end of a pipe as a guest sees it (pipe(7)); a fifo opened O_RDWR is both ends. Reading takes what there is, writing blocks until all is written. */
import { EAGAIN, EBADF, EPIPE, ESPIPE } from '../../../abi/errno.ts';
import { CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { F_GETPIPE_SZ, F_SETPIPE_SZ, O_ACCMODE, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../../abi/fcntl.ts';
import { FIONREAD } from '../../../abi/ioctl.ts';
import { POLLERR, POLLHUP, READABLE, WRITABLE } from '../../../abi/poll.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import { S_IFIFO } from '../../../abi/stat.ts';
import type { IoSink, IoSource } from '../../io.ts';
import type { SysResult } from '../../syscalls/define.ts';
import { userSignal } from '../../task/signal-state.ts';
import type { Task } from '../../task/task.ts';
import { alreadyMoved, skip, waitToContinue } from '../../transfer.ts';
import { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import type { WaitQueue } from '../../wait-queue.ts';
import { PseudoInode, type PseudoFs } from '../pseudo.ts';
import { PIPE_BUF, type Pipe } from './pipe.ts';

/** The calling thread wrote where nobody reads: SIGPIPE and EPIPE. */
export function brokenPipe(task: Task): number {
  task.kernel.signals.sendToTask(task, userSignal(SIGPIPE, task.process.pid, task.credentials.uid));
  return -EPIPE;
}

export class PipeFile extends File {
  override readonly waiters: WaitQueue;
  readonly reads: boolean;
  readonly writes: boolean;
  /** Writers there had been when it was opened: a reader without any since sees no POLLHUP. */
  private readonly writersAtOpen: number;

  constructor(readonly pipe: Pipe, inode: Inode, flags: number, path?: Path) {
    super(inode, flags, path);
    this.waiters = pipe.waiters;
    this.reads = (flags & O_ACCMODE) !== O_WRONLY;
    this.writes = (flags & O_ACCMODE) !== O_RDONLY;
    this.writersAtOpen = pipe.writers > 0 ? -1 : pipe.writerOpens;
    if (this.reads) pipe.addReader();
    if (this.writes) pipe.addWriter();
  }

  private get nonblocking(): boolean { return (this.flags & O_NONBLOCK) !== 0; }

  read(_task: Task, into: IoSink, offset?: number): SysResult {
    if (offset !== undefined) return -ESPIPE;
    if (!this.reads) return -EBADF;
    if (into.remaining === 0) return 0;
    const n = this.pipe.read(into);
    if (n > 0 || this.pipe.writers === 0) return n;
    return this.nonblocking ? -EAGAIN : waitToContinue(this.waiters, 0);
  }

  write(task: Task, from: IoSource, offset?: number): SysResult {
    if (offset !== undefined) return -ESPIPE;
    if (!this.writes) return -EBADF;
    let done = alreadyMoved(task);
    skip(from, done);
    const left = from.remaining;
    if (left === 0) return done;
    if (this.pipe.readers === 0) {
      const broken = brokenPipe(task);
      return done > 0 ? done : broken;
    }
    const whole = done === 0 && left <= PIPE_BUF;
    if (!whole || this.pipe.room >= left) {
      // A host that reads is woken by this and empties the pipe at once, before there is anybody to wake: go on while there is room.
      for (let n = this.pipe.write(from, left); n > 0; n = this.pipe.write(from, from.remaining)) done += n;
    }
    if (from.remaining === 0) return done;
    if (this.nonblocking) return done > 0 ? done : -EAGAIN;
    return waitToContinue(this.waiters, done);
  }

  override poll(): number {
    let events = 0;
    if (this.reads) {
      if (this.pipe.length > 0) events |= READABLE;
      if (this.pipe.writers === 0 && this.pipe.writerOpens !== this.writersAtOpen) events |= POLLHUP;
    }
    if (this.writes) {
      if (this.pipe.writable) events |= WRITABLE;
      if (this.pipe.readers === 0) events |= POLLERR;
    }
    return events;
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    task.mm.writeI32(argument, this.pipe.length);
    return 0;
  }

  override fcntl(task: Task, command: number, argument: number): SysResult {
    if (command === F_GETPIPE_SZ) return this.pipe.capacity;
    if (command === F_SETPIPE_SZ) return this.pipe.resize(argument, task.credentials.has(CAP_SYS_RESOURCE));
    return super.fcntl(task, command, argument);
  }

  protected override close(): void {
    if (this.reads) this.pipe.dropReader();
    if (this.writes) this.pipe.dropWriter();
  }
}

/** Inode of an unnamed pipe; opening it through /proc/PID/fd or /dev/stdout makes another end. */
export class PipeInode extends PseudoInode {
  constructor(fs: PseudoFs, readonly pipe: Pipe, task?: Task) { super(fs, S_IFIFO | 0o600, 'pipe:[%]', task); }
  override open(_task: Task, flags: number, path: Path | undefined): File { return new PipeFile(this.pipe, this, flags, path); }
}
