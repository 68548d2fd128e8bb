/** NETLINK_ROUTE sockets (rtnetlink(7)): dumps of links, addresses and routes, as getifaddrs(3) and ip(8) read them. Changes are refused: a container has no CAP_NET_ADMIN. */
import { EINVAL, ENODEV, EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import { FIONREAD } from '../../abi/ioctl.ts';
import { READABLE, WRITABLE } from '../../abi/poll.ts';
import { AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC, SOL_NETLINK, type NetlinkAddr, type SockAddr } from '../../abi/socket.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { ARPHRD_ETHER, ARPHRD_LOOPBACK, interfaceFlags } from './interface-ioctl.ts';
import { networkOf } from './ip.ts';
import { MessageQueue, gather } from './message-queue.ts';
import type { Interface, NetNamespace, Route } from './netns.ts';
import { intBytes } from './options.ts';
import { Socket, type Incoming, type Outgoing, type SocketSpec } from './socket.ts';

export const NETLINK_ROUTE = 0, NETLINK_KOBJECT_UEVENT = 15;

const NLMSG_ERROR = 2, NLMSG_DONE = 3;
const NLM_F_MULTI = 2, NLM_F_ACK = 4, NLM_F_ROOT = 0x100, NLM_F_MATCH = 0x200;
const RTM_NEWLINK = 16, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22, RTM_NEWROUTE = 24, RTM_GETROUTE = 26, RTM_MAX = 127;
const IFLA_ADDRESS = 1, IFLA_BROADCAST = 2, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_QDISC = 6, IFLA_TXQLEN = 13, IFLA_OPERSTATE = 16, IFLA_LINKMODE = 17;
const IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_BROADCAST = 4, IFA_CACHEINFO = 6, IFA_FLAGS = 8;
const RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PREFSRC = 7, RTA_TABLE = 15;
const IFA_F_PERMANENT = 0x80;
const RT_TABLE_MAIN = 254, RTPROT_KERNEL = 2, RTPROT_BOOT = 3, RT_SCOPE_UNIVERSE = 0, RT_SCOPE_LINK = 253, RT_SCOPE_HOST = 254, RTN_UNICAST = 1;
const HEADER = 16;
/** Messages of a dump are packed into datagrams of this size at most. */
const BATCH = 8192;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

function attribute(type: number, data: Uint8Array): Uint8Array {
  const out = new Uint8Array((4 + data.length + 3) & ~3), v = new DataView(out.buffer);
  v.setUint16(0, 4 + data.length, true);
  v.setUint16(2, type, true);
  out.set(data, 4);
  return out;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) { out.set(p, at); at += p.length; }
  return out;
}

function linkMessage(i: Interface): Uint8Array {
  const head = new Uint8Array(16), v = new DataView(head.buffer);
  v.setUint16(2, i.loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER, true);
  v.setInt32(4, i.index, true);
  v.setUint32(8, interfaceFlags(i), true);
  return concat([
    head, attribute(IFLA_IFNAME, utf8(i.name)), attribute(IFLA_TXQLEN, intBytes(i.loopback ? 1000 : 0)), attribute(IFLA_OPERSTATE, Uint8Array.of(i.loopback ? 0 : 6)),
    attribute(IFLA_LINKMODE, Uint8Array.of(0)), attribute(IFLA_MTU, intBytes(i.mtu)), attribute(IFLA_QDISC, utf8('noqueue')), attribute(IFLA_ADDRESS, i.mac),
    attribute(IFLA_BROADCAST, i.loopback ? new Uint8Array(6) : new Uint8Array(6).fill(0xff)),
  ]);
}

function addressMessages(i: Interface, family: number): Uint8Array[] {
  return i.addresses.filter((a) => (a.ip.length === 4 ? AF_INET : AF_INET6) === family).map((a) => {
    const scope = i.loopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    const head = Uint8Array.of(a.ip.length === 4 ? AF_INET : AF_INET6, a.prefix, IFA_F_PERMANENT, scope, 0, 0, 0, 0);
    new DataView(head.buffer).setInt32(4, i.index, true);
    const forever = new Uint8Array(16).fill(0xff, 0, 8), parts = [head, attribute(IFA_ADDRESS, a.ip)];
    if (a.ip.length === 4) {
      parts.push(attribute(IFA_LOCAL, a.ip));
      if (a.broadcast) parts.push(attribute(IFA_BROADCAST, a.broadcast));
      parts.push(attribute(IFA_LABEL, utf8(i.name)));
    }
    parts.push(attribute(IFA_FLAGS, intBytes(IFA_F_PERMANENT)), attribute(IFA_CACHEINFO, forever));
    return concat(parts);
  });
}

function routeMessage(r: Route): Uint8Array {
  const family = r.network.length === 4 ? AF_INET : AF_INET6;
  const head = Uint8Array.of(family, r.prefix, 0, 0, RT_TABLE_MAIN, r.gateway ? RTPROT_BOOT : RTPROT_KERNEL, r.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK, RTN_UNICAST, 0, 0, 0, 0);
  const parts = [head, attribute(RTA_TABLE, intBytes(RT_TABLE_MAIN))];
  if (r.prefix > 0) parts.push(attribute(RTA_DST, networkOf(r.network, r.prefix)));
  if (r.gateway) parts.push(attribute(RTA_GATEWAY, r.gateway)); else parts.push(attribute(RTA_PREFSRC, r.network));
  parts.push(attribute(RTA_OIF, intBytes(r.interface.index)));
  return concat(parts);
}

/** Payloads that answer a request, with their message type; an errno when it cannot be. */
function dump(netns: NetNamespace, type: number, body: Uint8Array, all: boolean): { type: number; messages: Uint8Array[] } | number {
  const family = body[0] ?? AF_UNSPEC;
  switch (type) {
    case RTM_GETLINK: {
      if (all) return { type: RTM_NEWLINK, messages: netns.interfaces.map(linkMessage) };
      const found = netns.interfaces.find((i) => i.index === wantedIndex(body) || i.name === wantedName(body));
      return found ? { type: RTM_NEWLINK, messages: [linkMessage(found)] } : -ENODEV;
    }
    case RTM_GETADDR: {
      const families = family === AF_UNSPEC ? [AF_INET, AF_INET6] : [family];
      return { type: RTM_NEWADDR, messages: families.flatMap((f) => netns.interfaces.flatMap((i) => addressMessages(i, f))) };
    }
    case RTM_GETROUTE: {
      const routes = netns.routes.filter((r) => family === AF_UNSPEC || (family === AF_INET) === (r.network.length === 4));
      return { type: RTM_NEWROUTE, messages: [...routes].sort((a, b) => a.prefix - b.prefix).map(routeMessage) };
    }
    default: return type > RTM_MAX || type < RTM_NEWLINK ? -EOPNOTSUPP : type % 4 === 2 ? { type: type - 2, messages: [] } : -EPERM;
  }
}

function wantedIndex(body: Uint8Array): number { return body.length >= 8 ? new DataView(body.buffer, body.byteOffset).getInt32(4, true) || -1 : -1; }

function wantedName(body: Uint8Array): string | undefined {
  const v = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = HEADER; at + 4 <= body.length;) {
    const length = v.getUint16(at, true);
    if (length < 4) break;
    if (v.getUint16(at + 2, true) === IFLA_IFNAME) return new TextDecoder().decode(body.subarray(at + 4, at + length)).replace(/\0.*$/s, '');
    at += (length + 3) & ~3;
  }
  return undefined;
}

export class NetlinkSocket extends Socket {
  private readonly inbox = new MessageQueue();
  private address: NetlinkAddr = { family: AF_NETLINK, pid: 0, groups: 0 };

  constructor(spec: SocketSpec) { super(spec); }

  private autobind(task: Task): void {
    if (this.address.pid === 0) this.address = { ...this.address, pid: (task.process.pid + this.inode.ino * 0x10000) >>> 0 };
  }

  override bind(task: Task, address: SockAddr): number {
    if (address.family !== AF_NETLINK) return -EINVAL;
    if (address.pid !== 0) this.address = address; else this.address = { ...this.address, groups: address.groups };
    this.autobind(task);
    return 0;
  }

  override connect(task: Task, address: SockAddr): SysResult {
    if (address.family !== AF_NETLINK) return address.family === AF_UNSPEC ? 0 : -EINVAL;
    this.autobind(task);
    return 0;
  }

  send(task: Task, from: IoSource, message: Outgoing): SysResult {
    if (message.to && message.to.family !== AF_NETLINK) return -EINVAL;
    this.autobind(task);
    const bytes = gather(from), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.protocol !== NETLINK_ROUTE) return -EPERM;
    for (let at = 0; at + HEADER <= bytes.length;) {
      const length = view.getUint32(at, true);
      if (length < HEADER || at + length > bytes.length) break;
      this.answer(bytes.subarray(at, at + length));
      at += (length + 3) & ~3;
    }
    return bytes.length;
  }

  private answer(request: Uint8Array): void {
    const v = new DataView(request.buffer, request.byteOffset, request.byteLength);
    const type = v.getUint16(4, true), flags = v.getUint16(6, true), sequence = v.getUint32(8, true);
    const all = (flags & (NLM_F_ROOT | NLM_F_MATCH)) !== 0;
    const found = dump(this.netns, type, request.slice(HEADER), all);
    if (typeof found === 'number') { this.reply([this.frame(NLMSG_ERROR, 0, sequence, concat([intBytes(found), request]))]); return; }
    const multi = all ? NLM_F_MULTI : 0;
    const frames = found.messages.map((m) => this.frame(found.type, multi, sequence, m));
    if (all) frames.push(this.frame(NLMSG_DONE, NLM_F_MULTI, sequence, intBytes(0)));
    else if (flags & NLM_F_ACK) frames.push(this.frame(NLMSG_ERROR, 0, sequence, concat([intBytes(0), request.subarray(0, HEADER)])));
    this.reply(frames);
  }

  private frame(type: number, flags: number, sequence: number, payload: Uint8Array): Uint8Array {
    const out = new Uint8Array((HEADER + payload.length + 3) & ~3), v = new DataView(out.buffer);
    v.setUint32(0, HEADER + payload.length, true);
    v.setUint16(4, type, true);
    v.setUint16(6, flags, true);
    v.setUint32(8, sequence, true);
    v.setUint32(12, this.address.pid, true);
    out.set(payload, HEADER);
    return out;
  }

  private reply(frames: Uint8Array[]): void {
    const from: SockAddr = { family: AF_NETLINK, pid: 0, groups: 0 };
    let batch: Uint8Array[] = [], size = 0;
    const flush = (): void => {
      if (batch.length > 0) this.inbox.push({ bytes: concat(batch), from, extra: undefined });
      batch = [];
      size = 0;
    };
    for (const f of frames) {
      if (size + f.length > BATCH || new DataView(f.buffer).getUint16(4, true) === NLMSG_DONE) flush();
      batch.push(f);
      size += f.length;
    }
    flush();
    this.waiters.wake(READABLE);
  }

  receive(task: Task, into: IoSink, message: Incoming): SysResult {
    if (this.inbox.empty) return this.wait(task, message.flags, this.options.receiveTimeout);
    return this.inbox.receive(into, message).result;
  }

  override poll(): number { return WRITABLE | (this.inbox.empty ? 0 : READABLE); }
  localAddress(): SockAddr { return this.address; }
  override remoteAddress(): SockAddr | undefined { return { family: AF_NETLINK, pid: 0, groups: 0 }; }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return level === SOL_NETLINK ? 0 : super.setOption(task, level, name, value);
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    task.mm.writeI32(argument, this.inbox.firstSize);
    return 0;
  }
}
