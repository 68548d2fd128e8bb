/** The master of a pseudo-terminal as a guest opens it with /dev/ptmx (pty(7), ptmx(4)): ssh servers, tmux, script, expect. */
import { EAGAIN, EBADF, EINVAL, EIO, ENOENT } from '../../abi/errno.ts';
import { O_ACCMODE, O_CLOEXEC, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../abi/fcntl.ts';
import {
  TIOCGPKT, TIOCGPTLCK, TIOCGPTN, TIOCGPTPEER, TIOCPKT, TIOCPKT_DATA, TIOCSIG, TIOCSPTLCK,
} from '../../abi/ioctl.ts';
import { POLLHUP, POLLPRI, READABLE, WRITABLE } from '../../abi/poll.ts';
import { SIGRTMIN } from '../../abi/signal.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { alreadyMoved, skip, waitToContinue } from '../transfer.ts';
import { File } from '../vfs/file.ts';
import type { Inode } from '../vfs/inode.ts';
import type { Path } from '../vfs/path.ts';
import type { WaitQueue } from '../wait-queue.ts';
import { terminalIoctl } from './ioctl.ts';
import { openTerminal } from './terminal-file.ts';
import type { Terminal } from './terminal.ts';

export class PtyMasterFile extends File {
  override readonly waiters: WaitQueue;

  /** @param slave where the other side appears: its inode and path in devpts */
  constructor(readonly terminal: Terminal, inode: Inode, flags: number, path: Path | undefined, private readonly slave: () => { inode: Inode; path: Path | undefined } | undefined) {
    super(inode, flags & ~O_NOCTTY, path);
    this.waiters = terminal.masterWaiters;
  }

  private get nonblocking(): boolean { return (this.flags & O_NONBLOCK) !== 0; }

  read(_task: Task, into: IoSink): SysResult {
    if ((this.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const { terminal } = this;
    if (into.remaining === 0) return 0;
    if (terminal.packetStatus !== 0) {
      into.put(Uint8Array.of(terminal.packetStatus));
      terminal.packetStatus = 0;
      return 1;
    }
    if (terminal.output.length === 0) {
      if (terminal.slaveClosed || terminal.hungUp) return -EIO;
      return this.nonblocking ? -EAGAIN : waitToContinue(this.waiters, 0);
    }
    let done = terminal.packetMode ? into.put(Uint8Array.of(TIOCPKT_DATA)) : 0;
    done += into.put(terminal.takeOutput(into.remaining));
    return done;
  }

  write(task: Task, from: IoSource): SysResult {
    if ((this.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
    const { terminal } = this;
    let done = alreadyMoved(task);
    skip(from, done);
    while (from.remaining > 0) {
      if (terminal.slaveClosed || terminal.hungUp) return done > 0 ? done : -EIO;
      const piece = terminal.typable ? from.take(4096) : undefined;
      const n = piece ? terminal.type(piece) : 0;
      done += n;
      if (piece && n === piece.length) continue;
      if (this.nonblocking) return done > 0 ? done : -EAGAIN;
      return waitToContinue(this.waiters, done);
    }
    return done;
  }

  override poll(): number {
    const { terminal } = this;
    let events = terminal.output.length > 0 ? READABLE : 0;
    if (terminal.packetStatus !== 0) events |= POLLPRI | READABLE;
    if (terminal.typable) events |= WRITABLE;
    return terminal.slaveClosed || terminal.hungUp ? events | POLLHUP : events;
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    const { terminal } = this, { mm } = task;
    switch (request) {
      case TIOCSPTLCK: terminal.locked = mm.readI32(argument) !== 0; return 0;
      case TIOCGPTLCK: mm.writeI32(argument, terminal.locked ? 1 : 0); return 0;
      case TIOCGPTN: mm.writeU32(argument, terminal.index); return 0;
      case TIOCGPKT: mm.writeI32(argument, terminal.packetMode ? 1 : 0); return 0;
      case TIOCPKT:
        terminal.packetMode = mm.readI32(argument) !== 0;
        terminal.packetStatus = 0;
        return 0;
      case TIOCSIG:
        if (argument < 1 || argument >= SIGRTMIN) return -EINVAL;
        terminal.ldisc.raise(argument);
        return 0;
      case TIOCGPTPEER: {
        const slave = this.slave();
        if (!slave) return -ENOENT;
        const file = openTerminal(task, terminal, slave.inode, argument & ~O_CLOEXEC, slave.path);
        return task.files.install(file, (argument & O_CLOEXEC) !== 0);
      }
      default: return terminalIoctl(task, terminal, { master: true, readable: true }, request, argument);
    }
  }

  protected override close(): void { this.terminal.hangup(); }
}
