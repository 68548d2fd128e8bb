/**
 * The kernel of one sandbox: gVisor-like Linux for the tasks of one container. It owns the CPU, physical memory, the task
 * tables and the scheduler; everything from outside (time, randomness, log, mounts) is given to it.
 */
import type { Cpu } from '../cpu/cpu.ts';
import type { Clock, Log, RandomBytes } from '../host/ports.ts';
import { PAGE_SIZE } from '../cpu/memory.ts';
import { registerFilesystems } from './fs/register.ts';
import { IoSubsystem } from './io-subsystem.ts';
import { PageAllocator } from './mm/pages.ts';
import type { SharedMemory } from './mm/shared-memory.ts';
import { exitGroup } from './task/exit.ts';
import { FutexTable } from './task/futex.ts';
import { type Process, signaledStatus } from './task/process.ts';
import { runTask } from './task/run.ts';
import { Scheduler, type YieldToHost } from './task/scheduler.ts';
import type { ProcessGroup } from './task/session.ts';
import { type SigInfo, userSignal } from './task/signal-state.ts';
import { Signals } from './task/signals.ts';
import { type SpawnSpec, spawn } from './task/spawn.ts';
import type { Task } from './task/task.ts';
import { type Timer, TimerHeap } from './timers.ts';
import type { MountNamespace } from './vfs/mount.ts';
import { Vfs } from './vfs/vfs.ts';
import { SIGKILL } from '../abi/signal.ts';

/** Linux's default kernel.pid_max. */
const PID_MAX = 32768;

export interface KernelOptions {
  cpu: Cpu;
  clock: Clock;
  random: RandomBytes;
  log: Log;
  hostname?: string;
  domainname?: string;
  /** Bytes of guest memory; more is an out-of-memory kill. */
  memoryLimit?: number;
  /** Tasks that may exist at once; fork fails with EAGAIN beyond. */
  pidsLimit?: number;
  /** Receives one line per system call, as strace prints it. */
  strace?: (line: string) => void;
  yieldToHost?: YieldToHost;
}

export interface KernelCounters { instructions: number; cpuMs: number; memoryBytes: number; memoryLimit: number; pids: number; readBytes: number; writtenBytes: number }

export class Kernel {
  readonly cpu: Cpu;
  readonly pages: PageAllocator;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly strace: ((line: string) => void) | undefined;
  hostname: string;
  domainname: string;

  readonly timers: TimerHeap;
  readonly scheduler: Scheduler;
  readonly signals: Signals;
  readonly futexes: FutexTable;
  readonly vfs: Vfs;
  readonly io: IoSubsystem;
  /** The page of the vDSO, once a program has been loaded. */
  vdso: SharedMemory | undefined;
  /** The mounts of the container; set by the runtime before the first spawn. */
  namespace: MountNamespace | undefined;

  readonly processes = new Map<number, Process>();
  readonly tasks = new Map<number, Task>();
  readonly groups = new Map<number, ProcessGroup>();
  /** Process 1: adopts orphans; its end is the end of everything. */
  init: Process | undefined;
  readonly memoryLimit: number;
  readonly pidsLimit: number;
  /** Monotonic ms at boot: 0 of CLOCK_MONOTONIC, CLOCK_BOOTTIME and /proc/uptime. */
  readonly bootTime: number;
  /** Executed guest time in ms. */
  cpuMs = 0;
  /** The running task gives up the rest of its slice (sched_yield). */
  yielding = false;
  /** Monotonic ms at which the running slice began. */
  sliceStart = 0;
  readBytes = 0;
  writtenBytes = 0;
  forks = 0;
  oomKills = 0;
  /** Called when a process has ended, before its parent is told. */
  readonly onProcessExit: ((process: Process) => void)[] = [];
  /** Unknown system calls that were logged already. */
  readonly reported = new Set<number>();
  private lastPid = 0;

  constructor(options: KernelOptions) {
    this.cpu = options.cpu;
    this.clock = options.clock;
    this.random = options.random;
    this.log = options.log;
    this.strace = options.strace;
    this.hostname = options.hostname ?? 'localhost';
    this.domainname = options.domainname ?? '(none)';
    const room = this.cpu.memory.limit - this.cpu.memory.reserved;
    this.memoryLimit = Math.min(options.memoryLimit ?? room, room);
    this.pidsLimit = options.pidsLimit ?? PID_MAX;
    this.pages = new PageAllocator(this.cpu.memory, this.cpu.code, Math.floor(this.memoryLimit / PAGE_SIZE));
    this.vfs = new Vfs(this.clock, this.random, this.pages, this.cpu.code, this.log);
    this.io = new IoSubsystem(this);
    registerFilesystems(this);
    this.bootTime = this.clock.monotonic();
    this.timers = new TimerHeap((deadline) => this.scheduler.timerSet(deadline));
    this.scheduler = new Scheduler(this, options.yieldToHost ?? ((f) => { setTimeout(f, 0); }));
    this.signals = new Signals(this);
    this.futexes = new FutexTable(this);
  }

  /** A deadline `ms` from now, for Block and timers. */
  deadline(ms: number): number { return this.clock.monotonic() + ms; }
  /** Milliseconds since boot: CLOCK_MONOTONIC. */
  uptime(): number { return this.clock.monotonic() - this.bootTime; }
  at(deadline: number, fire: () => void): Timer { return this.timers.at(deadline, fire); }

  /** Starts a process: the first becomes pid 1. Rejects with SpawnError when the program cannot be executed. */
  spawn(spec: SpawnSpec): Promise<Process> { return spawn(this, spec); }

  /** Sends a signal from outside the container; false when the process is gone. */
  kill(pid: number, signal: number): boolean {
    const process = this.processes.get(pid);
    if (process === undefined || process.exited) return false;
    const info: SigInfo = { ...userSignal(signal, 0, 0), fromEngine: true };
    if (signal !== 0) this.signals.sendToProcess(process, info);
    return true;
  }

  /** SIGKILL for every process. */
  killAll(): void {
    for (const p of [...this.processes.values()]) if (!p.exited) exitGroup(p, signaledStatus(SIGKILL));
  }

  pause(): void { this.scheduler.pause(); }
  resume(): void { this.scheduler.resume(); }
  /** Ends the kernel: kills everything and never runs again. */
  shutdown(): void {
    this.killAll();
    this.scheduler.stop();
  }

  runTask(task: Task, end: number): void { runTask(this, task, end); }

  counters(): KernelCounters {
    return {
      instructions: this.cpu.counters.instructions, cpuMs: this.cpuMs, memoryBytes: this.pages.used * PAGE_SIZE, memoryLimit: this.memoryLimit,
      pids: this.tasks.size, readBytes: this.readBytes, writtenBytes: this.writtenBytes,
    };
  }

  /** A free process or thread id; 0 when the limit of tasks is reached. */
  allocatePid(): number {
    if (this.tasks.size >= this.pidsLimit) return 0;
    for (let i = 0; i < PID_MAX; i++) {
      this.lastPid = this.lastPid + 1 >= PID_MAX ? 300 : this.lastPid + 1;
      const pid = this.lastPid;
      if (!this.tasks.has(pid) && !this.processes.has(pid) && !this.groups.has(pid) && !this.sessionExists(pid)) return pid;
    }
    return 0;
  }

  private sessionExists(sid: number): boolean {
    for (const g of this.groups.values()) if (g.session.sid === sid) return true;
    return false;
  }
}
