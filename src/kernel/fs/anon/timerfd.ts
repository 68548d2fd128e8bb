/** timerfd_create(2): expirations of a timer, read as a count. After an expiry a periodic timer runs on only once it is read, as in Linux; the count catches up. */
import { EINVAL } from '../../../abi/errno.ts';
import { READABLE } from '../../../abi/poll.ts';
import type { IoSink } from '../../io.ts';
import type { Kernel } from '../../kernel.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import type { Timer } from '../../timers.ts';
import { AnonFile, u64Bytes } from './anon-file.ts';

export const CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_BOOTTIME = 7, CLOCK_REALTIME_ALARM = 8, CLOCK_BOOTTIME_ALARM = 9;

export class TimerFile extends AnonFile {
  private readonly kernel: Kernel;
  private timer: Timer | undefined;
  /** Monotonic ms of the next expiry; undefined while disarmed. */
  private next: number | undefined;
  private interval = 0;
  private ticks = 0;
  /** Expired and not read since. */
  private expired = false;

  constructor(task: Task, private readonly clock: number, flags: number) {
    super(task, '[timerfd]', flags);
    this.kernel = task.kernel;
  }

  /** Arms the timer; value 0 disarms. Times in ms, `absolute` ones on the file's clock. */
  set(value: number, interval: number, absolute: boolean): void {
    this.timer?.cancel();
    this.ticks = 0;
    this.expired = false;
    this.interval = interval;
    this.next = value === 0 ? undefined : absolute ? this.toMonotonic(value) : this.kernel.deadline(value);
    this.arm();
  }

  /** What is left until the next expiry (0 when disarmed), and the interval. */
  get(): { value: number; interval: number } {
    this.catchUp();
    const value = this.next === undefined || this.expired ? 0 : Math.max(1e-6, this.next - this.kernel.clock.monotonic());
    return { value, interval: this.interval };
  }

  private toMonotonic(value: number): number {
    const { clock, bootTime } = this.kernel;
    const real = this.clock === CLOCK_REALTIME || this.clock === CLOCK_REALTIME_ALARM;
    return real ? clock.monotonic() + value - clock.now() : bootTime + value;
  }

  private arm(): void {
    if (this.next === undefined) return;
    this.timer = this.kernel.timers.at(this.next, () => {
      this.expired = true;
      this.ticks++;
      this.waiters.wake(READABLE);
    });
  }

  /** Counts the periods that have passed since the last expiry and starts the next one. */
  private catchUp(): void {
    if (!this.expired || this.interval === 0 || this.next === undefined) return;
    const passed = 1 + Math.max(0, Math.floor((this.kernel.clock.monotonic() - this.next) / this.interval));
    this.ticks += passed - 1;
    this.next += passed * this.interval;
    this.expired = false;
    this.arm();
  }

  override read(_task: Task, into: IoSink): SysResult {
    if (into.remaining < 8) return -EINVAL;
    if (this.ticks === 0) return this.wait();
    this.catchUp();
    into.put(u64Bytes(BigInt(this.ticks)));
    this.ticks = 0;
    return 8;
  }

  override poll(): number { return this.ticks > 0 ? READABLE : 0; }
  protected override close(): void { this.timer?.cancel(); }
}
