/** An open terminal (/dev/pts/N, /dev/tty, /dev/console): read(2) with VMIN and VTIME, write(2) with back pressure, job control. */
import { EAGAIN, EBADF, EBUSY, EIO, ENOTTY, Errno } from '../../abi/errno.ts';
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { O_ACCMODE, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../abi/fcntl.ts';
import { TIOCSPGRP } from '../../abi/ioctl.ts';
import { POLLERR, POLLHUP, READABLE, WRITABLE } from '../../abi/poll.ts';
import { SIGTTIN, SIGTTOU } from '../../abi/signal.ts';
import { TOSTOP } from '../../abi/termios.ts';
import type { IoSink, IoSource } from '../io.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { alreadyMoved, skip, waitToContinue } from '../transfer.ts';
import { File } from '../vfs/file.ts';
import type { Inode } from '../vfs/inode.ts';
import type { Path } from '../vfs/path.ts';
import type { WaitQueue } from '../wait-queue.ts';
import { terminalIoctl } from './ioctl.ts';
import { adoptAtOpen, checkForeground } from './job-control.ts';
import type { Terminal } from './terminal.ts';

/** A read outside canonical mode that waits: how much there was, and when it gives up. */
class RawWait {
  constructor(readonly available: number, readonly deadline: number | undefined) {}
}

/** Opens a terminal; a session leader without one gets it as its controlling terminal. Throws Errno(EIO, EBUSY). */
export function openTerminal(task: Task, terminal: Terminal, inode: Inode, flags: number, path: Path | undefined): TerminalFile {
  if (terminal.hungUp || terminal.locked) throw new Errno(EIO);
  if (terminal.exclusive && !task.credentials.has(CAP_SYS_ADMIN)) throw new Errno(EBUSY);
  if (!(flags & O_NOCTTY)) adoptAtOpen(task, terminal, flags);
  return new TerminalFile(terminal, inode, flags & ~O_NOCTTY, path);
}

export class TerminalFile extends File {
  override readonly waiters: WaitQueue;

  constructor(readonly terminal: Terminal, inode: Inode, flags: number, path?: Path) {
    super(inode, flags, path);
    this.waiters = terminal.waiters;
    terminal.addSlave();
  }

  private get nonblocking(): boolean { return (this.flags & O_NONBLOCK) !== 0; }

  read(task: Task, into: IoSink): SysResult {
    if ((this.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const { terminal } = this, { ldisc } = terminal;
    if (terminal.hungUp || into.remaining === 0) return 0;
    const check = checkForeground(task, terminal, SIGTTIN);
    if (check !== 0) return check;
    const wait = ldisc.isCanonical ? this.waitForLine() : this.waitForBytes(task, into.remaining);
    if (wait !== undefined) return wait;
    const n = ldisc.read(into);
    terminal.feed();
    return n;
  }

  private waitForLine(): SysResult | undefined {
    if (this.terminal.ldisc.inputAvailable(false)) return undefined;
    return this.nonblocking ? -EAGAIN : new Block([this.waiters]);
  }

  /** VMIN and VTIME (termios(3), "Canonical and noncanonical mode"): undefined once the read may take what there is. */
  private waitForBytes(task: Task, wanted: number): SysResult | undefined {
    const { ldisc } = this.terminal, available = ldisc.readableBytes, { minimum, time } = ldisc;
    const earlier = task.waitState instanceof RawWait ? task.waitState : undefined;
    if (available >= Math.max(1, Math.min(minimum, wanted))) return undefined;
    if (available > 0 && (this.nonblocking || minimum === 0)) return undefined;
    if (minimum === 0 && time === 0) return 0;
    if (this.nonblocking) return -EAGAIN;
    if (task.timedOut) return available > 0 ? undefined : 0;
    let deadline: number | undefined;
    if (minimum === 0) deadline = earlier?.deadline ?? task.kernel.deadline(time);
    else if (time > 0 && available > 0) deadline = earlier?.available === available ? earlier.deadline : task.kernel.deadline(time);
    return new Block([this.waiters], deadline, 'sys', new RawWait(available, deadline));
  }

  write(task: Task, from: IoSource): SysResult {
    if ((this.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
    const { terminal } = this;
    if (terminal.hungUp) return -EIO;
    if (terminal.ldisc.termios.lflag & TOSTOP) {
      const check = checkForeground(task, terminal, SIGTTOU);
      if (check !== 0) return check;
    }
    let done = alreadyMoved(task);
    skip(from, done);
    while (from.remaining > 0) {
      const piece = terminal.writable ? from.take(4096) : undefined;
      const n = piece ? terminal.write(piece) : 0;
      done += n;
      if (piece && n === piece.length) continue;
      if (this.nonblocking) return done > 0 ? done : -EAGAIN;
      return waitToContinue(this.waiters, done);
    }
    return done;
  }

  override poll(): number {
    const { terminal } = this;
    if (terminal.hungUp) return READABLE | WRITABLE | POLLERR | POLLHUP;
    return (terminal.ldisc.inputAvailable(true) ? READABLE : 0) | (terminal.writable ? WRITABLE : 0);
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (this.terminal.hungUp) return request === TIOCSPGRP ? -ENOTTY : -EIO;
    const readable = (this.flags & O_ACCMODE) !== O_WRONLY;
    return terminalIoctl(task, this.terminal, { master: false, readable }, request, argument);
  }

  protected override close(): void { this.terminal.dropSlave(); }
}
