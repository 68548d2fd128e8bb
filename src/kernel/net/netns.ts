/** A network namespace: interfaces, addresses and routes of a sandbox, and who is bound to which port. The runtime gives it its eth0 and an uplink. */
import { ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, Errno } from '../../abi/errno.ts';
import type { Duplex } from '../../host/ports.ts';
import type { Kernel } from '../kernel.ts';
import type { File } from '../vfs/file.ts';
import type { Inode } from '../vfs/inode.ts';
import { HostStreamEnd } from './host-stream-end.ts';
import { ANY4, ANY6, LOOPBACK4, LOOPBACK6, inNetwork, isAny, isLoopback, isMulticast, networkOf, sameIp, type Ip } from './ip.ts';
import { PortTable } from './ports.ts';
import type { Socket } from './socket.ts';
import type { TcpSocket } from './tcp.ts';
import type { UdpSocket } from './udp.ts';
import type { Endpoint, Uplink } from './uplink.ts';

export interface InterfaceAddress { ip: Ip; prefix: number; broadcast?: Ip }
export interface Interface { index: number; name: string; mac: Uint8Array; mtu: number; loopback: boolean; addresses: InterfaceAddress[] }
/** A destination with its gateway; a connected network has none. */
export interface Route { network: Ip; prefix: number; gateway?: Ip; interface: Interface }

/** Answers datagrams sent to an address that the engine serves inside every container: its DNS at 127.0.0.11. */
export type DatagramService = (query: Uint8Array, from: Endpoint) => Promise<Uint8Array | undefined>;

export class NetNamespace {
  readonly interfaces: Interface[] = [];
  readonly routes: Route[] = [];
  uplink: Uplink | undefined;
  readonly tcp = new PortTable<TcpSocket>();
  readonly udp = new PortTable<UdpSocket>();
  /** Unix sockets by abstract name (as Latin-1), and by the inode of their pathname. */
  readonly abstractSockets = new Map<string, File>();
  readonly pathSockets = new WeakMap<Inode, File>();
  /** Every unix socket, for /proc/net/unix. */
  readonly unixSockets = new Set<Socket>();
  private readonly services = new Map<string, DatagramService>();

  constructor(readonly kernel: Kernel) {
    const lo: Interface = { index: 1, name: 'lo', mac: new Uint8Array(6), mtu: 65536, loopback: true, addresses: [{ ip: LOOPBACK4, prefix: 8 }, { ip: LOOPBACK6, prefix: 128 }] };
    this.interfaces.push(lo);
  }

  /** Adds an interface with its connected network and, when given, the default route. */
  addInterface(name: string, mac: Uint8Array, addresses: InterfaceAddress[], gateway?: Ip, mtu = 1500): Interface {
    const added: Interface = { index: Math.max(...this.interfaces.map((i) => i.index)) + 1, name, mac, mtu, loopback: false, addresses };
    this.interfaces.push(added);
    for (const { ip, prefix } of addresses) this.routes.push({ network: networkOf(ip, prefix), prefix, interface: added });
    if (gateway) this.routes.push({ network: gateway.length === 4 ? ANY4 : ANY6, prefix: 0, gateway, interface: added });
    return added;
  }

  removeInterface(name: string): void {
    const at = this.interfaces.findIndex((i) => i.name === name && !i.loopback);
    if (at < 0) return;
    const [gone] = this.interfaces.splice(at, 1);
    for (let i = this.routes.length; i-- > 0;) if (this.routes[i].interface === gone) this.routes.splice(i, 1);
  }

  /** One of this namespace's own addresses. */
  isLocal(ip: Ip): boolean {
    return isLoopback(ip) || isAny(ip) || this.interfaces.some((i) => i.addresses.some((a) => sameIp(a.ip, ip)));
  }

  /** Addresses bind(2) accepts: local ones, multicast groups and broadcast. */
  isBindable(ip: Ip): boolean { return this.isLocal(ip) || isMulticast(ip) || this.isBroadcast(ip); }

  isBroadcast(ip: Ip): boolean {
    return ip.length === 4 && (ip.every((x) => x === 255) || this.interfaces.some((i) => i.addresses.some((a) => a.broadcast && sameIp(a.broadcast, ip))));
  }

  route(ip: Ip): Route | undefined {
    let best: Route | undefined;
    for (const r of this.routes) if (inNetwork(ip, r.network, r.prefix) && (!best || r.prefix > best.prefix)) best = r;
    return best;
  }

  /** Source address for packets to `ip`. Throws Errno(ENETUNREACH). */
  sourceFor(ip: Ip): Ip {
    if (isAny(ip) || isLoopback(ip)) return ip.length === 4 ? (isAny(ip) ? LOOPBACK4 : ip) : LOOPBACK6;
    if (this.isLocal(ip)) return ip;
    const source = this.route(ip)?.interface.addresses.find((a) => a.ip.length === ip.length)?.ip;
    if (!source) throw new Errno(ENETUNREACH);
    return source;
  }

  // ---- what the engine does ----

  /** Answers datagrams to ip:port. */
  serveDatagrams(at: Endpoint, service: DatagramService): void { this.services.set(serviceKey(at), service); }
  service(at: Endpoint): DatagramService | undefined { return this.services.get(serviceKey(at)); }

  /** A datagram from outside for one of our addresses. */
  deliverDatagram(to: Endpoint, from: Endpoint, bytes: Uint8Array): void {
    this.udp.receiver(to, from)?.deliver(bytes, from, to);
  }

  /**
   * Connects from outside to a listening socket: another container through the switch, or a published port.
   * Rejects with Errno(ECONNREFUSED) when nothing listens there.
   */
  async accept(to: Endpoint, from: Endpoint): Promise<Duplex> {
    const listener = this.tcp.listener(to);
    if (!listener) throw new Errno(ECONNREFUSED);
    const end = new HostStreamEnd();
    await listener.offerOutside(end.end, to, from);
    return end.duplex();
  }

  /** A published port: connects as the host, from the gateway of the container's network. */
  connectFromHost(port: number): Promise<Duplex> {
    const eth = this.interfaces.find((i) => !i.loopback && i.addresses.some((a) => a.ip.length === 4));
    const ip = eth?.addresses.find((a) => a.ip.length === 4)?.ip ?? LOOPBACK4;
    const gateway = this.routes.find((r) => r.gateway && r.interface === eth)?.gateway ?? LOOPBACK4;
    return this.accept({ ip, port }, { ip: gateway, port: 32768 + Math.floor(this.kernel.clock.monotonic() * 7) % 28232 });
  }

  /** TCP ports that somebody listens on, ascending: what can be published. */
  listeningPorts(): number[] { return this.tcp.listeningPorts(); }

  /** Opens a TCP connection to the outside. Rejects with UplinkError or Errno. */
  async connectOutside(to: Endpoint, from: Endpoint): Promise<Duplex> {
    if (!this.uplink) throw new Errno(this.route(to.ip)?.gateway ? ENETUNREACH : EHOSTUNREACH);
    return this.uplink.connect(to, from);
  }
}

function serviceKey({ ip, port }: Endpoint): string { return `${ip.join('.')}:${port}`; }
