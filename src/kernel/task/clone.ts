/** clone(2), fork(2), vfork(2), clone3(2): a new thread or process, sharing what the flags say. */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EAGAIN, EINVAL, ENOSYS, EPERM, Errno } from '../../abi/errno.ts';
import { CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_CLEAR_SIGHAND, CLONE_FILES, CLONE_FS, CLONE_INTO_CGROUP, CLONE_NAMESPACES, CLONE_NEWNS, CLONE_NEWUSER, CLONE_PARENT,
  CLONE_PARENT_SETTID, CLONE_PIDFD, CLONE_SETTLS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VFORK, CLONE_VM } from '../../abi/sched.ts';
import { Reg } from '../../cpu/cpu.ts';
import { copyMm } from '../mm/map.ts';
import type { Mm } from '../mm/mm.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import { openPidFile } from './pid-file.ts';
import { Process } from './process.ts';
import { SignalHandlers } from './signal-state.ts';
import { Task } from './task.ts';

export interface CloneRequest {
  /** CLONE_* without the exit signal; may exceed 32 bits. */
  flags: number;
  exitSignal: number;
  /** The child's stack pointer; 0 keeps the parent's. */
  stack: number;
  parentTid: number;
  childTid: number;
  tls: number;
  pidfd: number;
}

/** Returns the child's id to the parent; under CLONE_VFORK once the child has let go of the address space. */
export function clone(task: Task, request: CloneRequest): SysResult {
  const waiting = task.waitState as Process | undefined;
  if (waiting) return waiting.vforkDone ? waiting.pid : new Block([waiting.vforkWaiters], undefined, 'never', waiting);
  const { flags } = request;
  check(task, request);
  const { kernel } = task;
  task.mm.awaitPages(request.parentTid, flags & CLONE_PARENT_SETTID ? 4 : 0);
  task.mm.awaitPages(request.childTid, flags & CLONE_CHILD_SETTID ? 4 : 0);
  const pid = kernel.allocatePid();
  if (pid === 0) return -EAGAIN;

  kernel.cpu.save();
  const mm = flags & CLONE_VM ? task.mm.retain() : copyMm(task.mm);
  const files = flags & CLONE_FILES ? task.files.retain() : task.files.clone();
  const fs = flags & CLONE_FS ? task.fs : task.fs.clone();
  const process = flags & CLONE_THREAD ? task.process : newProcess(task, pid, request);
  const child = new Task(kernel, pid, process, task.context.slice(), mm, files, fs, task.credentials, task.comm);
  inherit(task, child, flags);
  process.threads.add(child);
  if (!(flags & CLONE_THREAD)) {
    process.leader = child;
    process.joinGroup(task.process.group);
    kernel.processes.set(pid, process);
    process.parent?.children.add(process);
    kernel.forks++;
  }
  kernel.tasks.set(pid, child);

  setRegisters(task, child, request);
  if (flags & CLONE_PARENT_SETTID) task.mm.writeI32(request.parentTid, pid);
  if (flags & CLONE_CHILD_SETTID) writeChildTid(mm, request.childTid, pid);
  if (flags & CLONE_CHILD_CLEARTID) child.clearChildTid = request.childTid;
  if (flags & CLONE_PIDFD) task.mm.writeI32(request.pidfd, task.files.install(openPidFile(task, process), true));
  kernel.signals.recalculate(child);
  kernel.scheduler.enqueue(child);
  if (!(flags & CLONE_VFORK)) return pid;
  process.vforkDone = false;
  return new Block([process.vforkWaiters], undefined, 'never', process);
}

function check(task: Task, { flags, exitSignal }: CloneRequest): void {
  if (exitSignal < 0 || exitSignal > 64) throw new Errno(EINVAL);
  if (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) throw new Errno(EINVAL);
  if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) throw new Errno(EINVAL);
  if (flags & CLONE_FS && flags & CLONE_NEWNS) throw new Errno(EINVAL);
  if (flags & CLONE_THREAD && flags & CLONE_PIDFD) throw new Errno(EINVAL);
  if (flags & CLONE_SIGHAND && flags >= CLONE_CLEAR_SIGHAND && Math.floor(flags / CLONE_CLEAR_SIGHAND) % 2 === 1) throw new Errno(EINVAL);
  if (flags >= CLONE_INTO_CGROUP) throw new Errno(ENOSYS);
  if (flags & CLONE_NAMESPACES) throw new Errno(task.credentials.has(CAP_SYS_ADMIN) && !(flags & CLONE_NEWUSER) ? EINVAL : EPERM);
  if (flags & CLONE_PARENT && task.process === task.kernel.init) throw new Errno(EINVAL);
}

function newProcess(task: Task, pid: number, { flags, exitSignal }: CloneRequest): Process {
  const from = task.process;
  const clear = Math.floor(flags / CLONE_CLEAR_SIGHAND) % 2 === 1;
  const handlers = flags & CLONE_SIGHAND ? from.handlers : clear ? from.handlers.afterExec() : from.handlers.clone();
  const process = new Process(task.kernel, pid, flags & CLONE_PARENT ? from.parent : from, handlers ?? new SignalHandlers(), from.rlimits.clone());
  process.exitSignal = flags & CLONE_PARENT ? from.exitSignal : exitSignal;
  process.dumpable = from.dumpable;
  process.noNewPrivileges = from.noNewPrivileges;
  process.personality = from.personality;
  process.oomScoreAdj = from.oomScoreAdj;
  process.nice = from.nice;
  return process;
}

function inherit(task: Task, child: Task, flags: number): void {
  child.blocked = task.savedMask ?? task.blocked;
  child.schedPolicy = task.schedPolicy;
  child.schedPriority = task.schedPriority;
  child.timerSlack = task.timerSlack;
  child.affinity = task.affinity;
  if (!(flags & CLONE_VM) || flags & CLONE_VFORK) child.altStack = { ...task.altStack };
}

/** The child returns 0 from the call, on its own stack and with its own thread pointer. */
function setRegisters(task: Task, child: Task, { flags, stack, tls }: CloneRequest): void {
  const { cpu } = task.kernel;
  cpu.load(child.context, child.mm);
  cpu.state.set(Reg.rax, 0);
  if (stack !== 0) cpu.state.set(Reg.rsp, stack);
  if (flags & CLONE_SETTLS) cpu.state.fsBase = tls;
  cpu.save();
  cpu.load(task.context, task.mm);
}

function writeChildTid(mm: Mm, address: number, tid: number): void {
  try {
    mm.writeI32(address, tid);
  } catch (e) {
    if (!(e instanceof Errno)) throw e;
  }
}
