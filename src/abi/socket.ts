/** Sockets: constants of socket(2), socket(7), unix(7), ip(7), ipv6(7), tcp(7), netlink(7), and struct layouts of x86-64. */

export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_TYPE_MASK = 0xf;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_UDPLITE = 136;

export const SOL_SOCKET = 1;
export const SOL_NETLINK = 270;

export const SO_DEBUG = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_DONTROUTE = 5;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_OOBINLINE = 10;
export const SO_NO_CHECK = 11;
export const SO_PRIORITY = 12;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_PASSCRED = 16;
export const SO_PEERCRED = 17;
export const SO_RCVLOWAT = 18;
export const SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_DETACH_FILTER = 27;
export const SO_TIMESTAMP = 29;
export const SO_ACCEPTCONN = 30;
export const SO_PEERSEC = 31;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_MARK = 36;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
export const SO_PEERGROUPS = 59;
export const SO_COOKIE = 57;

export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_CTRUNC = 8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const MSG_WAITFORONE = 0x10000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
/** Descriptors that one message carries at most. */
export const SCM_MAX_FD = 253;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_HDRINCL = 3;
export const IP_PKTINFO = 8;
export const IP_RECVERR = 11;
export const IP_RECVTTL = 12;
export const IP_RECVTOS = 13;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;

export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_ADD_MEMBERSHIP = 20;
export const IPV6_DROP_MEMBERSHIP = 21;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52;

export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
export const TCP_ULP = 31;

/** States of tcp_info.tcpi_state. */
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_FIN_WAIT2 = 5;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LISTEN = 10;

export const SOMAXCONN = 4096;

/** A struct sockaddr, decoded. */
export type SockAddr = UnixAddr | InetAddr | NetlinkAddr | UnspecAddr;
export interface UnspecAddr { family: typeof AF_UNSPEC }
/** `path` is empty for an unnamed socket; an abstract name starts with a zero byte. */
export interface UnixAddr { family: typeof AF_UNIX; path: Uint8Array }
/** IPv4 and IPv6 alike: `ip` has 4 or 16 bytes. */
export interface InetAddr { family: typeof AF_INET | typeof AF_INET6; ip: Uint8Array; port: number; flow?: number; scope?: number }
export interface NetlinkAddr { family: typeof AF_NETLINK; pid: number; groups: number }

export const SOCKADDR_UN_PATH = 108;

/** Bytes of an address; a pathname gets its terminating zero, as the kernel returns it. */
export function encodeSockAddr(a: SockAddr): Uint8Array {
  switch (a.family) {
    case AF_UNIX: {
      const named = a.path.length > 0 && a.path[0] !== 0;
      const out = new Uint8Array(2 + a.path.length + (named ? 1 : 0));
      out[0] = AF_UNIX;
      out.set(a.path, 2);
      return out;
    }
    case AF_INET: {
      const out = new Uint8Array(16);
      out[0] = AF_INET;
      new DataView(out.buffer).setUint16(2, a.port);
      out.set(a.ip, 4);
      return out;
    }
    case AF_INET6: {
      const out = new Uint8Array(28), v = new DataView(out.buffer);
      out[0] = AF_INET6;
      v.setUint16(2, a.port);
      v.setUint32(4, a.flow ?? 0);
      out.set(a.ip, 8);
      v.setUint32(24, a.scope ?? 0, true);
      return out;
    }
    case AF_NETLINK: {
      const out = new Uint8Array(12), v = new DataView(out.buffer);
      out[0] = AF_NETLINK;
      v.setUint32(4, a.pid, true);
      v.setUint32(8, a.groups, true);
      return out;
    }
    case AF_UNSPEC: return new Uint8Array(16);
  }
}

/** Reads an address; undefined when it is too short or of a family unknown here. */
export function decodeSockAddr(bytes: Uint8Array): SockAddr | undefined {
  if (bytes.length < 2) return undefined;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (v.getUint16(0, true)) {
    case AF_UNSPEC: return { family: AF_UNSPEC };
    case AF_UNIX: {
      if (bytes.length > 2 + SOCKADDR_UN_PATH) return undefined;
      const raw = bytes.slice(2);
      if (raw.length === 0 || raw[0] === 0) return { family: AF_UNIX, path: raw };
      const end = raw.indexOf(0);
      return { family: AF_UNIX, path: end < 0 ? raw : raw.slice(0, end) };
    }
    case AF_INET: return bytes.length < 16 ? undefined : { family: AF_INET, port: v.getUint16(2), ip: bytes.slice(4, 8) };
    case AF_INET6:
      if (bytes.length < 24) return undefined;
      return { family: AF_INET6, port: v.getUint16(2), flow: v.getUint32(4), ip: bytes.slice(8, 24), scope: bytes.length >= 28 ? v.getUint32(24, true) : 0 };
    case AF_NETLINK: return bytes.length < 12 ? undefined : { family: AF_NETLINK, pid: v.getUint32(4, true), groups: v.getUint32(8, true) };
    default: return undefined;
  }
}
