/** Base of files that are only a descriptor: eventfd, timerfd, signalfd, epoll, inotify, pidfd. */
import { EAGAIN, EINVAL } from '../../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../../abi/fcntl.ts';
import type { IoSink, IoSource } from '../../io.ts';
import { Block, type SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import { PseudoInode } from '../pseudo.ts';

export abstract class AnonFile extends File {
  /** @param kind name in brackets of the link in /proc/PID/fd: `[eventfd]`, or a name without brackets (inotify) */
  constructor(task: Task, kind: string, flags: number) {
    super(new PseudoInode(task.kernel.io.anonfs, 0o600, `anon_inode:${kind}`), O_RDWR | (flags & O_NONBLOCK));
  }

  read(_task: Task, _into: IoSink): SysResult { return -EINVAL; }
  write(_task: Task, _from: IoSource): SysResult { return -EINVAL; }

  /** These have no position, but seeking is no error (noop_llseek). */
  override seek(): number { return 0; }

  /** EAGAIN, or parks until the file is woken. */
  protected wait(): SysResult { return this.flags & O_NONBLOCK ? -EAGAIN : new Block([this.waiters]); }
}

/** Gathers exactly `length` bytes of a write. Preconditions: so many remain. */
export function takeExactly(from: IoSource, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const piece = from.take(length - at);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A 64-bit little-endian integer. */
export function u64Bytes(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value, true);
  return out;
}
