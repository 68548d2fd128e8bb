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

/** A message with ancillary data in the stream (unix sockets), from position `at` to `end`. */
interface Mark { at: number; end: number; ancillary: Ancillary }

/** What one read gets: how many bytes, and the ancillary data that comes with them. */
export interface Portion { count: number; ancillary: Ancillary | undefined }

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
    const at = peer.position + peer.data.length;
    let done = 0;
    for (let n = Math.min(this.room, max); n > 0;) {
      const piece = from.take(n);
      if (piece.length === 0) break;
      peer.data.push(piece);
      n -= piece.length;
      done += piece.length;
    }
    if (ancillary) peer.marks.push({ at, end: at + done, ancillary });
    if (done > 0) peer.waiters.wake(READABLE);
    return done;
  }

  /**
   * What a read of `max` bytes may take: it ends with a message that carries files and, when `splitSenders`, before one of
   * another sender (unix(7)).
   */
  portion(max: number, splitSenders = false): Portion {
    let count = Math.min(max, this.data.length), ancillary: Ancillary | undefined;
    for (const m of this.marks) {
      if (m.at < this.position) continue;
      if (m.at >= this.position + count) break;
      if (splitSenders && m.at > this.position) { count = m.at - this.position; break; }
      ancillary = m.ancillary;
      if (m.ancillary.files.length > 0) { count = Math.min(count, m.end - this.position); break; }
    }
    return { count, ancillary };
  }

  /** Moves `count` received bytes out; with `peek` they stay. */
  read(into: IoSink, count: number, peek = false): number {
    let done = 0;
    while (done < count) {
      const stored = into.put(this.data.peek(count - done, peek ? done : 0));
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
