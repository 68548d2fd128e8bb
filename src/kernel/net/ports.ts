/** Ports of one protocol: who is bound where, which bindings conflict (SO_REUSEADDR, SO_REUSEPORT, IPV6_V6ONLY), and who receives. */
import { SO_REUSEADDR, SO_REUSEPORT } from '../../abi/socket.ts';
import { isAny, sameIp, type Ip } from './ip.ts';
import type { SocketOptions } from './options.ts';
import type { Endpoint } from './uplink.ts';

/** /proc/sys/net/ipv4/ip_local_port_range. */
const EPHEMERAL_FIRST = 32768, EPHEMERAL_LAST = 60999;

/** What a bound socket shows to the table. */
export interface Bound {
  readonly local: Endpoint;
  readonly remote: Endpoint | undefined;
  /** Bound to :: and does not take IPv4. */
  readonly v6only: boolean;
  readonly options: SocketOptions;
  readonly listening: boolean;
}

export class PortTable<S extends Bound> {
  private readonly ports = new Map<number, Set<S>>();
  private nextEphemeral = EPHEMERAL_FIRST + Math.floor(Math.random() * 20000);
  private turn = 0;

  /** Binds when nothing conflicts; false otherwise. Port 0 asks for a free one. Calls `assign` with the port. */
  bind(socket: S, ip: Ip, port: number, assign: (port: number) => void): boolean {
    if (port !== 0) {
      if (this.conflicts(socket, ip, port)) return false;
      this.add(socket, port, assign);
      return true;
    }
    for (let tries = EPHEMERAL_LAST - EPHEMERAL_FIRST; tries-- > 0;) {
      const candidate = this.nextEphemeral;
      this.nextEphemeral = candidate >= EPHEMERAL_LAST ? EPHEMERAL_FIRST : candidate + 1;
      if (this.ports.has(candidate)) continue;
      this.add(socket, candidate, assign);
      return true;
    }
    return false;
  }

  private add(socket: S, port: number, assign: (port: number) => void): void {
    assign(port);
    let there = this.ports.get(port);
    if (!there) this.ports.set(port, (there = new Set()));
    there.add(socket);
  }

  /** An accepted connection holds its listener's port. */
  hold(socket: S): void { this.add(socket, socket.local.port, () => undefined); }

  remove(socket: S): void {
    const there = this.ports.get(socket.local.port);
    there?.delete(socket);
    if (there?.size === 0) this.ports.delete(socket.local.port);
  }

  private conflicts(socket: S, ip: Ip, port: number): boolean {
    for (const other of this.ports.get(port) ?? []) {
      if (other === socket || !overlaps(ip, socket.v6only, other.local.ip, other.v6only)) continue;
      const reuse = socket.options.has(SO_REUSEADDR) && other.options.has(SO_REUSEADDR) && !other.listening;
      const share = socket.options.has(SO_REUSEPORT) && other.options.has(SO_REUSEPORT);
      if (!reuse && !share) return true;
    }
    return false;
  }

  /** True when a listener would collide with another that is listening already. */
  listenConflicts(socket: S): boolean {
    for (const other of this.ports.get(socket.local.port) ?? []) {
      if (other === socket || !other.listening || !overlaps(socket.local.ip, socket.v6only, other.local.ip, other.v6only)) continue;
      if (!(socket.options.has(SO_REUSEPORT) && other.options.has(SO_REUSEPORT))) return true;
    }
    return false;
  }

  /** The socket that takes connections to `to`. */
  listener(to: Endpoint): S | undefined { return this.best(to, undefined, (s) => s.listening); }
  /** The socket that receives a datagram. */
  receiver(to: Endpoint, from: Endpoint): S | undefined { return this.best(to, from, () => true); }
  /** Every socket a multicast or broadcast datagram to `port` reaches. */
  all(port: number): S[] { return [...(this.ports.get(port) ?? [])]; }
  everything(): S[] { return [...this.ports.values()].flatMap((s) => [...s]); }

  listeningPorts(): number[] {
    return [...this.ports].filter(([, there]) => [...there].some((s) => s.listening)).map(([port]) => port).sort((a, b) => a - b);
  }

  /** Most specific match; those that share a port by SO_REUSEPORT take turns. */
  private best(to: Endpoint, from: Endpoint | undefined, fits: (s: S) => boolean): S | undefined {
    let best: S[] = [], bestScore = -1;
    for (const s of this.ports.get(to.port) ?? []) {
      if (!fits(s)) continue;
      const score = matchScore(s, to, from);
      if (score < 0 || score < bestScore) continue;
      if (score > bestScore) { best = []; bestScore = score; }
      best.push(s);
    }
    if (best.length === 0) return undefined;
    return best.length > 1 && best.every((s) => s.options.has(SO_REUSEPORT)) ? best[this.turn++ % best.length] : best[best.length - 1];
  }
}

function matchScore(s: Bound, to: Endpoint, from: Endpoint | undefined): number {
  let score = 0;
  if (!isAny(s.local.ip)) {
    if (!sameIp(s.local.ip, to.ip)) return -1;
    score += 4;
  } else if (s.local.ip.length !== to.ip.length) {
    if (s.local.ip.length === 4 || s.v6only) return -1;
  } else {
    score += 1;
  }
  if (s.remote) {
    if (!from || s.remote.port !== from.port || !sameIp(s.remote.ip, from.ip)) return -1;
    score += 8;
  }
  return score;
}

/** Do two local addresses share packets? The IPv6 wildcard covers IPv4 unless it is v6only. */
function overlaps(a: Ip, aV6only: boolean, b: Ip, bV6only: boolean): boolean {
  if (a.length === b.length) return isAny(a) || isAny(b) || sameIp(a, b);
  const [six, only] = a.length === 16 ? [a, aV6only] : [b, bV6only];
  return isAny(six) && !only;
}
