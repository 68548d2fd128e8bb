/**
 * The run queue and the driver that gives guest tasks the host thread: runs for some milliseconds, then yields to the event
 * loop; sleeps until the next timer when nothing is ready. A kernel whose tasks are all blocked costs nothing.
 */
import type { Kernel } from '../kernel.ts';
import type { Task } from './task.ts';

/** Milliseconds a task runs before the next one gets its turn, and the kernel before the host does. */
const TASK_SLICE = 2;
const HOST_SLICE = 8;
/** setTimeout takes at most 2^31-1. */
const LONGEST_SLEEP = 0x7fffffff;

/** Runs `f` soon, after pending host events: a MessageChannel or setImmediate, given by the host. */
export type YieldToHost = (f: () => void) => void;

export class Scheduler {
  /** The task that runs now. */
  current: Task | undefined;
  private queue: Task[] = [];
  private head = 0;
  private running = false;
  private paused = false;
  private stopped = false;
  private scheduled = false;
  private sleeping: ReturnType<typeof setTimeout> | undefined;
  private wakeAt = Infinity;

  constructor(private readonly kernel: Kernel, private readonly yieldToHost: YieldToHost) {}

  get ready(): boolean { return this.head < this.queue.length; }

  /** Puts a ready task at the end of the run queue, unless its process is stopped. */
  enqueue(task: Task): void {
    if (task.queued || task.state !== 'ready' || task.process.stopSignal !== 0) return;
    task.queued = true;
    this.queue.push(task);
    this.kick();
  }

  /** Lets the driver look at the queue and the timers again. */
  kick(): void {
    if (this.running || this.scheduled || this.paused || this.stopped) return;
    this.scheduled = true;
    this.cancelSleep();
    queueMicrotask(this.step);
  }

  /** A timer was set: the driver's sleep may be too long. */
  timerSet(deadline: number): void { if (deadline < this.wakeAt) this.kick(); }

  /** docker pause: nothing runs and no timer fires until resume. */
  pause(): void { this.paused = true; this.cancelSleep(); }
  resume(): void { this.paused = false; this.kick(); }
  /** No task will ever run again. */
  stop(): void { this.stopped = true; this.cancelSleep(); }

  /** Runs ready tasks for about `slice` milliseconds. */
  run(slice: number): void {
    const { clock, timers } = this.kernel;
    let now = clock.monotonic();
    const end = now + slice;
    this.running = true;
    try {
      while (!this.paused && !this.stopped) {
        timers.run(now);
        const task = this.next();
        if (task === undefined) break;
        this.current = task;
        this.kernel.runTask(task, Math.min(end, now + TASK_SLICE));
        this.current = undefined;
        this.enqueue(task);
        now = clock.monotonic();
        if (now >= end) break;
      }
    } finally {
      this.running = false;
      this.current = undefined;
    }
  }

  private next(): Task | undefined {
    while (this.head < this.queue.length) {
      const task = this.queue[this.head++];
      if (this.head > 64 && this.head * 2 > this.queue.length) {
        this.queue = this.queue.slice(this.head);
        this.head = 0;
      }
      task.queued = false;
      if (task.state === 'ready' && task.process.stopSignal === 0) return task;
    }
    this.queue.length = this.head = 0;
    return undefined;
  }

  private readonly step = (): void => {
    this.scheduled = false;
    if (this.paused || this.stopped) return;
    this.cancelSleep();
    this.run(HOST_SLICE);
    if (this.paused || this.stopped || this.scheduled) return;
    if (this.ready) {
      this.scheduled = true;
      this.yieldToHost(this.step);
      return;
    }
    const next = this.kernel.timers.next;
    if (next === Infinity) return;
    this.wakeAt = next;
    const delay = Math.max(0, Math.ceil(next - this.kernel.clock.monotonic()));
    this.sleeping = setTimeout(() => { this.sleeping = undefined; this.wakeAt = Infinity; this.step(); }, Math.min(delay, LONGEST_SLEEP));
  };

  private cancelSleep(): void {
    if (this.sleeping !== undefined) clearTimeout(this.sleeping);
    this.sleeping = undefined;
    this.wakeAt = Infinity;
  }
}
