/** TCP sockets at socket level (tcp(7), ip(7)): connections inside the sandbox are pairs of StreamEnds; those with the outside join an uplink's streams. */
import {
  EADDRINUSE, EADDRNOTAVAIL, EALREADY, ECONNREFUSED, ECONNRESET, EINPROGRESS, EINTR, EINVAL, EISCONN, ENETUNREACH, ENOTCONN, EPIPE, Errno,
} from '../../abi/errno.ts';
import { POLLHUP, POLLOUT, POLLRDHUP, POLLWRNORM, READABLE, WRITABLE } from '../../abi/poll.ts';
import {
  AF_UNSPEC, IPPROTO_TCP, TCP_CLOSE, TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_FIN_WAIT2, TCP_LISTEN, TCP_SYN_SENT, type SockAddr,
} from '../../abi/socket.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';
import { HostStreamEnd } from './host-stream-end.ts';
import { InetOptions } from './inet-options.ts';
import { endpointFrom, present, wildcard } from './inet.ts';
import { isAny, type Ip } from './ip.ts';
import type { Bound } from './ports.ts';
import type { Socket, SocketSpec } from './socket.ts';
import { StreamEnd } from './stream-end.ts';
import { StreamSocket, type Pending } from './stream-socket.ts';
import { tcpInfo } from './tcp-info.ts';
import { UplinkError, type Endpoint } from './uplink.ts';

/** Bytes in flight each way. */
const WINDOW = 256 * 1024;
const BUFFERS = { send: 16384, receive: 131072 };

/** Both addresses of a connection, from the acceptor's view. */
interface Peers { local: Endpoint; remote: Endpoint }

/** A connect(2) that has been started and waits. */
class Connecting {}

export class TcpSocket extends StreamSocket<Peers> implements Bound {
  local: Endpoint;
  remote: Endpoint | undefined;
  private bound = false;
  private connecting = false;
  /** A nonblocking connect that has not been reported by a second connect. */
  private unreported = false;
  private attempt: { listener: TcpSocket; pending: Pending<Peers> } | undefined;
  private readonly inet: InetOptions;

  constructor(spec: SocketSpec, accepted?: { end: StreamEnd; peers: Peers; listener: TcpSocket }) {
    super(spec, BUFFERS, accepted?.end);
    this.inet = new InetOptions(spec.family, IPPROTO_TCP);
    this.local = accepted?.peers.local ?? { ip: wildcard(spec.family), port: 0 };
    this.remote = accepted?.peers.remote;
    if (accepted) {
      accepted.listener.options.copyTo(this.options);
      accepted.listener.inet.copyTo(this.inet);
      this.bound = true;
      this.netns.tcp.hold(this);
    }
  }

  get v6only(): boolean { return this.inet.v6only; }

  /** tcp_info.tcpi_state, also shown in /proc/net/tcp. */
  get state(): number {
    if (this.listening) return TCP_LISTEN;
    if (this.connecting) return TCP_SYN_SENT;
    const { end } = this;
    if (!end || end.error !== 0 || (end.ended && end.writeShut)) return TCP_CLOSE;
    return end.ended ? TCP_CLOSE_WAIT : end.writeShut ? TCP_FIN_WAIT2 : TCP_ESTABLISHED;
  }

  // ---- binding and listening ----

  override bind(_task: Task, address: SockAddr): number {
    const at = endpointFrom(this.family, address, this.v6only);
    if (typeof at === 'number') return at;
    if (this.bound || this.connected || this.connecting) return -EINVAL;
    if (!this.netns.isLocal(at.ip)) return -EADDRNOTAVAIL;
    return this.bindTo(at.ip, at.port) ? 0 : -EADDRINUSE;
  }

  private bindTo(ip: Ip, port: number): boolean {
    return this.netns.tcp.bind(this, ip, port, (assigned) => {
      this.local = { ip, port: assigned };
      this.bound = true;
    });
  }

  private autobind(): boolean { return this.bound || this.bindTo(this.local.ip, 0); }

  override listen(_task: Task, backlog: number): number {
    if (this.connected || this.connecting) return -EINVAL;
    if (!this.autobind() || (!this.listening && this.netns.tcp.listenConflicts(this))) return -EADDRINUSE;
    this.startListening(backlog);
    return 0;
  }

  override accept(task: Task, flags: number): Socket | SysResult {
    const taken = this.takePending(task);
    if (typeof taken === 'number' || taken instanceof Block) return taken;
    return new TcpSocket({ ...this.spec, flags, task }, { end: taken.end, peers: taken.who, listener: this });
  }

  /** A connection from outside the sandbox; resolves when it is queued for accept. */
  offerOutside(outside: StreamEnd, local: Endpoint, remote: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = new StreamEnd(new WaitQueue(), WINDOW);
      this.backlog!.offer({
        end, who: { local, remote },
        established: () => { StreamEnd.connect(end, outside); resolve(); },
        refused: () => reject(new Errno(ECONNREFUSED)),
      });
    });
  }

  // ---- connecting ----

  override connect(task: Task, address: SockAddr): SysResult {
    if (address.family === AF_UNSPEC) return this.disconnect();
    if (this.listening) return -EISCONN;
    if (this.connecting) return task.waitState instanceof Connecting ? this.waitConnected(task) : -EALREADY;
    if (this.hasError && (this.unreported || task.waitState instanceof Connecting)) {
      this.unreported = false;
      return -this.takeError();
    }
    if (this.connected) {
      if (!this.unreported && !(task.waitState instanceof Connecting)) return -EISCONN;
      this.unreported = false;
      return 0;
    }
    const to = endpointFrom(this.family, address, this.v6only);
    if (typeof to === 'number') return to;
    const started = this.start(to);
    return started < 0 ? started : this.waitConnected(task);
  }

  private start(to: Endpoint): number {
    const ip = isAny(to.ip) ? this.netns.sourceFor(to.ip) : to.ip;
    const local = this.netns.isLocal(ip);
    let source: Ip;
    try {
      source = this.netns.sourceFor(ip);
    } catch (e) {
      if (e instanceof Errno) return -e.code;
      throw e;
    }
    if (!local && !this.netns.uplink && !this.netns.route(ip)) return -ENETUNREACH;
    if (!this.autobind()) return -EADDRNOTAVAIL;
    if (isAny(this.local.ip)) this.local = { ip: source, port: this.local.port };
    this.remote = { ip, port: to.port };
    this.connecting = this.unreported = true;
    if (local) this.connectInside(this.remote); else this.connectOutside(this.remote);
    return 0;
  }

  private connectInside(to: Endpoint): void {
    const listener = this.netns.tcp.listener(to);
    if (!listener) { this.refused(ECONNREFUSED); return; }
    const end = new StreamEnd(new WaitQueue(), WINDOW);
    const pending: Pending<Peers> = {
      end, who: { local: to, remote: this.local },
      established: () => this.established(end),
      refused: () => { if (this.connecting) this.refused(ECONNREFUSED); },
    };
    this.attempt = { listener, pending };
    listener.backlog!.offer(pending);
  }

  private connectOutside(to: Endpoint): void {
    this.netns.connectOutside(to, this.local).then((streams) => {
      if (!this.connecting) { void streams.readable.cancel(); return; }
      const host = new HostStreamEnd();
      this.established(host.end);
      host.pump(streams);
    }, (e: unknown) => {
      if (this.connecting) this.refused(e instanceof UplinkError ? e.errno : e instanceof Errno ? e.code : ECONNREFUSED);
    });
  }

  private established(peer: StreamEnd): void {
    this.connecting = false;
    this.attempt = undefined;
    this.end = new StreamEnd(this.waiters, WINDOW);
    StreamEnd.connect(this.end, peer);
    this.waiters.wake(WRITABLE);
  }

  private refused(error: number): void {
    this.connecting = false;
    this.attempt = undefined;
    this.remote = undefined;
    this.fail(error);
  }

  /** Waits for a connection that has been started. Like Linux, a nonblocking connect says EINPROGRESS even when it is through. */
  private waitConnected(task: Task): SysResult {
    if (this.nonblocking(0) && !(task.waitState instanceof Connecting)) return -EINPROGRESS;
    if (this.hasError) { this.unreported = false; return -this.takeError(); }
    if (!this.connecting) { this.unreported = false; return 0; }
    return new Block([this.waiters], undefined, 'sys', new Connecting(), () => -EINTR);
  }

  private disconnect(): number {
    this.attempt?.listener.backlog?.withdraw(this.attempt.pending);
    this.attempt = undefined;
    this.connecting = this.unreported = false;
    this.backlog?.close();
    this.backlog = undefined;
    this.closeEnd();
    this.remote = undefined;
    return 0;
  }

  // ---- data ----

  protected notConnectedSend(task: Task, flags: number): SysResult {
    return this.connecting ? this.wait(task, flags, this.options.sendTimeout) : this.pipeError(task, flags);
  }
  protected override notConnectedReceive(task: Task, flags: number): SysResult {
    return this.connecting ? this.wait(task, flags, this.options.receiveTimeout) : -ENOTCONN;
  }
  protected override get truncDiscards(): boolean { return true; }
  protected override get endedBeforeError(): boolean { return this.end?.error === EPIPE; }
  protected readonly unconnectedEvents = POLLHUP | POLLOUT | POLLWRNORM;

  /** The first write after the partner closed is answered by a reset, the next finds the pipe broken. */
  protected override writeToClosed(task: Task, count: number, flags: number): number {
    const { end } = this;
    if (!end || end.error !== 0) return this.pipeError(task, flags);
    end.fail(end.available > 0 || end.ended ? EPIPE : ECONNRESET);
    return count > 0 ? count : this.pipeError(task, flags);
  }

  protected override get writableWhenShut(): boolean { return true; }

  override poll(): number {
    if (this.connecting) return 0;
    return this.hasError && !this.end ? super.poll() | READABLE | POLLRDHUP : super.poll();
  }

  override shutdown(how: number): number {
    if (this.listening && how !== 1) {
      this.backlog?.close();
      this.backlog = undefined;
      this.waiters.wake(READABLE | WRITABLE | POLLHUP);
      return 0;
    }
    return super.shutdown(how);
  }

  // ---- addresses and options ----

  localAddress(): SockAddr { return present(this.family, this.local); }
  override remoteAddress(): SockAddr | undefined { return this.remote && this.connected ? present(this.family, this.remote) : undefined; }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return this.inet.set(level, name, value, this.bound) ?? super.setOption(task, level, name, value);
  }
  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    return this.inet.get(level, name) ?? tcpInfo(this, level, name) ?? super.getOption(task, level, name);
  }

  protected override close(): void {
    this.disconnect();
    if (this.bound) this.netns.tcp.remove(this);
  }
}

