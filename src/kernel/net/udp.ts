/** UDP sockets (udp(7)): datagrams between sockets of the sandbox, to services of the engine (DNS), and out through the uplink. */
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED, EDESTADDRREQ, EINVAL, EMSGSIZE, ENETUNREACH, ENOTCONN, EOPNOTSUPP, Errno } from '../../abi/errno.ts';
import { FIONREAD, SIOCOUTQ } from '../../abi/ioctl.ts';
import { POLLERR, POLLHUP, POLLRDHUP, READABLE, WRITABLE } from '../../abi/poll.ts';
import {
  AF_INET6, AF_UNSPEC, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP, IPV6_PKTINFO, IPV6_RECVPKTINFO, IP_PKTINFO, IP_RECVTTL, IP_TTL, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, SHUT_RD,
  SHUT_WR, SO_BROADCAST, type SockAddr,
} from '../../abi/socket.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { endpointFrom, present, wildcard } from './inet.ts';
import { InetOptions } from './inet-options.ts';
import { formatIp, isAny, isMulticast, toMapped, type Ip } from './ip.ts';
import { MessageQueue, gather } from './message-queue.ts';
import { intBytes } from './options.ts';
import type { Bound } from './ports.ts';
import { Socket, type Incoming, type Outgoing, type SocketSpec } from './socket.ts';
import type { Endpoint } from './uplink.ts';

const MAX_DATAGRAM = 65507;

export class UdpSocket extends Socket implements Bound {
  local: Endpoint;
  remote: Endpoint | undefined;
  override get listening(): boolean { return false; }
  private bound = false;
  private readonly inbox = new MessageQueue<Endpoint>();
  private readonly inet: InetOptions;
  private error = 0;
  private readShut = false;
  private writeShut = false;

  constructor(spec: SocketSpec) {
    super(spec);
    this.inet = new InetOptions(spec.family, IPPROTO_UDP);
    this.local = { ip: wildcard(spec.family), port: 0 };
  }

  get v6only(): boolean { return this.inet.v6only; }

  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  override bind(_task: Task, address: SockAddr): number {
    const at = address.family === AF_UNSPEC && this.family !== AF_INET6 ? { ip: wildcard(this.family), port: 0 } : endpointFrom(this.family, address, this.v6only);
    if (typeof at === 'number') return at;
    if (this.bound) return -EINVAL;
    if (!this.netns.isBindable(at.ip)) return -EADDRNOTAVAIL;
    return this.bindTo(at.ip, at.port) ? 0 : -EADDRINUSE;
  }

  private bindTo(ip: Ip, port: number): boolean {
    return this.netns.udp.bind(this, ip, port, (assigned) => {
      this.local = { ip, port: assigned };
      this.bound = true;
    });
  }

  override connect(_task: Task, address: SockAddr): SysResult {
    if (address.family === AF_UNSPEC) {
      this.remote = undefined;
      return 0;
    }
    const to = endpointFrom(this.family, address, this.v6only);
    if (typeof to === 'number') return to;
    const source = this.netns.sourceFor(to.ip);
    if (this.netns.isBroadcast(to.ip) && !this.options.has(SO_BROADCAST)) return -EACCES;
    if (!this.bound && !this.bindTo(this.local.ip, 0)) return -EADDRNOTAVAIL;
    if (isAny(this.local.ip)) this.local = { ip: source, port: this.local.port };
    this.remote = { ip: isAny(to.ip) ? source : to.ip, port: to.port };
    return 0;
  }

  send(task: Task, from: IoSource, message: Outgoing): SysResult {
    if (message.flags & MSG_OOB) return -EOPNOTSUPP;
    if (this.error) return -this.takeError();
    if (this.writeShut) return this.pipeError(task, message.flags);
    let to = this.remote;
    if (message.to && !(message.to.family === AF_UNSPEC && this.remote)) {
      const given = endpointFrom(this.family, message.to, this.v6only);
      if (typeof given === 'number') return given;
      to = given;
    }
    if (!to) return -EDESTADDRREQ;
    if (to.port === 0) return -EINVAL;
    if (from.remaining > MAX_DATAGRAM) return -EMSGSIZE;
    if (this.netns.isBroadcast(to.ip) && !this.options.has(SO_BROADCAST)) return -EACCES;
    if (!this.bound && !this.bindTo(this.local.ip, 0)) return -EADDRNOTAVAIL;
    const group = isMulticast(to.ip);
    const source = group ? this.netns.interfaces.at(-1)!.addresses[0].ip : isAny(this.local.ip) ? this.netns.sourceFor(to.ip) : this.local.ip;
    const bytes = gather(from);
    return this.route({ ip: isAny(to.ip) ? source : to.ip, port: to.port }, { ip: source, port: this.local.port }, bytes, group);
  }

  private route(to: Endpoint, from: Endpoint, bytes: Uint8Array, group: boolean): number {
    const { netns } = this;
    if (group || netns.isBroadcast(to.ip)) {
      for (const s of netns.udp.all(to.port)) if (!group || s.inet.groups.has(formatIp(to.ip))) s.deliver(bytes, from, to);
      return bytes.length;
    }
    const service = netns.service(to);
    if (service) {
      service(bytes, from).then((answer) => { if (answer) this.deliver(answer, to, from); }, (e: unknown) => netns.kernel.log('net', `datagram service: ${String(e)}`));
      return bytes.length;
    }
    if (netns.isLocal(to.ip)) {
      const target = netns.udp.receiver(to, from);
      if (target) target.deliver(bytes, from, to); else if (this.remote) this.fail(ECONNREFUSED);
      return bytes.length;
    }
    if (!netns.uplink?.sendDatagram) throw new Errno(ENETUNREACH);
    netns.uplink.sendDatagram(to, from, bytes);
    return bytes.length;
  }

  private fail(error: number): void {
    this.error = error;
    this.waiters.wake(POLLERR | READABLE);
  }

  /** A datagram has come; dropped when the queue is full, as datagrams are. */
  deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    if (this.remote && (this.remote.port !== from.port || formatIp(this.remote.ip) !== formatIp(from.ip))) return;
    if (!this.inbox.fits(bytes.length, this.options.receiveBuffer)) return;
    this.inbox.push({ bytes, from: present(this.family, from), extra: to });
    this.waiters.wake(READABLE);
  }

  receive(task: Task, into: IoSink, message: Incoming): SysResult {
    if (message.flags & MSG_OOB) return -EINVAL;
    if (message.flags & MSG_ERRQUEUE || this.inbox.empty) {
      if (this.error) return -this.takeError();
      if (this.readShut && this.inbox.empty) return 0;
      return this.wait(task, message.flags | (message.flags & MSG_ERRQUEUE ? MSG_DONTWAIT : 0), this.options.receiveTimeout);
    }
    const { taken, result } = this.inbox.receive(into, message);
    this.putPacketInfo(taken.extra, message);
    return result;
  }

  private putPacketInfo(to: Endpoint, { control }: Incoming): void {
    const index = this.netns.interfaces.find((i) => i.addresses.some((a) => formatIp(a.ip) === formatIp(to.ip)))?.index ?? 1;
    if (this.inet.value(IPPROTO_IP, IP_PKTINFO) && to.ip.length === 4) {
      const info = new Uint8Array(12);
      new DataView(info.buffer).setInt32(0, index, true);
      info.set(to.ip, 4);
      info.set(to.ip, 8);
      control.put(IPPROTO_IP, IP_PKTINFO, info);
    }
    if (this.inet.value(IPPROTO_IP, IP_RECVTTL)) control.put(IPPROTO_IP, IP_TTL, intBytes(64));
    if (this.family === AF_INET6 && this.inet.value(IPPROTO_IPV6, IPV6_RECVPKTINFO)) {
      const info = new Uint8Array(20);
      info.set(toMapped(to.ip));
      new DataView(info.buffer).setInt32(16, index, true);
      control.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }

  override shutdown(how: number): number {
    if (!this.remote) return -ENOTCONN;
    if (how !== SHUT_WR) this.readShut = true;
    if (how !== SHUT_RD) this.writeShut = true;
    this.waiters.wake();
    return 0;
  }

  override poll(): number {
    let events = WRITABLE;
    if (!this.inbox.empty || this.readShut) events |= READABLE;
    if (this.readShut) events |= POLLRDHUP | (this.writeShut ? POLLHUP : 0);
    return this.error ? events | POLLERR : events;
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (request !== FIONREAD && request !== SIOCOUTQ) return super.ioctl(task, request, argument);
    task.mm.writeI32(argument, request === FIONREAD ? this.inbox.firstSize : 0);
    return 0;
  }

  localAddress(): SockAddr { return present(this.family, this.local); }
  override remoteAddress(): SockAddr | undefined { return this.remote && present(this.family, this.remote); }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return this.inet.set(level, name, value, this.bound) ?? super.setOption(task, level, name, value);
  }
  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    return this.inet.get(level, name) ?? super.getOption(task, level, name);
  }

  protected override close(): void { if (this.bound) this.netns.udp.remove(this); }
}
