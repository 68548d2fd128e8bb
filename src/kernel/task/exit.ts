/** The end of threads and processes (_exit(2), exit_group(2)): releasing what they hold, telling the parent, reaping. */
import { Access } from '../../cpu/cpu.ts';
import { CLD_DUMPED, CLD_EXITED, CLD_KILLED, SA_NOCLDWAIT, SIG_IGN, SIGCHLD, SIGCONT, SIGHUP, SIGKILL } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { type Process, signaledStatus } from './process.ts';
import { kernelSignal, userSignal } from './signal-state.ts';
import type { ProcessGroup } from './session.ts';
import type { Task } from './task.ts';

/** Ends one thread; the last one ends the process with `status` (unless exit_group has set another). */
export function exitTask(task: Task, status: number): void {
  if (!task.alive) return;
  const { kernel, process } = task;
  if (task.state === 'blocked') {
    task.unpark();
    task.abandonWait();
  }
  task.state = 'dead';
  kernel.futexes.exit(task);
  process.threads.delete(task);
  if (task.tid !== process.pid) kernel.tasks.delete(task.tid);
  process.times.user += task.userTime;
  process.times.system += task.systemTime;
  process.peakResident = Math.max(process.peakResident, task.mm.peakResident);
  if (process.threads.size === 0) exitProcess(process, process.groupExit ?? status);
  releaseVfork(process);
  task.files.release();
  task.mm.release();
}

/** Ends every thread with a wait status (exit_group, fatal signal). */
export function exitGroup(process: Process, status: number): void {
  if (process.exited) return;
  process.groupExit ??= status;
  process.stopSignal = 0;
  for (const t of [...process.threads]) exitTask(t, status);
}

/** The parent of a vfork child may go on: the child has its own address space now, or is gone. */
export function releaseVfork(process: Process): void {
  if (process.vforkDone) return;
  process.vforkDone = true;
  process.vforkWaiters.wake();
}

function exitProcess(process: Process, status: number): void {
  const { kernel } = process;
  process.exited = true;
  process.exitStatus = status;
  for (const t of process.itimers) t?.timer?.cancel();
  for (const t of process.posixTimers.values()) t.timer?.cancel();
  process.posixTimers.clear();
  for (const f of kernel.onProcessExit) f(process);
  leaveSession(process);
  orphanChildren(process);
  if (process === kernel.init) {
    for (const p of [...kernel.processes.values()]) if (p !== process && !p.exited) exitGroup(p, signaledStatus(SIGKILL));
  }
  notifyOrphanedGroup(process.group, process);
  process.onExit?.(status);
  process.exitWaiters.wake();
  notifyParent(process);
}

/** SIGCHLD, and the decision whether a zombie stays for wait(2). */
function notifyParent(process: Process): void {
  const { kernel, parent } = process;
  if (!parent || parent.exited) {
    reap(process);
    return;
  }
  const action = parent.handlers.get(SIGCHLD);
  const autoReap = process.exitSignal === SIGCHLD && (action.handler === SIG_IGN || (action.flags & SA_NOCLDWAIT) !== 0);
  if (process.exitSignal !== 0 && !(autoReap && action.handler === SIG_IGN)) {
    const killed = (process.exitStatus & 0x7f) !== 0;
    kernel.signals.sendToProcess(parent, {
      signo: process.exitSignal, pid: process.pid, uid: process.leader.credentials.uid,
      code: !killed ? CLD_EXITED : process.exitStatus & 0x80 ? CLD_DUMPED : CLD_KILLED,
      status: killed ? process.exitStatus & 0x7f : process.exitStatus >> 8,
      utime: process.times.user / 10, stime: process.times.system / 10,
    });
  }
  if (autoReap) reap(process);
  parent.childWaiters.wake();
}

/** The zombie goes: its pid is free again and its times count for the parent. */
export function reap(process: Process): void {
  const { kernel, parent } = process;
  if (parent) {
    parent.children.delete(process);
    parent.childTimes.user += process.times.user + process.childTimes.user;
    parent.childTimes.system += process.times.system + process.childTimes.system;
    parent.childPeakResident = Math.max(parent.childPeakResident, process.peakResident, process.childPeakResident);
  }
  process.leaveGroup();
  kernel.processes.delete(process.pid);
  kernel.tasks.delete(process.pid);
}

/** Children go to the nearest subreaper, else to process 1. */
function orphanChildren(process: Process): void {
  const { kernel } = process;
  let heir: Process | undefined = process.parent;
  while (heir && !(heir.childSubreaper && !heir.exited)) heir = heir.parent;
  heir ??= kernel.init;
  for (const child of [...process.children]) {
    process.children.delete(child);
    child.parent = heir === process || heir?.exited ? undefined : heir;
    child.parent?.children.add(child);
    if (child.parentDeathSignal !== 0) kernel.signals.sendToProcess(child, userSignal(child.parentDeathSignal, process.pid, process.leader.credentials.uid));
    if (child.exited) notifyParent(child);
    else notifyOrphanedGroup(child.group, process);
  }
}

/** A session leader takes the terminal with it (termios(3), disassociate_ctty). */
function leaveSession(process: Process): void {
  if (!process.isSessionLeader) return;
  const { terminal } = process.session;
  if (!terminal) return;
  const { kernel } = process;
  const foreground = kernel.groups.get(terminal.foreground);
  kernel.signals.sendToGroup(foreground, kernelSignal(SIGHUP));
  kernel.signals.sendToGroup(foreground, kernelSignal(SIGCONT));
  process.session.terminal = undefined;
  terminal.disassociate();
}

/** A group that became orphaned with stopped members gets SIGHUP and SIGCONT (POSIX, setpgid(2)). */
function notifyOrphanedGroup(group: ProcessGroup, leaving: Process): void {
  const members = [...group.members].filter((p) => p !== leaving && !p.exited);
  if (!members.some((p) => p.stopSignal !== 0) || !group.orphaned) return;
  for (const p of members) {
    leaving.kernel.signals.sendToProcess(p, kernelSignal(SIGHUP));
    leaving.kernel.signals.sendToProcess(p, kernelSignal(SIGCONT));
  }
}

/** Memory is exhausted: the process that uses most is killed, as the container's OOM killer does (oom_score_adj counts). */
export function killForMemory(kernel: Kernel): void {
  let victim: Process | undefined;
  let worst = -Infinity;
  const total = Math.max(1, kernel.pages.limit);
  for (const p of kernel.processes.values()) {
    if (p.exited || p.oomScoreAdj === -1000) continue;
    const score = p.thread.mm.resident + (p.oomScoreAdj / 1000) * total;
    if (score > worst) { worst = score; victim = p; }
  }
  if (!victim) return;
  kernel.log('kernel', `Out of memory: Killed process ${victim.pid} (${victim.name}) total-vm:${victim.thread.mm.total * 4}kB, rss:${victim.thread.mm.resident * 4}kB`);
  victim.oomKilled = true;
  kernel.oomKills++;
  exitGroup(victim, signaledStatus(SIGKILL));
}

/** CLONE_CHILD_CLEARTID: the word is zeroed and one waiter woken, so that pthread_join returns. */
export function clearChildTid(task: Task): void {
  if (task.clearChildTid === 0 || !task.mm.shared) return;
  const physical = task.mm.mmu.translate(task.mm, task.clearChildTid, Access.Write);
  if (physical < 0) return;
  task.mm.pages.memory.view.setUint32(physical, 0, true);
  task.kernel.futexes.wakeAddress(task, task.clearChildTid, 1);
}
