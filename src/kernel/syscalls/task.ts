/** Processes and threads: clone, exec, exit, identifiers, sessions and process groups, pidfds. */
import { CAP_KILL } from '../../abi/capability.ts';
import { E2BIG, EACCES, EBADF, EFAULT, EINVAL, EPERM, ESRCH, Errno } from '../../abi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_NONBLOCK } from '../../abi/fcntl.ts';
import { CLONE_PARENT_SETTID, CLONE_PIDFD, CLONE_VFORK, CLONE_VM, CSIGNAL } from '../../abi/sched.ts';
import { SIGCHLD } from '../../abi/signal.ts';
import { Walk } from '../vfs/namei.ts';
import { clone } from '../task/clone.ts';
import { exec } from '../task/exec.ts';
import { exitGroup, exitTask } from '../task/exit.ts';
import { openPidFile, PidFile } from '../task/pid-file.ts';
import { exitedStatus, type Process } from '../task/process.ts';
import { ProcessGroup, Session } from '../task/session.ts';
import type { Task } from '../task/task.ts';
import { full, partial, stub, type SyscallRow, type SysResult } from './define.ts';

/** Longest list of arguments or environment that is read at all. */
const MAX_STRINGS = 0x7fffff;
const MAX_ARG_STRLEN = 128 * 1024;

function readStrings(task: Task, va: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  if (va === 0) return out;
  let total = 0;
  for (let i = 0; i < MAX_STRINGS; i++) {
    const at = task.mm.readU64(va + i * 8);
    if (at === 0) return out;
    const s = cString(task, at);
    total += s.length + 9;
    if (total > 16 << 20) break;
    out.push(s);
  }
  throw new Errno(E2BIG);
}

function cString(task: Task, va: number): Uint8Array {
  try {
    return task.mm.readCString(va, MAX_ARG_STRLEN);
  } catch (e) {
    throw e instanceof Errno && e.code !== EFAULT ? new Errno(E2BIG) : e;
  }
}

function execve(task: Task, path: number, argv: number, envp: number): SysResult {
  return exec(task, { dirfd: AT_FDCWD, path: task.mm.readString(path), walk: 0, argv: readStrings(task, argv), envp: readStrings(task, envp) });
}

function execveat(task: Task, dirfd: number, path: number, argv: number, envp: number, flags: number): SysResult {
  if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) return -EINVAL;
  const walk = (flags & AT_EMPTY_PATH ? Walk.Empty : 0) | (flags & AT_SYMLINK_NOFOLLOW ? Walk.NoFollow : 0);
  return exec(task, { dirfd: dirfd | 0, path: task.mm.readString(path), walk, argv: readStrings(task, argv), envp: readStrings(task, envp) });
}

function sysClone(task: Task, flags: number, stack: number, parentTid: number, childTid: number, tls: number): SysResult {
  const bits = flags >>> 0;
  if (bits & CLONE_PIDFD && bits & CLONE_PARENT_SETTID) return -EINVAL;
  return clone(task, { flags: (bits & ~CSIGNAL) >>> 0, exitSignal: bits & CSIGNAL, stack, parentTid, childTid, tls, pidfd: parentTid });
}

const CLONE_ARGS_MIN = 64, CLONE_ARGS_MAX = 4096;

function clone3(task: Task, args: number, size: number): SysResult {
  if (size < CLONE_ARGS_MIN) return -EINVAL;
  if (size > CLONE_ARGS_MAX) return -E2BIG;
  const bytes = new Uint8Array(88);
  bytes.set(task.mm.copyIn(args, Math.min(size, 88)));
  if (size > 88 && task.mm.copyIn(args + 88, size - 88).some((b) => b !== 0)) return -E2BIG;
  const v = new DataView(bytes.buffer);
  const u64 = (at: number): number => Number(v.getBigUint64(at, true));
  const flags = u64(0), stack = u64(40), stackSize = u64(48), setTid = u64(64);
  if (flags & CSIGNAL || (stack === 0) !== (stackSize === 0) || u64(32) > 64) return -EINVAL;
  if (setTid !== 0) return -EPERM;
  return clone(task, { flags, exitSignal: u64(32), stack: stack + stackSize, parentTid: u64(24), childTid: u64(16), tls: u64(56), pidfd: u64(8) });
}

const simpleClone = (flags: number) => (task: Task): SysResult => clone(task, { flags, exitSignal: SIGCHLD, stack: 0, parentTid: 0, childTid: 0, tls: 0, pidfd: 0 });

function processOf(task: Task, pid: number): Process {
  const process = pid === 0 ? task.process : task.kernel.processes.get(pid);
  if (!process) throw new Errno(ESRCH);
  return process;
}

function setpgid(task: Task, pid: number, pgid: number): number {
  if (pgid < 0) return -EINVAL;
  const process = processOf(task, pid);
  const target = pgid === 0 ? process.pid : pgid;
  if (process !== task.process) {
    if (process.parent !== task.process) return -ESRCH;
    if (process.session !== task.process.session) return -EPERM;
    if (process.hasExeced) return -EACCES;
  }
  if (process.isSessionLeader) return -EPERM;
  if (process.pgid === target) return 0;
  const group = task.kernel.groups.get(target);
  if (group ? group.session !== process.session : target !== process.pid) return -EPERM;
  process.joinGroup(group ?? new ProcessGroup(target, process.session));
  return 0;
}

function setsid(task: Task): number {
  const { process } = task;
  if (task.kernel.groups.has(process.pid)) return -EPERM;
  process.joinGroup(new ProcessGroup(process.pid, new Session(process.pid)));
  return process.pid;
}

function pidfdOpen(task: Task, pid: number, flags: number): number {
  if (flags & ~O_NONBLOCK || pid <= 0) return -EINVAL;
  const process = task.kernel.processes.get(pid);
  if (!process) return task.kernel.tasks.has(pid) ? -EINVAL : -ESRCH;
  return task.files.install(openPidFile(task, process, flags & O_NONBLOCK), true);
}

function pidfdGetfd(task: Task, pidfd: number, fd: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const file = task.files.get(pidfd);
  if (!(file instanceof PidFile)) return -EBADF;
  if (file.process.exited) return -ESRCH;
  if (file.process !== task.process && file.process.thread.credentials.uid !== task.credentials.euid && !task.credentials.has(CAP_KILL)) return -EPERM;
  return task.files.install(file.process.thread.files.get(fd).retain(), true);
}

export const taskCalls: readonly SyscallRow[] = [
  full(39, 'getpid', '', (task) => task.process.pid),
  partial(56, 'clone', 'flags,ptr,ptr,ptr,ptr', 'new namespaces are refused', sysClone),
  full(57, 'fork', '', simpleClone(0)),
  full(58, 'vfork', '', simpleClone(CLONE_VFORK | CLONE_VM)),
  full(59, 'execve', 'path,ptr,ptr', execve),
  full(60, 'exit', 'int', (task, code) => { exitTask(task, exitedStatus(code)); return 0; }),
  full(109, 'setpgid', 'pid,pid', setpgid),
  full(110, 'getppid', '', (task) => task.process.ppid),
  full(111, 'getpgrp', '', (task) => task.process.pgid),
  full(112, 'setsid', '', setsid),
  full(121, 'getpgid', 'pid', (task, pid) => processOf(task, pid).pgid),
  full(124, 'getsid', 'pid', (task, pid) => processOf(task, pid).sid),
  full(186, 'gettid', '', (task) => task.tid),
  full(218, 'set_tid_address', 'ptr', (task, address) => { task.clearChildTid = address; return task.tid; }),
  full(231, 'exit_group', 'int', (task, code) => { exitGroup(task.process, exitedStatus(code)); return 0; }),
  full(322, 'execveat', 'fd,path,ptr,ptr,flags', execveat),
  full(434, 'pidfd_open', 'pid,flags', pidfdOpen),
  partial(435, 'clone3', 'ptr,size', 'new namespaces, set_tid and cgroups are refused', clone3),
  full(438, 'pidfd_getfd', 'fd,fd,flags', pidfdGetfd),
  stub(272, 'unshare', 'flags', 'only flags that share nothing new: everything else is EPERM, as in an unprivileged container',
    (_task, flags) => (flags === 0 ? 0 : -EPERM)),
  stub(308, 'setns', 'fd,flags', 'EPERM, as in an unprivileged container', () => -EPERM),
];

