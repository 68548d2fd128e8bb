/** What connected stream sockets share, unix and TCP: moving bytes, shutdown, readiness, the queue of connections to accept. */
import { EINVAL, EISCONN, ENOTCONN, EOPNOTSUPP } from '../../abi/errno.ts';
import { FIONREAD, SIOCATMARK, SIOCOUTQ } from '../../abi/ioctl.ts';
import { POLLERR, POLLHUP, POLLRDHUP, READABLE, WRITABLE } from '../../abi/poll.ts';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, SHUT_RD, SHUT_RDWR, SHUT_WR, SOMAXCONN } from '../../abi/socket.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { alreadyMoved, skip } from '../transfer.ts';
import { WaitQueue } from '../wait-queue.ts';
import type { Ancillary } from './ancillary.ts';
import { Socket, type Incoming, type Outgoing, type SocketSpec } from './socket.ts';
import { StreamEnd } from './stream-end.ts';

/** A connection that waits to be accepted: the server's end, made by whoever connects. */
export interface Pending<Who> {
  readonly end: StreamEnd;
  readonly who: Who;
  /** The queue had room: the connection stands. */
  established(): void;
  /** The listener closed first. */
  refused(): void;
}

/** Connections to a listening socket: those that may be accepted, and those beyond the backlog that wait. */
export class Backlog<Who> {
  private ready: Pending<Who>[] = [];
  private waiting: Pending<Who>[] = [];
  limit = 0;

  constructor(private readonly waiters: WaitQueue) {}

  get length(): number { return this.ready.length; }
  get full(): boolean { return this.ready.length > this.limit; }

  /** Queues a connection; it is established now, or when there is room. */
  offer(pending: Pending<Who>): void {
    if (this.full) { this.waiting.push(pending); return; }
    this.ready.push(pending);
    pending.established();
    this.waiters.wake(READABLE);
  }

  withdraw(pending: Pending<Who>): void {
    this.waiting = this.waiting.filter((p) => p !== pending);
  }

  take(): Pending<Who> | undefined {
    const taken = this.ready.shift();
    if (!taken) return undefined;
    const next = this.full ? undefined : this.waiting.shift();
    if (next) this.offer(next);
    this.waiters.wake(WRITABLE);
    return taken;
  }

  close(): void {
    const all = [...this.ready, ...this.waiting];
    this.ready = [];
    this.waiting = [];
    for (const p of all) {
      p.end.reset();
      p.refused();
    }
    this.waiters.wake();
  }
}

export abstract class StreamSocket<Who> extends Socket {
  /** Set while connected. */
  end: StreamEnd | undefined;
  protected backlog: Backlog<Who> | undefined;
  private pendingError = 0;

  constructor(spec: SocketSpec, buffers: { send: number; receive: number }, end?: StreamEnd) {
    super(spec, buffers, end?.waiters ?? new WaitQueue());
    this.end = end;
  }

  override get listening(): boolean { return this.backlog !== undefined; }
  get connected(): boolean { return this.end !== undefined; }

  protected fail(error: number): void {
    this.pendingError = error;
    this.waiters.wake(POLLERR | READABLE | WRITABLE);
  }

  get hasError(): boolean { return this.pendingError !== 0 || (this.end?.error ?? 0) !== 0; }

  override takeError(): number {
    const error = this.pendingError || (this.end?.error ?? 0);
    this.pendingError = 0;
    if (this.end) this.end.error = 0;
    return error;
  }

  /** Makes this socket listen. Preconditions: bound. */
  protected startListening(backlog: number): void {
    this.backlog ??= new Backlog<Who>(this.waiters);
    this.backlog.limit = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
  }

  /** Takes the next connection, or an errno or Block. */
  protected takePending(task: Task): Pending<Who> | SysResult {
    if (!this.backlog) return -EINVAL;
    return this.backlog.take() ?? this.wait(task, 0, this.options.receiveTimeout);
  }

  /** What a send on a socket that is not connected (yet) gives. */
  protected abstract notConnectedSend(task: Task, flags: number): SysResult;
  /** Ancillary data of a message; undefined where the protocol has none. */
  protected ancillaryFor(_task: Task, _message: Outgoing): Ancillary | undefined { return undefined; }
  /** Called before bytes are handed out; `ancillary` is what was sent with the first of them. */
  protected deliverAncillary(_task: Task, _ancillary: Ancillary | undefined, _message: Incoming): void {}
  /** A write to a partner that has closed: bytes that vanish before EPIPE comes. */
  protected writeToClosed(task: Task, _count: number, flags: number): number { return this.pipeError(task, flags); }

  send(task: Task, from: IoSource, message: Outgoing): SysResult {
    const { end } = this;
    if (message.flags & MSG_OOB) return -EOPNOTSUPP;
    let done = alreadyMoved(task);
    if (this.hasError && done === 0) return -this.takeError();
    if (!end) return this.notConnectedSend(task, message.flags);
    if (message.to && this.rejectsDestination) return -EISCONN;
    skip(from, done);
    if (end.writeShut) return done > 0 ? done : this.pipeError(task, message.flags);
    const left = from.remaining;
    if (!end.peer || end.peer.readShut) return done > 0 ? done : this.writeToClosed(task, left, message.flags);
    if (left === 0) return done;
    if (end.room > 0) done += end.write(from, left, done === 0 ? this.ancillaryFor(task, message) : undefined);
    return from.remaining === 0 ? done : this.wait(task, message.flags, this.options.sendTimeout, done);
  }

  protected get rejectsDestination(): boolean { return false; }

  receive(task: Task, into: IoSink, message: Incoming): SysResult {
    const { end } = this, { flags, done } = message;
    if (flags & MSG_OOB) return -EINVAL;
    if (!end) return this.hasError ? -this.takeError() : this.notConnectedReceive(task, flags);
    if (into.remaining === 0) return done;
    const peek = (flags & MSG_PEEK) !== 0, { count, ancillary } = end.portion(into.remaining, this.splitsSenders);
    const withFiles = ancillary !== undefined && ancillary.files.length > 0;
    if (count > 0) this.deliverAncillary(task, ancillary, message);
    const n = done + (flags & MSG_TRUNC && this.truncDiscards && !peek ? end.take(count).length : end.read(into, count, peek));
    if (n - done > 0 && (into.remaining === 0 || !(flags & MSG_WAITALL) || peek || withFiles)) return n;
    if (end.atEnd) {
      if (n > 0 || !this.hasError || this.endedBeforeError) return n;
      return -this.takeError();
    }
    if (this.hasError) return n > 0 ? n : -this.takeError();
    return this.wait(task, flags, this.options.receiveTimeout, n);
  }

  /** One read gives bytes of one sender only. */
  protected get splitsSenders(): boolean { return false; }
  /** TCP: MSG_TRUNC throws the bytes away. */
  protected get truncDiscards(): boolean { return false; }
  protected get endedBeforeError(): boolean { return false; }
  protected notConnectedReceive(_task: Task, _flags: number): SysResult { return -ENOTCONN; }

  override shutdown(how: number): number {
    const { end } = this;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (!end) return -ENOTCONN;
    if (how !== SHUT_WR) end.shutdownRead();
    if (how !== SHUT_RD) end.shutdownWrite();
    return 0;
  }

  override poll(): number {
    const { end } = this;
    let events = this.hasError ? POLLERR : 0;
    if (this.backlog) return events | (this.backlog.length > 0 ? READABLE : 0);
    if (!end) return events | this.unconnectedEvents;
    const receiveShut = end.ended || end.readShut;
    if (end.available > 0 || receiveShut) events |= READABLE;
    if (receiveShut) events |= POLLRDHUP;
    if (receiveShut && end.writeShut) events |= POLLHUP;
    if (!end.peer || end.room * 3 >= end.peer.limit || (end.writeShut && this.writableWhenShut)) events |= WRITABLE;
    return !end.peer && !end.writeShut && this.hangsUpWithPeer ? events | POLLHUP : events;
  }

  protected abstract readonly unconnectedEvents: number;
  /** TCP: a socket that cannot be written any more counts as writable. */
  protected get writableWhenShut(): boolean { return false; }
  /** POLLHUP as soon as the partner has closed. */
  protected get hangsUpWithPeer(): boolean { return false; }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    switch (request) {
      case FIONREAD:
        if (this.backlog) return -EINVAL;
        task.mm.writeI32(argument, this.end?.available ?? 0);
        return 0;
      case SIOCOUTQ:
        if (this.backlog) return -EINVAL;
        task.mm.writeI32(argument, this.end?.unsent ?? 0);
        return 0;
      case SIOCATMARK: task.mm.writeI32(argument, 0); return 0;
      default: return super.ioctl(task, request, argument);
    }
  }

  /** Ends the connection; unread data, or SO_LINGER of 0, resets it. */
  protected closeEnd(): void {
    const { end } = this;
    if (!end) return;
    if (end.available > 0 || this.options.linger === 0) end.reset(); else end.close();
    this.end = undefined;
  }
}

