/**
 * The object behind pipe(7): a queue of bytes in pages, as many as F_SETPIPE_SZ allows, with counts of who reads and who
 * writes. Ends are PipeFile (guest) and host-pipe.ts (JavaScript).
 */
import { EBUSY, EINVAL, EPERM } from '../../../abi/errno.ts';
import { POLLERR, POLLHUP, READABLE, WRITABLE } from '../../../abi/poll.ts';
import { ByteQueue } from '../../../base/byte-queue.ts';
import type { IoSink, IoSource } from '../../io.ts';
import { WaitQueue } from '../../wait-queue.ts';

/** Writes of up to this many bytes are atomic. */
export const PIPE_BUF = 4096;
const PAGE = 4096;
const DEFAULT_CAPACITY = 16 * PAGE;
/** /proc/sys/fs/pipe-max-size. */
export const PIPE_MAX_SIZE = 1 << 20;

export class Pipe {
  readonly waiters = new WaitQueue();
  readers = 0;
  writers = 0;
  /** Openings so far, by which a fifo's open sees that its partner came, even when it has gone again. */
  readerOpens = 0;
  writerOpens = 0;
  capacity = DEFAULT_CAPACITY;
  private readonly data = new ByteQueue();
  /** Bytes already read of the first page: it is free only when wholly read. */
  private consumed = 0;

  get length(): number { return this.data.length; }
  get room(): number { return this.capacity - this.consumed - this.data.length; }
  /** A page is free: what poll calls writable. */
  get writable(): boolean { return this.room >= PAGE; }

  /** Takes up to `into.remaining` bytes; returns how many. */
  read(into: IoSink): number {
    let done = 0;
    while (this.data.length > 0 && into.remaining > 0) {
      const n = into.put(this.data.peek(into.remaining));
      if (n === 0) break;
      this.data.drop(n);
      done += n;
    }
    if (done > 0) this.freed(done);
    return done;
  }

  /** Removes and returns up to `max` bytes: for the host. */
  take(max: number): Uint8Array {
    const out = this.data.shift(max);
    if (out.length > 0) this.freed(out.length);
    return out;
  }

  /** A copy of up to `max` bytes without removing them: tee(2). */
  copy(max: number): Uint8Array {
    const out = new Uint8Array(Math.min(max, this.data.length));
    for (let at = 0; at < out.length;) {
      const piece = this.data.peek(out.length - at, at);
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  private freed(count: number): void {
    this.consumed = this.data.length === 0 ? 0 : (this.consumed + count) % PAGE;
    this.waiters.wake(WRITABLE);
  }

  /** Appends up to `max` bytes as room allows; returns how many. */
  write(from: IoSource, max: number): number {
    let done = 0;
    for (let n = Math.min(this.room, max); n > 0;) {
      const piece = from.take(n);
      if (piece.length === 0) break;
      this.data.push(piece);
      n -= piece.length;
      done += piece.length;
    }
    if (done > 0) this.waiters.wake(READABLE);
    return done;
  }

  addReader(): void { this.readers++; this.readerOpens++; this.waiters.wake(); }
  addWriter(): void { this.writers++; this.writerOpens++; this.waiters.wake(); }
  dropReader(): void { if (--this.readers === 0) this.waiters.wake(POLLERR | WRITABLE); }
  dropWriter(): void { if (--this.writers === 0) this.waiters.wake(POLLHUP | READABLE); }

  /** F_SETPIPE_SZ: rounds up to a power of two pages; returns the new capacity or an errno. */
  resize(bytes: number, privileged: boolean): number {
    if (bytes > 0x80000000 || bytes < 0) return -EINVAL;
    let size = PAGE;
    while (size < bytes) size *= 2;
    if (size > PIPE_MAX_SIZE && !privileged) return -EPERM;
    if (this.data.length + this.consumed > size) return -EBUSY;
    const grew = size > this.capacity;
    this.capacity = size;
    if (grew) this.waiters.wake(WRITABLE);
    return size;
  }
}
