/** Unix stream sockets (unix(7)): connected by name or as a pair; open files and credentials travel with the bytes. */
import { EAGAIN, ECONNREFUSED, EINVAL, EISCONN, ENOTCONN } from '../../abi/errno.ts';
import { POLLHUP, POLLOUT, POLLWRNORM } from '../../abi/poll.ts';
import { MSG_PEEK, SCM_CREDENTIALS, SOL_SOCKET, SO_PASSCRED, SO_PEERCRED, type SockAddr, type UnixAddr } from '../../abi/socket.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';
import { type Ancillary, NO_CREDENTIALS, type PeerCredentials, credentialsOf, encodeUcred, unixAncillary } from './ancillary.ts';
import type { Incoming, Outgoing, Socket, SocketSpec } from './socket.ts';
import { StreamEnd } from './stream-end.ts';
import { StreamSocket, type Pending } from './stream-socket.ts';
import { type NameClaim, UNNAMED, boundAgain, claimName, findSocket } from './unix-names.ts';

function sameCredentials(a: PeerCredentials, b: PeerCredentials | undefined): boolean { return b !== undefined && a.pid === b.pid && a.uid === b.uid && a.gid === b.gid; }

const BUFFERS = { send: 212992, receive: 212992 };

/** The connecting side, as the acceptor sees it. */
interface Client { address: UnixAddr; credentials: PeerCredentials }

export class UnixStreamSocket extends StreamSocket<Client> {
  private claim: NameClaim | undefined;
  private address: UnixAddr = UNNAMED;
  private peerAddress: UnixAddr = UNNAMED;
  private peerCredentials = NO_CREDENTIALS;
  /** Who sent last: a change of sender is marked in the stream. */
  private lastSender: PeerCredentials | undefined;
  /** Who sent the bytes that are read next. */
  private currentSender: PeerCredentials | undefined;
  /** Credentials of whoever called listen(2). */
  private listenerCredentials = NO_CREDENTIALS;

  constructor(spec: SocketSpec, end?: StreamEnd) {
    super(spec, BUFFERS, end);
    this.netns.unixSockets.add(this);
  }

  /** socketpair(2). */
  static pair(task: Task, spec: SocketSpec): [UnixStreamSocket, UnixStreamSocket] {
    const a = new UnixStreamSocket(spec), b = new UnixStreamSocket(spec);
    a.end = new StreamEnd(a.waiters, BUFFERS.receive);
    b.end = new StreamEnd(b.waiters, BUFFERS.receive);
    StreamEnd.connect(a.end, b.end);
    a.peerCredentials = b.peerCredentials = credentialsOf(task);
    return [a, b];
  }

  override bind(task: Task, address: SockAddr): number {
    if (this.claim) return boundAgain(task, address);
    this.claim = claimName(task, this, address);
    this.address = this.claim.address;
    return 0;
  }

  override listen(task: Task, backlog: number): number {
    if (!this.claim || this.connected) return -EINVAL;
    this.listenerCredentials = credentialsOf(task);
    this.startListening(backlog);
    return 0;
  }

  override accept(task: Task, flags: number): Socket | SysResult {
    const taken = this.takePending(task);
    if (typeof taken === 'number' || taken instanceof Block) return taken;
    const accepted = new UnixStreamSocket({ ...this.spec, flags, task }, taken.end);
    accepted.address = this.address;
    accepted.peerAddress = taken.who.address;
    accepted.peerCredentials = taken.who.credentials;
    if (this.options.has(SO_PASSCRED)) this.options.copyTo(accepted.options);
    return accepted;
  }

  override connect(task: Task, address: SockAddr): SysResult {
    if (this.listening) return -EINVAL;
    if (this.connected) return -EISCONN;
    const listener = findSocket(task, this.netns, address, this.type);
    if (!(listener instanceof UnixStreamSocket) || !listener.backlog) return -ECONNREFUSED;
    if (listener.backlog.full) {
      if (this.nonblocking(0)) return -EAGAIN;
      return this.wait(task, 0, this.options.sendTimeout, 0, listener.waiters);
    }
    if (!this.claim && this.options.has(SO_PASSCRED)) this.bind(task, UNNAMED);
    const mine = new StreamEnd(this.waiters, BUFFERS.receive), theirs = new StreamEnd(new WaitQueue(), BUFFERS.receive);
    StreamEnd.connect(mine, theirs);
    const pending: Pending<Client> = { end: theirs, who: { address: this.address, credentials: credentialsOf(task) }, established() {}, refused() {} };
    this.end = mine;
    this.peerAddress = listener.address;
    this.peerCredentials = listener.listenerCredentials;
    listener.backlog.offer(pending);
    return 0;
  }

  protected override ancillaryFor(task: Task, message: Outgoing): Ancillary | undefined {
    const ancillary = unixAncillary(task, message.control ?? []);
    const sender = credentialsOf(task);
    return ancillary.files.length > 0 || ancillary.credentials || !sameCredentials(sender, this.lastSender) ? ancillary.from((this.lastSender = ancillary.credentials ?? sender)) : undefined;
  }

  protected override deliverAncillary(task: Task, ancillary: Ancillary | undefined, message: Incoming): void {
    this.currentSender = ancillary?.credentials ?? this.currentSender;
    if (this.options.has(SO_PASSCRED)) message.control.put(SOL_SOCKET, SCM_CREDENTIALS, encodeUcred(this.currentSender ?? this.peerCredentials));
    if (!ancillary) return;
    message.control.putFiles(task, ancillary.files, message.flags);
    if (!(message.flags & MSG_PEEK)) ancillary.release();
  }

  protected override get splitsSenders(): boolean { return this.options.has(SO_PASSCRED); }
  protected notConnectedSend(): number { return -ENOTCONN; }
  protected override notConnectedReceive(): number { return -EINVAL; }
  protected readonly unconnectedEvents = POLLHUP | POLLOUT | POLLWRNORM;
  protected override get rejectsDestination(): boolean { return true; }
  protected override get hangsUpWithPeer(): boolean { return true; }

  override shutdown(how: number): number { return this.connected ? super.shutdown(how) : 0; }

  localAddress(): SockAddr { return this.address; }
  override remoteAddress(): SockAddr | undefined { return this.connected ? this.peerAddress : undefined; }

  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    if (level === SOL_SOCKET && name === SO_PEERCRED) return encodeUcred(this.peerCredentials);
    return super.getOption(task, level, name);
  }

  protected override close(): void {
    this.netns.unixSockets.delete(this);
    this.claim?.release();
    this.backlog?.close();
    this.closeEnd();
  }
}

