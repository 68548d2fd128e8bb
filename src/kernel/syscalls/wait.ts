/** wait4(2) and waitid(2). */
import { EBADF, ECHILD, EINVAL, ESRCH } from '../../abi/errno.ts';
import { CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIGCHLD, SIGCONT } from '../../abi/signal.ts';
import { __WALL, __WCLONE, __WNOTHREAD, P_ALL, P_PGID, P_PID, P_PIDFD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED } from '../../abi/sched.ts';
import { reap } from '../task/exit.ts';
import { PidFile } from '../task/pid-file.ts';
import type { Process } from '../task/process.ts';
import { encodeSigInfo, SIGINFO_SIZE } from '../task/signal-frame.ts';
import type { Task } from '../task/task.ts';
import { Block, full, type SyscallRow, type SysResult } from './define.ts';
import { RUSAGE_SIZE, writeRusage } from './rusage.ts';

/** A change of a child that a wait call reports. */
interface Event { child: Process; code: number; status: number; waitStatus: number }

const OPTIONS = WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT | __WNOTHREAD | __WALL | __WCLONE;

/** undefined: no child qualifies at all; null: none has anything to report yet. */
function find(task: Task, matches: (child: Process) => boolean, options: number): Event | null | undefined {
  let any = false;
  for (const child of task.process.children) {
    if (!matches(child)) continue;
    const isClone = child.exitSignal !== SIGCHLD;
    if (!(options & __WALL) && isClone !== ((options & __WCLONE) !== 0)) continue;
    any = true;
    if (child.exited) {
      if (!(options & WEXITED)) continue;
      const signal = child.exitStatus & 0x7f;
      const code = signal === 0 ? CLD_EXITED : child.exitStatus & 0x80 ? CLD_DUMPED : CLD_KILLED;
      return { child, code, status: signal === 0 ? child.exitStatus >> 8 : signal, waitStatus: child.exitStatus };
    }
    if (options & WSTOPPED && child.reportStop) return { child, code: CLD_STOPPED, status: child.stopSignal, waitStatus: (child.stopSignal << 8) | 0x7f };
    if (options & WCONTINUED && child.reportContinue) return { child, code: CLD_CONTINUED, status: SIGCONT, waitStatus: 0xffff };
  }
  return any ? null : undefined;
}

function consume({ child, code }: Event, options: number): void {
  if (options & WNOWAIT) return;
  if (code === CLD_STOPPED) child.reportStop = false;
  else if (code === CLD_CONTINUED) child.reportContinue = false;
  else reap(child);
}

function selector(task: Task, pid: number): (child: Process) => boolean {
  if (pid === -1) return () => true;
  if (pid > 0) return (c) => c.pid === pid;
  const pgid = pid === 0 ? task.process.pgid : -pid;
  return (c) => c.pgid === pgid;
}

function wait4(task: Task, pid: number, status: number, options: number, rusage: number): SysResult {
  if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE)) return -EINVAL;
  if ((pid | 0) === -0x80000000) return -ESRCH;
  task.mm.awaitPages(status, 4);
  task.mm.awaitPages(rusage, RUSAGE_SIZE);
  const event = find(task, selector(task, pid | 0), options | WEXITED);
  if (event === undefined) return -ECHILD;
  if (event === null) return options & WNOHANG ? 0 : new Block([task.process.childWaiters]);
  const { child } = event;
  if (rusage !== 0) writeRusage(task, rusage, child.times, child.childTimes, child.peakResident, child);
  if (status !== 0) task.mm.writeI32(status, event.waitStatus);
  consume(event, options);
  return child.pid;
}

function waitid(task: Task, type: number, id: number, info: number, options: number, rusage: number): SysResult {
  if (options & ~OPTIONS || !(options & (WEXITED | WSTOPPED | WCONTINUED))) return -EINVAL;
  let matches: (child: Process) => boolean;
  let nonblocking = (options & WNOHANG) !== 0;
  switch (type) {
    case P_ALL: matches = () => true; break;
    case P_PID: if (id <= 0) return -EINVAL; matches = (c) => c.pid === id; break;
    case P_PGID: if (id < 0) return -EINVAL; matches = selector(task, id === 0 ? 0 : -id); break;
    case P_PIDFD: {
      const file = task.files.get(id);
      if (!(file instanceof PidFile)) return -EBADF;
      matches = (c) => c === file.process;
      nonblocking ||= (file.flags & 0o4000) !== 0;
      break;
    }
    default: return -EINVAL;
  }
  task.mm.awaitPages(info, SIGINFO_SIZE);
  task.mm.awaitPages(rusage, RUSAGE_SIZE);
  const event = find(task, matches, options);
  if (event === undefined) return -ECHILD;
  if (event === null) {
    if (!nonblocking) return new Block([task.process.childWaiters]);
    if (info !== 0) task.mm.fill(info, 28);
    return 0;
  }
  const { child, code, status } = event;
  if (rusage !== 0) writeRusage(task, rusage, child.times, child.childTimes, child.peakResident, child);
  if (info !== 0) task.mm.copyOut(info, encodeSigInfo({ signo: SIGCHLD, code, pid: child.pid, uid: child.leader.credentials.uid, status }));
  consume(event, options);
  return 0;
}

export const waitCalls: readonly SyscallRow[] = [
  full(61, 'wait4', 'pid,ptr,flags,ptr', wait4),
  full(247, 'waitid', 'int,int,ptr,flags,ptr', waitid),
];
