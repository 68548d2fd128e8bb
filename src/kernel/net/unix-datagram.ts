/** Unix datagram and sequenced-packet sockets (unix(7)): whole messages, reliable: a sender waits while the receiver's queue is full. */
import { EAGAIN, ECONNREFUSED, ECONNRESET, EINVAL, EISCONN, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPERM, EPIPE } from '../../abi/errno.ts';
import { FIONREAD } from '../../abi/ioctl.ts';
import { POLLERR, POLLHUP, POLLRDHUP, READABLE, WRITABLE } from '../../abi/poll.ts';
import {
  AF_UNSPEC, MSG_OOB, MSG_PEEK, SCM_CREDENTIALS, SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_SEQPACKET, SOL_SOCKET, SOMAXCONN, SO_PASSCRED, SO_PEERCRED,
  type SockAddr, type UnixAddr,
} from '../../abi/socket.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { NO_CREDENTIALS, credentialsOf, encodeUcred, unixAncillary } from './ancillary.ts';
import { MessageQueue, gather } from './message-queue.ts';
import { Socket, type Incoming, type Outgoing, type SocketSpec } from './socket.ts';
import { type NameClaim, UNNAMED, boundAgain, claimName, findSocket } from './unix-names.ts';

/** Messages that may wait at a receiver (/proc/sys/net/unix/max_dgram_qlen). */
const QUEUE_LENGTH = 10;

export class UnixMessageSocket extends Socket {
  private readonly inbox = new MessageQueue();
  private claim: NameClaim | undefined;
  private address: UnixAddr = UNNAMED;
  private peer: UnixMessageSocket | undefined;
  private peerCredentials = NO_CREDENTIALS;
  private readShut = false;
  private writeShut = false;
  private closed = false;
  /** SOCK_SEQPACKET: the partner has closed. */
  private hadPeer = false;
  private error = 0;
  /** A listening SOCK_SEQPACKET socket: connections to accept. */
  private pending: UnixMessageSocket[] | undefined;
  private backlog = 0;

  constructor(spec: SocketSpec) {
    super(spec);
    this.netns.unixSockets.add(this);
  }

  static pair(task: Task, spec: SocketSpec): [UnixMessageSocket, UnixMessageSocket] {
    const a = new UnixMessageSocket(spec), b = new UnixMessageSocket(spec);
    a.peer = b;
    b.peer = a;
    a.peerCredentials = b.peerCredentials = credentialsOf(task);
    return [a, b];
  }

  private get sequenced(): boolean { return this.type === SOCK_SEQPACKET; }
  override get listening(): boolean { return this.pending !== undefined; }

  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  override bind(task: Task, address: SockAddr): number {
    if (this.claim) return boundAgain(task, address);
    this.claim = claimName(task, this, address);
    this.address = this.claim.address;
    return 0;
  }

  override listen(task: Task, backlog: number): number {
    if (!this.sequenced) return -EOPNOTSUPP;
    if (!this.claim || this.peer) return -EINVAL;
    this.peerCredentials = credentialsOf(task);
    this.pending ??= [];
    this.backlog = backlog < 0 ? SOMAXCONN : Math.min(backlog, SOMAXCONN);
    return 0;
  }

  override accept(task: Task, flags: number): Socket | SysResult {
    if (!this.sequenced) return -EOPNOTSUPP;
    if (!this.pending) return -EINVAL;
    const taken = this.pending.shift();
    if (!taken) return this.wait(task, 0, this.options.receiveTimeout);
    taken.flags |= flags;
    this.waiters.wake(WRITABLE);
    return taken;
  }

  override connect(task: Task, address: SockAddr): SysResult {
    if (address.family === AF_UNSPEC) { this.peer = undefined; return 0; }
    if (this.sequenced && this.peer) return -EISCONN;
    const target = findSocket(task, this.netns, address, this.type) as UnixMessageSocket;
    if (!this.sequenced) {
      if (target.peer && target.peer !== this) return -EPERM;
      this.peer = target;
      this.waiters.wake(WRITABLE);
      return 0;
    }
    if (!target.pending) return -ECONNREFUSED;
    if (target.pending.length > target.backlog) return this.nonblocking(0) ? -EAGAIN : this.wait(task, 0, this.options.sendTimeout, 0, target.waiters);
    const accepted = new UnixMessageSocket({ ...this.spec, task });
    accepted.address = target.address;
    accepted.peer = this;
    accepted.peerCredentials = credentialsOf(task);
    this.peer = accepted;
    this.peerCredentials = target.peerCredentials;
    target.pending.push(accepted);
    target.waiters.wake(READABLE);
    return 0;
  }

  send(task: Task, from: IoSource, message: Outgoing): SysResult {
    if (message.flags & MSG_OOB) return -EOPNOTSUPP;
    if (this.error) return -this.takeError();
    if (this.writeShut) return this.pipeError(task, message.flags);
    let target = this.peer;
    if (message.to && message.to.family !== AF_UNSPEC) {
      if (this.sequenced) return this.peer ? -EISCONN : -EOPNOTSUPP;
      target = findSocket(task, this.netns, message.to, this.type) as UnixMessageSocket;
      if (target.peer && target.peer !== this) return -EPERM;
    }
    if (!target) return this.hadPeer ? this.pipeError(task, message.flags) : -ENOTCONN;
    if (target.closed) { this.peer = undefined; return this.sequenced ? this.pipeError(task, message.flags) : -ECONNREFUSED; }
    if (target.readShut) return this.sequenced ? this.pipeError(task, message.flags) : -EPIPE;
    if (from.remaining > this.options.sendBuffer - 32) return -EMSGSIZE;
    if (target.full) return this.wait(task, message.flags, this.options.sendTimeout, 0, target.waiters);
    const ancillary = unixAncillary(task, message.control ?? []);
    const bytes = gather(from), sender = ancillary.credentials ?? credentialsOf(task);
    target.inbox.push({ bytes, from: this.address.path.length > 0 ? this.address : undefined, ancillary: ancillary.from(sender), extra: undefined });
    target.waiters.wake(READABLE);
    return bytes.length;
  }

  private get full(): boolean { return this.inbox.length > QUEUE_LENGTH; }

  receive(task: Task, into: IoSink, message: Incoming): SysResult {
    if (message.flags & MSG_OOB) return -EOPNOTSUPP;
    if (this.sequenced && this.inbox.empty && !this.peer && !this.hadPeer) return -ENOTCONN;
    if (this.inbox.empty) {
      if (this.error) return -this.takeError();
      if (this.readShut || (this.sequenced && !this.peer)) return 0;
      return this.wait(task, message.flags, this.options.receiveTimeout);
    }
    const { taken, result } = this.inbox.receive(into, message);
    const { ancillary } = taken;
    if (ancillary) {
      if (this.options.has(SO_PASSCRED)) message.control.put(SOL_SOCKET, SCM_CREDENTIALS, encodeUcred(ancillary.credentials ?? NO_CREDENTIALS));
      message.control.putFiles(task, ancillary.files, message.flags);
      if (!(message.flags & MSG_PEEK)) ancillary.release();
    }
    if (!(message.flags & MSG_PEEK)) this.waiters.wake(WRITABLE);
    return result;
  }

  override shutdown(how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    const peer = this.sequenced ? this.peer : undefined;
    if (how !== SHUT_WR) { this.readShut = true; if (peer) peer.writeShut = true; }
    if (how !== SHUT_RD) { this.writeShut = true; if (peer) peer.readShut = true; }
    this.waiters.wake();
    peer?.waiters.wake();
    return 0;
  }

  override poll(): number {
    let events = this.error ? POLLERR : 0;
    if (this.pending) return events | (this.pending.length > 0 ? READABLE : 0);
    if (!this.inbox.empty || this.readShut) events |= READABLE;
    if (this.readShut) events |= POLLRDHUP;
    if ((this.readShut && this.writeShut) || (this.sequenced && !this.peer)) events |= POLLHUP | (this.hadPeer ? READABLE : 0);
    return this.peer?.full ? events : events | WRITABLE;
  }

  localAddress(): SockAddr { return this.address; }
  override remoteAddress(): SockAddr | undefined { return this.peer?.address; }

  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    if (level === SOL_SOCKET && name === SO_PEERCRED) return encodeUcred(this.peerCredentials);
    return super.getOption(task, level, name);
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    task.mm.writeI32(argument, this.inbox.firstSize);
    return 0;
  }

  protected override close(): void {
    this.closed = true;
    this.netns.unixSockets.delete(this);
    this.claim?.release();
    for (const p of this.pending ?? []) p.close();
    const { peer } = this;
    if (peer && peer.peer === this && this.sequenced) {
      if (!this.inbox.empty) peer.error = ECONNRESET;
      peer.peer = undefined;
      peer.hadPeer = peer.readShut = peer.writeShut = true;
      peer.waiters.wake();
    }
    this.peer = undefined;
    this.inbox.clear();
    this.waiters.wake();
  }
}

