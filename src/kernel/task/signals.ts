/**
 * Sending and delivering signals (signal(7)). A signal is queued at the target and wakes it; delivery happens when the
 * target runs next, at a block boundary or in place of a blocked call.
 */
import { EMPTY_SET, SA_NOCLDSTOP, SA_NODEFER, SA_RESETHAND, SI_TIMER, SIG_DFL, SIG_IGN, sigBit, SIGCHLD, SIGCONT, SIGKILL, SIGSEGV, SIGSTOP, SIGTSTP, SIGTTIN,
  SIGTTOU, type SigSet, CLD_CONTINUED, CLD_STOPPED, SS_AUTODISARM, signalName, UNBLOCKABLE } from '../../abi/signal.ts';
import { Reg } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { Kernel } from '../kernel.ts';
import { isUserFault, PageWait } from '../mm/mm.ts';
import { Block } from '../syscalls/define.ts';
import { exitGroup } from './exit.ts';
import { type Process, signaledStatus } from './process.ts';
import type { ProcessGroup } from './session.ts';
import { FRAME_SIZE, placeFrame, pushFrame } from './signal-frame.ts';
import { defaultDisposition, kernelSignal, type SigAction, type SigInfo } from './signal-state.ts';
import type { Task } from './task.ts';

const STOP_SIGNALS = sigBit(SIGSTOP) | sigBit(SIGTSTP) | sigBit(SIGTTIN) | sigBit(SIGTTOU);

/** A signal whose handler is to run. */
export interface Delivery { info: SigInfo; action: SigAction }

export class Signals {
  constructor(private readonly kernel: Kernel) {}

  /** Brings task.signalPending up to date after a change of masks or queues. */
  recalculate(task: Task): void {
    task.signalPending = ((task.pending.set | task.process.pending.set) & ~task.blocked) !== EMPTY_SET;
  }

  /** A signal for the whole process: any thread that does not block it takes it. */
  sendToProcess(process: Process, info: SigInfo): void {
    if (process.exited || !this.prepare(process, info)) return;
    const bit = sigBit(info.signo);
    const threads = [...process.threads];
    if (this.drops(process, info, threads.every((t) => (t.blocked & bit) !== EMPTY_SET))) return;
    if (!process.pending.add(info)) return;
    process.signalWaiters.wake();
    const taker = [process.leader, ...threads].find((t) => t.alive && (t.blocked & bit) === EMPTY_SET);
    for (const t of threads) this.recalculate(t);
    if (taker) this.interrupt(taker);
    for (const t of threads) this.wakeSigwait(t, bit);
  }

  /** A signal for one thread (tgkill, faults, timers with SIGEV_THREAD_ID). */
  sendToTask(task: Task, info: SigInfo): void {
    if (!task.alive || !this.prepare(task.process, info)) return;
    const bit = sigBit(info.signo);
    const blocked = (task.blocked & bit) !== EMPTY_SET;
    if (this.drops(task.process, info, blocked)) return;
    if (!task.pending.add(info)) return;
    task.process.signalWaiters.wake();
    this.recalculate(task);
    if (!blocked) this.interrupt(task);
    this.wakeSigwait(task, bit);
  }

  /** To every process of a group; returns how many there are. */
  sendToGroup(group: ProcessGroup | undefined, info: SigInfo): number {
    if (!group) return 0;
    const members = [...group.members].filter((p) => !p.exited);
    for (const p of members) this.sendToProcess(p, info);
    return members.length;
  }

  /** A fault of the running thread: cannot be blocked or ignored (force_sig_info). */
  force(task: Task, info: SigInfo): void {
    const action = task.process.handlers.get(info.signo);
    const bit = sigBit(info.signo);
    if (action.handler === SIG_IGN || action.handler === SIG_DFL || (task.blocked & bit) !== EMPTY_SET) {
      this.reportFault(task, info);
      this.terminate(task, info);
      return;
    }
    task.pending.add(info);
    this.recalculate(task);
  }

  /** Takes a pending signal of `set`, of the thread first and then of the process: sigtimedwait, signalfd. */
  dequeue(task: Task, set: SigSet): SigInfo | undefined {
    const info = task.pending.take(set) ?? task.process.pending.take(set);
    if (info === undefined) return undefined;
    info.delivered?.();
    if (task.process.threads.size > 1) for (const t of task.process.threads) this.recalculate(t);
    else this.recalculate(task);
    return info;
  }

  /** Default actions are carried out; the first signal that has a handler is returned. The task may be dead or stopped after. */
  next(task: Task): Delivery | undefined {
    const { process } = task;
    while (task.signalPending && task.alive && process.stopSignal === 0) {
      const info = this.dequeue(task, ~task.blocked);
      if (info === undefined) { task.signalPending = false; break; }
      const action = process.handlers.get(info.signo);
      if (info.signo !== SIGKILL && info.signo !== SIGSTOP) {
        if (action.handler === SIG_IGN) continue;
        if (action.handler !== SIG_DFL) return { info, action };
      }
      this.takeDefault(task, info);
    }
    return undefined;
  }

  /** Delivers everything pending to the loaded task. */
  deliver(task: Task): void {
    for (;;) {
      if (!this.stackReady(task)) return;
      const d = this.next(task);
      if (d === undefined) return;
      this.enter(task, d);
      if (!task.alive || !task.signalPending) return;
    }
  }

  /** Makes the loaded task call its handler. */
  enter(task: Task, { info, action }: Delivery): void {
    const { process } = task;
    const mask = task.savedMask ?? task.blocked;
    try {
      pushFrame(task.mm, this.kernel.cpu.state, task.altStack, action, info, mask, task.trap);
    } catch (e) {
      if (!isUserFault(e)) throw e;
      this.kernel.log('kernel', `${task.comm}[${task.tid}]: no stack for the handler of ${signalName(info.signo)}`);
      this.terminate(task, kernelSignal(SIGSEGV));
      return;
    }
    task.savedMask = undefined;
    if (task.altStack.flags & SS_AUTODISARM) task.altStack = { sp: 0, size: 0, flags: 2 };
    task.blocked |= action.mask & ~UNBLOCKABLE;
    if (!(action.flags & SA_NODEFER)) task.blocked |= sigBit(info.signo);
    if (action.flags & SA_RESETHAND) process.handlers.resetOne(info.signo);
    this.recalculate(task);
  }

  /** Changes the thread's mask (sigprocmask(2)). */
  setMask(task: Task, mask: SigSet): void {
    task.blocked = mask & ~UNBLOCKABLE;
    this.recalculate(task);
  }

  /** Tells the parent that the process stopped or continued (do_notify_parent_cldstop). */
  private notifyJob(process: Process, code: number, status: number): void {
    const parent = process.parent;
    if (!parent) return;
    if (!(parent.handlers.get(SIGCHLD).flags & SA_NOCLDSTOP)) {
      this.sendToProcess(parent, { signo: SIGCHLD, code, pid: process.pid, uid: process.leader.credentials.uid, status, utime: process.times.user / 10, stime: process.times.system / 10 });
    }
    parent.childWaiters.wake();
  }

  /** Job control effects of sending. False when nothing is left to do: the process is being killed. */
  private prepare(process: Process, info: SigInfo): boolean {
    const { signo } = info;
    if (signo === SIGKILL) {
      if (process === this.kernel.init && !info.fromEngine) return false;
      exitGroup(process, signaledStatus(SIGKILL));
      return false;
    }
    if (signo === SIGCONT) {
      this.discard(process, STOP_SIGNALS);
      if (process.stopSignal !== 0) this.continue(process);
    } else if ((STOP_SIGNALS & sigBit(signo)) !== EMPTY_SET) {
      this.discard(process, sigBit(SIGCONT));
    }
    return true;
  }

  /** Signals that are not queued: ignored ones, and those that process 1 has no handler for (pid_namespaces(7)). */
  private drops(process: Process, info: SigInfo, blocked: boolean): boolean {
    const { handler } = process.handlers.get(info.signo);
    if (process === this.kernel.init && handler === SIG_DFL && !(info.fromEngine && info.signo === SIGSTOP)) return !blocked;
    return !blocked && info.code !== SI_TIMER && process.handlers.ignores(info.signo);
  }

  private discard(process: Process, which: SigSet): void {
    process.pending.remove(which);
    for (const t of process.threads) {
      t.pending.remove(which);
      this.recalculate(t);
    }
  }

  private interrupt(task: Task): void {
    if (task.state === 'blocked' && task.wait!.block.restart !== 'never') task.wake();
    else if (task === this.kernel.scheduler.current) this.kernel.cpu.interrupt();
  }

  /** sigtimedwait waits for signals that are blocked: its Block says so by its state. */
  private wakeSigwait(task: Task, bit: SigSet): void {
    if (task.state === 'blocked' && task.sigwait !== undefined && (task.sigwait & bit) !== EMPTY_SET) task.wake();
  }

  private takeDefault(task: Task, info: SigInfo): void {
    const { process } = task;
    if (process === this.kernel.init && !(info.fromEngine && info.signo === SIGSTOP)) return;
    switch (defaultDisposition(info.signo)) {
      case 'ignore': case 'continue': return;
      case 'stop':
        if (info.signo !== SIGSTOP && process.group.orphaned) return;
        this.stop(process, info.signo);
        return;
      default: this.terminate(task, info);
    }
  }

  private terminate(task: Task, info: SigInfo): void {
    exitGroup(task.process, signaledStatus(info.signo));
  }

  /** One line in the log for a fault that nobody handles, as Linux prints with print-fatal-signals. */
  private reportFault(task: Task, info: SigInfo): void {
    const { state } = this.kernel.cpu;
    const hex = (n: number): string => n.toString(16);
    const where = task.mm.areas.find(state.rip);
    const file = where?.backing?.file?.path?.dentry.name ?? where?.name ?? '';
    this.kernel.log('kernel', `${task.comm}[${task.tid}]: ${signalName(info.signo)} at ${hex(info.address ?? 0)} ip ${hex(state.rip)} sp ${hex(state.get(Reg.rsp))} error ${task.trap.error}`
      + (where ? ` in ${file}[${hex(state.rip - where.start + where.offset * PAGE_SIZE)}]` : ''));
  }

  private stop(process: Process, signo: number): void {
    process.stopSignal = signo;
    process.reportStop = true;
    process.reportContinue = false;
    this.notifyJob(process, CLD_STOPPED, signo);
  }

  private continue(process: Process): void {
    process.stopSignal = 0;
    process.reportStop = false;
    process.reportContinue = true;
    for (const t of process.threads) this.kernel.scheduler.enqueue(t);
    this.notifyJob(process, CLD_CONTINUED, SIGCONT);
  }

  /** False when the page of the stack must be loaded first; the task is parked on it. */
  private stackReady(task: Task): boolean {
    const { frame } = placeFrame(this.kernel.cpu.state, task.altStack, 0);
    try {
      task.mm.awaitPages(frame, FRAME_SIZE + 512);
      return true;
    } catch (e) {
      if (!(e instanceof PageWait)) throw e;
      task.park(-1, [], new Block([e.queue], undefined, 'never'));
      return false;
    }
  }
}
