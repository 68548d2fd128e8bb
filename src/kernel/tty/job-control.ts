/** Rules of job control at a terminal (termios(3), credentials(7)): who may read, write and change it, and whose terminal it is. */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EINVAL, EIO, ENOTTY, EPERM, ESRCH } from '../../abi/errno.ts';
import { O_ACCMODE, O_WRONLY } from '../../abi/fcntl.ts';
import { SIGCONT, SIGHUP, SIGTTIN, SIGTTOU, SIG_IGN, sigBit } from '../../abi/signal.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import { kernelSignal } from '../task/signal-state.ts';
import type { Task } from '../task/task.ts';
import type { Terminal } from './terminal.ts';

/**
 * Whether a process may go on with an operation that only the foreground may do: 0, or a background process is signalled and
 * the call restarts after that (tty_check_change), or fails.
 */
export function checkForeground(task: Task, terminal: Terminal, signal: typeof SIGTTIN | typeof SIGTTOU): SysResult {
  const { process } = task;
  if (!terminal.controls(process) || terminal.foreground === 0 || process.pgid === terminal.foreground) return 0;
  const ignored = (task.blocked & sigBit(signal)) !== 0n || process.handlers.get(signal).handler === SIG_IGN;
  if (ignored) return signal === SIGTTIN ? -EIO : 0;
  if (process.group.orphaned) return -EIO;
  task.kernel.signals.sendToGroup(process.group, kernelSignal(signal));
  return new Block([], undefined, 'sys');
}

/** open(2) of a terminal by a session leader without one, unless O_NOCTTY. */
export function adoptAtOpen(task: Task, terminal: Terminal, flags: number): void {
  const { process } = task;
  if (process.isSessionLeader && process.session.terminal === undefined && terminal.session === undefined && (flags & O_ACCMODE) !== O_WRONLY) {
    terminal.associate(process);
  }
}

/** TIOCSCTTY; `force` steals the terminal from another session. */
export function setControlling(task: Task, terminal: Terminal, readable: boolean, force: boolean): number {
  const { process } = task;
  const privileged = task.credentials.has(CAP_SYS_ADMIN);
  if (process.isSessionLeader && terminal.session === process.session) return 0;
  if (!process.isSessionLeader || process.session.terminal !== undefined) return -EPERM;
  if (terminal.session && !(force && privileged)) return -EPERM;
  if (!readable && !privileged) return -EPERM;
  terminal.associate(process);
  return 0;
}

/** TIOCNOTTY. */
export function giveUp(task: Task, terminal: Terminal): number {
  if (!terminal.controls(task.process)) return -ENOTTY;
  if (!task.process.isSessionLeader) { terminal.detach(task.process); return 0; }
  terminal.signal(SIGHUP);
  terminal.signal(SIGCONT);
  terminal.disassociate();
  return 0;
}

/** TIOCSPGRP. */
export function setForeground(task: Task, terminal: Terminal, pgid: number): SysResult {
  const { process, kernel } = task;
  const check = checkForeground(task, terminal, SIGTTOU);
  if (check !== 0) return check === -EIO ? -ENOTTY : check;
  if (!terminal.controls(process)) return -ENOTTY;
  if (pgid < 0) return -EINVAL;
  const group = kernel.groups.get(pgid);
  if (!group) return -ESRCH;
  if (group.session !== process.session) return -EPERM;
  terminal.foreground = pgid;
  return 0;
}
