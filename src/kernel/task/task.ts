/**
 * A task: one thread of a guest process (clone(2)). Everything that several threads may share is an object of its own
 * (Process, Mm, FdTable, FsContext, SignalHandlers), as CLONE_* flags decide. A task is data: a blocked system call is
 * `wait`, and running it again is calling its handler again.
 */
import { EINTR } from '../../abi/errno.ts';
import { EMPTY_SET, type SigSet, UNBLOCKABLE } from '../../abi/signal.ts';
import type { CpuContext } from '../../cpu/cpu.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import type { Block } from '../syscalls/define.ts';
import type { Timer } from '../timers.ts';
import type { FdTable } from '../vfs/fd-table.ts';
import type { FsContext } from '../vfs/fs-context.ts';
import type { Waiter } from '../wait-queue.ts';
import type { Credentials } from './credentials.ts';
import type { Process } from './process.ts';
import type { Trap } from './signal-frame.ts';
import { PendingSignals } from './signal-state.ts';

/** A system call that has blocked, or a page fault that waits for the store (nr -1). */
export interface Wait {
  nr: number;
  args: readonly number[];
  block: Block;
  timer: Timer | undefined;
  timedOut: boolean;
}

/** sigaltstack(2). */
export interface AltStack { sp: number; size: number; flags: number }

export class Task implements Waiter {
  /** ready: in the run queue, running, or held back while the process is stopped. */
  state: 'ready' | 'blocked' | 'dead' = 'ready';
  /** Set while the task is in the run queue. */
  queued = false;
  wait: Wait | undefined;

  readonly pending = new PendingSignals();
  blocked: SigSet = EMPTY_SET;
  /** The mask to go back to once a temporary one (sigsuspend, ppoll) has served. */
  savedMask: SigSet | undefined;
  altStack: AltStack = { sp: 0, size: 0, flags: 2 };
  /** Signals that sigtimedwait(2) waits for, while it blocks. */
  sigwait: SigSet | undefined;
  /** The last exception, for signal frames. */
  trap: Trap = { number: 0, error: 0, cr2: 0 };
  /** A signal that is neither blocked nor ignored waits for delivery. Kept by task/signal.ts. */
  signalPending = false;

  /** set_tid_address(2), CLONE_CHILD_CLEARTID. */
  clearChildTid = 0;
  robustList = 0;
  parentDeathSignal = 0;
  /** Executed time in ms. */
  userTime = 0;
  systemTime = 0;
  /** sched_setaffinity and friends: accepted and reported. */
  schedPolicy = 0;
  schedPriority = 0;
  timerSlack = 50000;
  affinity = 1;

  constructor(
    readonly kernel: Kernel,
    /** Thread id; equals process.pid for the first thread, and after execve for whichever thread did it. */
    public tid: number,
    readonly process: Process,
    public context: CpuContext,
    public mm: Mm,
    public files: FdTable,
    public fs: FsContext,
    public credentials: Credentials,
    /** Name shown by ps: 15 bytes at most. */
    public comm: string,
  ) {}

  get alive(): boolean { return this.state !== 'dead'; }
  /** True when the handler is called again because Block.deadline passed. */
  get timedOut(): boolean { return this.wait?.timedOut ?? false; }
  /** Block.state of the previous call of this handler; undefined on the first. */
  get waitState(): unknown { return this.wait?.block.state; }

  /** A mask for the time of one system call (ppoll, sigsuspend, epoll_pwait); dispatch restores the old one. */
  setTemporaryMask(mask: SigSet): void {
    this.savedMask ??= this.blocked;
    this.blocked = mask & ~UNBLOCKABLE;
    this.kernel.signals.recalculate(this);
  }

  /** Parks the task. Called by dispatch and by the fault handler. */
  park(nr: number, args: readonly number[], block: Block): void {
    this.state = 'blocked';
    const wait: Wait = { nr, args, block, timer: undefined, timedOut: false };
    this.wait = wait;
    for (const q of block.queues) q.add(this);
    if (block.deadline !== undefined) {
      wait.timer = this.kernel.timers.at(block.deadline, () => { wait.timedOut = true; this.wake(); });
    }
  }

  /** Makes a blocked task look again. True when it was blocked. */
  wake(): boolean {
    if (this.state !== 'blocked') return false;
    this.unpark();
    this.state = 'ready';
    this.kernel.scheduler.enqueue(this);
    return true;
  }

  /** Takes the task off the queues it waits on; `wait` stays for the handler's next call. */
  unpark(): void {
    const w = this.wait;
    if (!w) return;
    for (const q of w.block.queues) q.remove(this);
    w.timer?.cancel();
  }

  /** Ends a blocked call without calling its handler again; returns its result. */
  abandonWait(): number {
    const w = this.wait;
    this.wait = undefined;
    return w?.block.abandoned?.(this) ?? -EINTR;
  }
}
