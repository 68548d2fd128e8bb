/** A process: a thread group (clone(2), CLONE_THREAD) with what its threads always share. */
import { SIGCHLD } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { Timer } from '../timers.ts';
import { WaitQueue } from '../wait-queue.ts';
import type { PosixTimer } from './posix-timer.ts';
import type { Rlimits } from './rlimits.ts';
import type { ProcessGroup, Session } from './session.ts';
import { PendingSignals, type SignalHandlers } from './signal-state.ts';
import type { Task } from './task.ts';

/** Times of a process or its waited-for children, in ms of executed time. */
export interface CpuTimes { user: number; system: number }

export interface IntervalTimer { timer: Timer | undefined; deadline: number; interval: number }

export class Process {
  readonly children = new Set<Process>();
  /** Live threads. */
  readonly threads = new Set<Task>();
  /** The first thread; it stays here after it has exited. */
  leader!: Task;
  readonly pending = new PendingSignals();
  group!: ProcessGroup;

  /** Status as wait(2) encodes it, once the process is a zombie. */
  exitStatus = 0;
  /** All threads have ended. */
  exited = false;
  /** exit_group or a fatal signal is under way: its wait status. */
  groupExit: number | undefined;
  /** Signal that stopped the process; 0 while it runs. */
  stopSignal = 0;
  /** Job control events that wait4 has not reported yet. */
  reportStop = false;
  reportContinue = false;
  coreDumped = false;
  oomKilled = false;

  /** Signal for the parent at exit; clone(2) may choose another. */
  exitSignal = SIGCHLD;
  /** prctl(PR_SET_PDEATHSIG). */
  parentDeathSignal = 0;
  /** prctl(PR_SET_CHILD_SUBREAPER). */
  childSubreaper = false;
  dumpable = 1;
  noNewPrivileges = false;
  /** execve has happened since fork: setpgid of the parent is refused then. */
  hasExeced = false;
  personality = 0;
  oomScoreAdj = 0;
  nice = 0;

  readonly startTime: number;
  readonly times: CpuTimes = { user: 0, system: 0 };
  readonly childTimes: CpuTimes = { user: 0, system: 0 };
  peakResident = 0;
  childPeakResident = 0;
  minorFaults = 0;
  majorFaults = 0;
  contextSwitches = 0;
  readBytes = 0;
  writtenBytes = 0;

  /** setitimer(2): real, virtual, profiling. */
  readonly itimers: (IntervalTimer | undefined)[] = [];
  readonly posixTimers = new Map<number, PosixTimer>();

  /** wait4 of this process sleeps here. */
  readonly childWaiters = new WaitQueue();
  /** Woken when the process exits: pidfds, the runtime. */
  readonly exitWaiters = new WaitQueue();
  /** Woken when a signal is queued for the process or one of its threads: signalfd. */
  readonly signalWaiters = new WaitQueue();
  /** vfork(2): the parent sleeps here until exec or exit. */
  readonly vforkWaiters = new WaitQueue();
  vforkDone = true;
  /** The runtime's callback. */
  onExit: ((status: number) => void) | undefined;

  constructor(readonly kernel: Kernel, readonly pid: number, public parent: Process | undefined, public handlers: SignalHandlers, public rlimits: Rlimits) {
    this.startTime = kernel.clock.monotonic();
  }

  get session(): Session { return this.group.session; }
  get pgid(): number { return this.group.pgid; }
  get sid(): number { return this.session.sid; }
  get ppid(): number { return this.parent?.pid ?? 0; }
  get isSessionLeader(): boolean { return this.session.sid === this.pid; }
  get name(): string { return this.leader.comm; }
  /** A live thread, the first one if it lives: whose mm, files and credentials stand for the process in /proc. */
  get thread(): Task {
    if (this.leader.alive) return this.leader;
    for (const t of this.threads) return t;
    return this.leader;
  }

  joinGroup(group: ProcessGroup): void {
    this.leaveGroup();
    this.group = group;
    group.members.add(this);
    this.kernel.groups.set(group.pgid, group);
  }

  leaveGroup(): void {
    if (this.group === undefined) return;
    this.group.members.delete(this);
    if (this.group.members.size === 0) this.kernel.groups.delete(this.group.pgid);
  }
}

/** wait(2) status of a normal exit and of a death by signal. */
export function exitedStatus(code: number): number { return (code & 0xff) << 8; }
export function signaledStatus(signal: number, core = false): number { return (signal & 0x7f) | (core ? 0x80 : 0); }
/** What a shell and docker show for a wait status. */
export function shellExitCode(status: number): number { return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f); }
