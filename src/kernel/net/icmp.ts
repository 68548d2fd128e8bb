/** ICMP echo (icmp(7)): ping sockets (SOCK_DGRAM) and raw sockets. Our own addresses answer at once, others through the uplink. */
import { EDESTADDRREQ, EINVAL, ENETUNREACH, Errno } from '../../abi/errno.ts';
import { READABLE, WRITABLE } from '../../abi/poll.ts';
import { AF_INET6, AF_UNSPEC, IPPROTO_IP, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, IP_RECVTTL, IP_TTL, SOCK_RAW, type SockAddr } from '../../abi/socket.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { endpointFrom, present, wildcard } from './inet.ts';
import { InetOptions } from './inet-options.ts';
import { isAny, type Ip } from './ip.ts';
import { MessageQueue, gather } from './message-queue.ts';
import { intBytes } from './options.ts';
import { Socket, type Incoming, type Outgoing, type SocketSpec } from './socket.ts';
import type { Endpoint } from './uplink.ts';

const ECHO_REQUEST = 8, ECHO_REPLY = 0, ECHO6_REQUEST = 128, ECHO6_REPLY = 129;
const TTL = 64;
/** Level of ICMP_FILTER and IPV6_CHECKSUM of raw sockets; every packet passes. */
const SOL_RAW = 255;

/** Internet checksum (RFC 1071). */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

let lastIdentifier = 0;

export class IcmpSocket extends Socket {
  private readonly inbox = new MessageQueue();
  private readonly inet: InetOptions;
  /** `port` is the echo identifier of a ping socket. */
  private local: Endpoint;
  private remote: Endpoint | undefined;

  constructor(spec: SocketSpec) {
    super(spec);
    this.inet = new InetOptions(spec.family, spec.protocol);
    this.local = { ip: wildcard(spec.family), port: 0 };
  }

  private get raw(): boolean { return this.type === SOCK_RAW; }
  private get six(): boolean { return this.family === AF_INET6; }

  override bind(_task: Task, address: SockAddr): number {
    const at = endpointFrom(this.family, address);
    if (typeof at === 'number') return at;
    this.local = at;
    return 0;
  }

  override connect(_task: Task, address: SockAddr): SysResult {
    if (address.family === AF_UNSPEC) { this.remote = undefined; return 0; }
    const to = endpointFrom(this.family, address);
    if (typeof to === 'number') return to;
    this.netns.sourceFor(to.ip);
    this.remote = to;
    return 0;
  }

  send(_task: Task, from: IoSource, message: Outgoing): SysResult {
    const given = message.to ? endpointFrom(this.family, message.to) : this.remote;
    if (typeof given === 'number') return given;
    if (!given) return -EDESTADDRREQ;
    const packet = gather(from), request = this.six ? ECHO6_REQUEST : ECHO_REQUEST;
    if (packet.length < 8) return -EINVAL;
    if (packet[0] !== request) return this.raw ? packet.length : -EINVAL;
    if (!this.raw) {
      if (this.local.port === 0) this.local = { ip: this.local.ip, port: (++lastIdentifier & 0xffff) || 1 };
      new DataView(packet.buffer).setUint16(4, this.local.port);
    }
    const target = isAny(given.ip) ? this.netns.sourceFor(given.ip) : given.ip;
    if (this.netns.isLocal(target)) { this.reply(target, packet); return packet.length; }
    this.netns.sourceFor(target);
    const { uplink } = this.netns;
    if (!uplink?.ping) throw new Errno(ENETUNREACH);
    uplink.ping(target).then((alive) => { if (alive) this.reply(target, packet); }, () => undefined);
    return packet.length;
  }

  private reply(from: Ip, request: Uint8Array): void {
    const answer = request.slice(), v = new DataView(answer.buffer);
    answer[0] = this.six ? ECHO6_REPLY : ECHO_REPLY;
    v.setUint16(2, 0);
    v.setUint16(2, checksum(answer));
    this.inbox.push({ bytes: this.raw && !this.six ? withHeader(from, this.netns.sourceFor(from), answer) : answer, from: present(this.family, { ip: from, port: 0 }), extra: undefined });
    this.waiters.wake(READABLE);
  }

  receive(task: Task, into: IoSink, message: Incoming): SysResult {
    if (this.inbox.empty) return this.wait(task, message.flags, this.options.receiveTimeout);
    const { result } = this.inbox.receive(into, message);
    if (!this.six && this.inet.value(IPPROTO_IP, IP_RECVTTL)) message.control.put(IPPROTO_IP, IP_TTL, intBytes(TTL));
    if (this.six && this.inet.value(IPPROTO_IPV6, IPV6_RECVHOPLIMIT)) message.control.put(IPPROTO_IPV6, IPV6_HOPLIMIT, intBytes(TTL));
    return result;
  }

  override poll(): number { return WRITABLE | (this.inbox.empty ? 0 : READABLE); }
  localAddress(): SockAddr { return present(this.family, this.local); }
  override remoteAddress(): SockAddr | undefined { return this.remote && present(this.family, this.remote); }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    if (level === SOL_RAW || level === this.protocol) return 0;
    return this.inet.set(level, name, value, false) ?? super.setOption(task, level, name, value);
  }
  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    return this.inet.get(level, name) ?? super.getOption(task, level, name);
  }
}

/** A raw IPv4 socket sees the IP header. */
function withHeader(from: Ip, to: Ip, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(20 + payload.length), v = new DataView(out.buffer);
  out[0] = 0x45;
  v.setUint16(2, out.length);
  out[8] = TTL;
  out[9] = 1;
  out.set(from, 12);
  out.set(to, 16);
  v.setUint16(10, checksum(out.subarray(0, 20)));
  out.set(payload, 20);
  return out;
}
