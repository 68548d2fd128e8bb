/** Options of the IP, IPv6, TCP and UDP levels: integers with their defaults, kept and given back, and the few with an effect. */
import { EINVAL, ENOENT, ENOPROTOOPT } from '../../abi/errno.ts';
import {
  AF_INET6, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_V6ONLY, IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP, IP_MULTICAST_IF, TCP_CONGESTION, TCP_CORK, TCP_DEFER_ACCEPT, TCP_FASTOPEN, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_LINGER2,
  TCP_MAXSEG, TCP_NODELAY, TCP_QUICKACK, TCP_SYNCNT, TCP_ULP, TCP_USER_TIMEOUT, TCP_WINDOW_CLAMP,
} from '../../abi/socket.ts';
import { formatIp, unmap } from './ip.ts';
import { intBytes, intValue } from './options.ts';

/** Default of each integer option, by level and name. */
const DEFAULTS: Record<number, Record<number, number>> = {
  // IP_TOS, TTL, HDRINCL, OPTIONS …, MTU_DISCOVER, RECVERR, RECVTTL, RECVTOS, MTU, FREEBIND, TRANSPARENT, MINTTL, BIND_ADDRESS_NO_PORT, MULTICAST_TTL/LOOP/ALL
  [IPPROTO_IP]: { 1: 0, 2: 64, 3: 0, 5: 0, 6: 0, 7: 0, 8: 0, 10: 1, 11: 0, 12: 0, 13: 0, 14: 65535, 15: 0, 18: 0, 19: 0, 20: 0, 21: 0, 24: 0, 33: 1, 34: 1, 49: 1 },
  // IPV6_CHECKSUM, UNICAST_HOPS, MULTICAST_IF/HOPS/LOOP, MTU_DISCOVER, MTU, RECVERR, V6ONLY, RECVPKTINFO …, TCLASS, AUTOFLOWLABEL
  [IPPROTO_IPV6]: { 7: -1, 16: 64, 17: 0, 18: 1, 19: 1, 23: 1, 24: 65535, 25: 0, 26: 0, 29: 1, 49: 0, 51: 0, 53: 0, 55: 0, 56: 0, 60: 0, 66: 0, 67: 0, 70: 1, 74: 0, 75: 0, 78: 0 },
  [IPPROTO_TCP]: {
    [TCP_NODELAY]: 0, [TCP_MAXSEG]: 536, [TCP_CORK]: 0, [TCP_KEEPIDLE]: 7200, [TCP_KEEPINTVL]: 75, [TCP_KEEPCNT]: 9, [TCP_SYNCNT]: 6, [TCP_LINGER2]: 60,
    [TCP_DEFER_ACCEPT]: 0, [TCP_WINDOW_CLAMP]: 0, [TCP_QUICKACK]: 1, [TCP_USER_TIMEOUT]: 0, [TCP_FASTOPEN]: 0, 25: 0, 28: 0, 30: 0, 36: 0, 37: 0,
  },
  // UDP_CORK, ENCAP, NO_CHECK6_TX/RX, SEGMENT, GRO
  [IPPROTO_UDP]: { 1: 0, 100: 0, 101: 0, 102: 0, 103: 0, 104: 0 },
};

const BOOLEANS = new Set([`${IPPROTO_TCP}:${TCP_NODELAY}`, `${IPPROTO_TCP}:${TCP_CORK}`, `${IPPROTO_IPV6}:${IPV6_V6ONLY}`]);

export class InetOptions {
  private values = new Map<string, number>();
  private congestion = 'cubic';
  /** Multicast groups that were joined, as text. */
  readonly groups = new Set<string>();

  constructor(private readonly family: number, private readonly protocol: number) {}

  get v6only(): boolean { return this.family === AF_INET6 && this.value(IPPROTO_IPV6, IPV6_V6ONLY) !== 0; }
  value(level: number, name: number): number { return this.values.get(`${level}:${name}`) ?? DEFAULTS[level]?.[name] ?? 0; }
  copyTo(other: InetOptions): void { other.values = new Map(this.values); }

  private knows(level: number): boolean { return level === IPPROTO_IP || (level === IPPROTO_IPV6 && this.family === AF_INET6) || level === this.protocol; }

  /** undefined when the level is not one of these. */
  set(level: number, name: number, value: Uint8Array, bound: boolean): number | undefined {
    if (!this.knows(level)) return undefined;
    const membership = this.membership(level, name, value);
    if (membership !== undefined) return membership;
    if (level === IPPROTO_TCP && name === TCP_CONGESTION) return this.setCongestion(value);
    if (level === IPPROTO_TCP && name === TCP_ULP) return -ENOENT;
    if (level === IPPROTO_IP && name === IP_MULTICAST_IF) return value.length >= 4 ? 0 : -EINVAL;
    if (DEFAULTS[level]?.[name] === undefined) return -ENOPROTOOPT;
    if (level === IPPROTO_IPV6 && name === IPV6_V6ONLY && bound) return -EINVAL;
    let n = value.length === 1 && level === IPPROTO_IP ? value[0] : intValue(value);
    if (n === undefined) return -EINVAL;
    if (level === IPPROTO_IP && name === 2) { if (n === -1) n = 64; else if (n < 1 || n > 255) return -EINVAL; }
    this.values.set(`${level}:${name}`, BOOLEANS.has(`${level}:${name}`) ? (n ? 1 : 0) : n);
    return 0;
  }

  get(level: number, name: number): Uint8Array | number | undefined {
    if (!this.knows(level)) return undefined;
    if (level === IPPROTO_TCP && name === TCP_CONGESTION) {
      const out = new Uint8Array(16);
      new TextEncoder().encodeInto(this.congestion, out);
      return out;
    }
    if (level === IPPROTO_IP && name === IP_MULTICAST_IF) return new Uint8Array(4);
    if (DEFAULTS[level]?.[name] === undefined) return level === this.protocol ? undefined : -ENOPROTOOPT;
    return intBytes(this.value(level, name));
  }

  private setCongestion(value: Uint8Array): number {
    const name = new TextDecoder().decode(value).replace(/\0.*$/s, '');
    if (name !== 'cubic' && name !== 'reno') return -ENOENT;
    this.congestion = name;
    return 0;
  }

  private membership(level: number, name: number, value: Uint8Array): number | undefined {
    const four = level === IPPROTO_IP && (name === IP_ADD_MEMBERSHIP || name === IP_DROP_MEMBERSHIP);
    const six = level === IPPROTO_IPV6 && (name === IPV6_ADD_MEMBERSHIP || name === IPV6_DROP_MEMBERSHIP);
    if (!four && !six) return undefined;
    if (value.length < (four ? 8 : 20)) return -EINVAL;
    const group = formatIp(unmap(value.slice(0, four ? 4 : 16)));
    if (name === IP_ADD_MEMBERSHIP || name === IPV6_ADD_MEMBERSHIP) this.groups.add(group); else this.groups.delete(group);
    return 0;
  }
}
