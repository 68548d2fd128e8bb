/** socket(2) and socketpair(2): which protocol answers to a family, type and protocol number. */
import { EAFNOSUPPORT, EINVAL, EOPNOTSUPP, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../../abi/errno.ts';
import { CAP_NET_RAW } from '../../abi/capability.ts';
import {
  AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM,
} from '../../abi/socket.ts';
import type { Task } from '../task/task.ts';
import { IcmpSocket } from './icmp.ts';
import { NETLINK_KOBJECT_UEVENT, NETLINK_ROUTE, NetlinkSocket } from './netlink.ts';
import type { Socket, SocketSpec } from './socket.ts';
import { TcpSocket } from './tcp.ts';
import { UdpSocket } from './udp.ts';
import { UnixMessageSocket } from './unix-datagram.ts';
import { UnixStreamSocket } from './unix-stream.ts';

function specFor(task: Task, family: number, type: number, protocol: number, flags: number): SocketSpec {
  return { kernel: task.kernel, netns: task.kernel.io.net, family, type, protocol, flags, task };
}

/** A socket, or a negated errno. */
export function createSocket(task: Task, family: number, type: number, protocol: number, flags: number): Socket | number {
  if (type < 0 || type > 10 || family < 0 || protocol < 0) return -EINVAL;
  switch (family) {
    case AF_UNIX: return createUnix(specFor(task, family, type, 0, flags), protocol);
    case AF_INET: case AF_INET6: return createInet(task, specFor(task, family, type, protocol, flags));
    case AF_NETLINK:
      if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
      if (protocol !== NETLINK_ROUTE && protocol !== NETLINK_KOBJECT_UEVENT) return -EPROTONOSUPPORT;
      return new NetlinkSocket(specFor(task, family, type, protocol, flags));
    case AF_PACKET: return task.credentials.has(CAP_NET_RAW) ? -EAFNOSUPPORT : -EPERM;
    default: return -EAFNOSUPPORT;
  }
}

function createUnix(spec: SocketSpec, protocol: number): Socket | number {
  if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
  switch (spec.type) {
    case SOCK_STREAM: return new UnixStreamSocket(spec);
    case SOCK_DGRAM: case SOCK_SEQPACKET: return new UnixMessageSocket(spec);
    case SOCK_RAW: return new UnixMessageSocket({ ...spec, type: SOCK_DGRAM });
    default: return -ESOCKTNOSUPPORT;
  }
}

function createInet(task: Task, spec: SocketSpec): Socket | number {
  const { type, protocol, family } = spec;
  const echo = family === AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  switch (type) {
    case SOCK_STREAM: return protocol === 0 || protocol === IPPROTO_TCP ? new TcpSocket({ ...spec, protocol: IPPROTO_TCP }) : -EPROTONOSUPPORT;
    case SOCK_DGRAM:
      if (protocol === 0 || protocol === IPPROTO_UDP) return new UdpSocket({ ...spec, protocol: IPPROTO_UDP });
      return protocol === echo ? new IcmpSocket(spec) : -EPROTONOSUPPORT;
    case SOCK_RAW:
      if (!task.credentials.has(CAP_NET_RAW)) return -EPERM;
      return protocol === echo ? new IcmpSocket(spec) : -EPROTONOSUPPORT;
    default: return -ESOCKTNOSUPPORT;
  }
}

/** Two connected unix sockets, or a negated errno. */
export function createPair(task: Task, family: number, type: number, protocol: number, flags: number): [Socket, Socket] | number {
  if (family !== AF_UNIX) return family === AF_INET || family === AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
  if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
  const spec = specFor(task, family, type, 0, flags);
  if (type === SOCK_STREAM) return UnixStreamSocket.pair(task, spec);
  return type === SOCK_DGRAM || type === SOCK_SEQPACKET ? UnixMessageSocket.pair(task, spec) : -ESOCKTNOSUPPORT;
}

