/** Received datagrams of a socket, with where they came from; bounded in bytes like SO_RCVBUF. */
import { MSG_PEEK, MSG_TRUNC, type SockAddr } from '../../abi/socket.ts';
import type { IoSink } from '../io.ts';
import type { Ancillary } from './ancillary.ts';
import type { Incoming } from './socket.ts';

/** What one message costs beside its bytes. */
const OVERHEAD = 256;

export interface Message<Extra = undefined> { bytes: Uint8Array; from: SockAddr | undefined; ancillary?: Ancillary; extra: Extra }

export class MessageQueue<Extra = undefined> {
  private messages: Message<Extra>[] = [];
  private used = 0;

  get empty(): boolean { return this.messages.length === 0; }
  get length(): number { return this.messages.length; }
  get first(): Message<Extra> | undefined { return this.messages[0]; }
  /** FIONREAD: size of the first message. */
  get firstSize(): number { return this.messages[0]?.bytes.length ?? 0; }

  /** Room for a message of `size` bytes; an empty queue takes any. */
  fits(size: number, limit: number): boolean { return this.messages.length === 0 || this.used + size + OVERHEAD <= limit; }

  push(message: Message<Extra>): void {
    this.messages.push(message);
    this.used += message.bytes.length + OVERHEAD;
  }

  /** Takes the first message (a look only, with MSG_PEEK) into `into`; what does not fit is lost. Returns what recvmsg returns. */
  receive(into: IoSink, message: Incoming): { taken: Message<Extra>; result: number } {
    const taken = this.messages[0];
    let stored = 0;
    while (stored < taken.bytes.length && into.remaining > 0) stored += into.put(taken.bytes.subarray(stored));
    if (stored < taken.bytes.length) message.outFlags |= MSG_TRUNC;
    message.from = taken.from;
    if (!(message.flags & MSG_PEEK)) this.drop();
    return { taken, result: message.flags & MSG_TRUNC ? taken.bytes.length : stored };
  }

  private drop(): void {
    const gone = this.messages.shift()!;
    this.used -= gone.bytes.length + OVERHEAD;
  }

  clear(): void {
    for (const m of this.messages) m.ancillary?.release();
    this.messages = [];
    this.used = 0;
  }
}

/** All that is left in a source, as one piece of its own. */
export function gather(from: { readonly remaining: number; take(max: number): Uint8Array }): Uint8Array {
  const out = new Uint8Array(from.remaining);
  for (let at = 0; at < out.length;) {
    const piece = from.take(out.length - at);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
