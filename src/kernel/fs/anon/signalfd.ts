/** signalfd(2): pending signals of whoever reads, as 128-byte records. */
import { EINVAL } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import { READABLE } from '../../../abi/poll.ts';
import { type SigSet, UNBLOCKABLE } from '../../../abi/signal.ts';
import type { IoSink } from '../../io.ts';
import { Block, type SysResult } from '../../syscalls/define.ts';
import type { SigInfo } from '../../task/signal-state.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../wait-queue.ts';
import { AnonFile } from './anon-file.ts';

const RECORD = 128;

export class SignalFile extends AnonFile {
  override readonly waiters: WaitQueue;
  private mask: SigSet;

  constructor(private readonly owner: Task, mask: SigSet, flags: number) {
    super(owner, '[signalfd]', flags);
    this.mask = mask & ~UNBLOCKABLE;
    this.waiters = owner.process.signalWaiters;
  }

  setMask(mask: SigSet): void {
    this.mask = mask & ~UNBLOCKABLE;
    this.waiters.wake(READABLE);
  }

  override read(task: Task, into: IoSink): SysResult {
    if (into.remaining < RECORD) return -EINVAL;
    let done = 0;
    while (into.remaining >= RECORD) {
      const info = task.kernel.signals.dequeue(task, this.mask);
      if (!info) break;
      done += into.put(encode(info));
    }
    if (done > 0) return done;
    return this.flags & O_NONBLOCK ? this.wait() : new Block([task.process.signalWaiters]);
  }

  /** What is pending for the task that asks, or for the one that made the descriptor when nobody runs. */
  override poll(): number {
    const task = this.owner.kernel.scheduler.current ?? this.owner;
    return (task.pending.set | task.process.pending.set) & this.mask ? READABLE : 0;
  }
}

/** struct signalfd_siginfo. */
function encode(info: SigInfo): Uint8Array {
  const out = new Uint8Array(RECORD), v = new DataView(out.buffer);
  v.setUint32(0, info.signo, true);
  v.setInt32(4, info.errno ?? 0, true);
  v.setInt32(8, info.code, true);
  v.setUint32(12, info.pid ?? 0, true);
  v.setUint32(16, info.uid ?? 0, true);
  v.setInt32(20, info.fd ?? 0, true);
  v.setUint32(24, info.timerId ?? 0, true);
  v.setUint32(28, info.band ?? 0, true);
  v.setUint32(32, info.overrun ?? 0, true);
  v.setInt32(40, info.status ?? 0, true);
  v.setInt32(44, Number(BigInt.asIntN(32, info.value ?? 0n)), true);
  v.setBigUint64(48, BigInt.asUintN(64, info.value ?? 0n), true);
  v.setBigUint64(56, BigInt(Math.floor(info.utime ?? 0)), true);
  v.setBigUint64(64, BigInt(Math.floor(info.stime ?? 0)), true);
  v.setBigUint64(72, BigInt(info.address ?? 0), true);
  return out;
}
