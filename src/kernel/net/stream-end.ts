/**
 * One end of an established byte stream: what it has received and not read, and its partner. Unix stream sockets, TCP
 * connections inside the sandbox, and connections with the outside (host-stream-end.ts) are pairs of these.
 */
import { POLLERR, POLLHUP, POLLRDHUP, READABLE, WRITABLE } from '../../abi/poll.ts';
import { ECONNRESET, EPIPE } from '../../abi/errno.ts';
import { ByteQueue } from '../../base/byte-queue.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { WaitQueue } from '../wait-queue.ts';
import type { Ancillary } from './ancillary.ts';

/** Ancillary data tied to a place in the stream (unix sockets): reads do not run across it. */
interface Mark { at: number; ancillary: Ancillary }

export class StreamEnd {
  peer: StreamEnd | undefined;
  /** The partner sends no more. */
  ended = false;
  /** shutdown(SHUT_RD) here, shutdown(SHUT_WR) here. */
  readShut = false;
  writeShut = false;
  /** Pending error (SO_ERROR): a positive errno, 0 for none. */
  error = 0;
  private readonly data = new ByteQueue();
  private marks: Mark[] = [];
  /** Stream position of the first byte in `data`. */
  private position = 0;

  /** @param limit bytes received and unread beyond which the partner waits */
  constructor(readonly waiters: WaitQueue, public limit: number) {}

  static connect(a: StreamEnd, b: StreamEnd): void {
    a.peer = b;
    b.peer = a;
  }

  get available(): number { return this.data.length; }
  /** Bytes the partner has not read yet: SIOCOUTQ. */
  get unsent(): number { return this.peer?.data.length ?? 0; }
  get room(): number { return this.peer ? Math.max(0, this.peer.limit - this.peer.data.length) : 0; }
  /** Nothing more will come. */
  get atEnd(): boolean { return this.data.length === 0 && (this.ended || this.readShut); }

  /** Appends to the partner's queue as room allows; returns how many bytes. */
  write(from: IoSource, max: number, ancillary?: Ancillary): number {
    const { peer } = this;
    if (!peer) return 0;
    let done = 0;
    for (let n = Math.min(this.room, max); n > 0;) {
      const piece = from.take(n);
      if (piece.length === 0) break;
      if (ancillary && done === 0) peer.marks.push({ at: peer.position + peer.data.length, ancillary });
      peer.data.push(piece);
      n -= piece.length;
      done += piece.length;
    }
    if (done > 0) peer.waiters.wake(READABLE);
    return done;
  }

  /** Ancillary data in front of the next byte. */
  get ancillary(): Ancillary | undefined { return this.marks.length > 0 && this.marks[0].at === this.position ? this.marks[0].ancillary : undefined; }

  /** Bytes that one read may take: up to the next mark of another sender. */
  private readableUpTo(max: number): number {
    const next = this.marks.find((m) => m.at > this.position);
    return Math.min(max, this.data.length, next ? next.at - this.position : Infinity);
  }

  /** Moves received bytes out; with `peek` they stay. */
  read(into: IoSink, peek = false): number {
    const n = this.readableUpTo(into.remaining);
    let done = 0;
    while (done < n) {
      const stored = into.put(this.data.peek(n - done, peek ? done : 0));
      if (stored === 0) break;
      if (!peek) this.data.drop(stored);
      done += stored;
    }
    if (!peek) this.advance(done);
    return done;
  }

  /** Removes and returns up to `max` bytes: for the host. */
  take(max: number): Uint8Array {
    const out = this.data.shift(max);
    this.advance(out.length);
    return out;
  }

  private advance(count: number): void {
    if (count === 0) return;
    this.position += count;
    while (this.marks.length > 0 && this.marks[0].at < this.position) this.marks.shift()!.ancillary.release();
    this.peer?.waiters.wake(WRITABLE);
  }

  shutdownWrite(): void {
    if (this.writeShut) return;
    this.writeShut = true;
    if (this.peer) {
      this.peer.ended = true;
      this.peer.waiters.wake(READABLE | POLLRDHUP | (this.peer.writeShut ? POLLHUP : 0));
    }
    this.waiters.wake(this.ended ? POLLHUP | WRITABLE : WRITABLE);
  }

  shutdownRead(): void {
    this.readShut = true;
    this.waiters.wake(READABLE | POLLRDHUP);
  }

  /** Breaks the connection: the partner gets ECONNRESET (EPIPE once it had seen the end). */
  reset(): void {
    const { peer } = this;
    this.disconnect();
    if (!peer) return;
    peer.fail(peer.ended ? EPIPE : ECONNRESET);
  }

  /** The connection is gone with `error`. */
  fail(error: number): void {
    this.error = error;
    this.ended = this.writeShut = true;
    this.peer = undefined;
    this.waiters.wake(READABLE | WRITABLE | POLLERR | POLLHUP | POLLRDHUP);
  }

  /** Closes in order: the partner may still read what was sent. */
  close(): void {
    const { peer } = this;
    this.shutdownWrite();
    this.disconnect();
    if (peer) peer.waiters.wake(READABLE | WRITABLE | POLLRDHUP | POLLHUP);
  }

  private disconnect(): void {
    for (const m of this.marks) m.ancillary.release();
    this.marks = [];
    this.data.clear();
    this.ended = this.writeShut = true;
    if (this.peer) this.peer.peer = undefined;
    this.peer = undefined;
  }
}
