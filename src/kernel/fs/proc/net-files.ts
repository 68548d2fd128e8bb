/** /proc/net: interfaces, routes and sockets in the kernel's old text formats (proc_pid_net(5)). */
import { AF_INET, AF_UNIX } from '../../../abi/socket.ts';
import { toMapped } from '../../net/ip.ts';
import { TcpSocket } from '../../net/tcp.ts';
import type { Task } from '../../task/task.ts';
import type { GeneratedDirectory } from '../generated/generated.ts';
import { hex } from './format.ts';

const TCP_HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n';
const TCP6_HEADER = '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const UDP_HEADER = '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             \n';
const UDP6_HEADER = '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n';
const UNCONNECTED = 7;

/** An address as these files print it: 32-bit words in the machine's byte order. */
function address(ip: Uint8Array, port: number): string {
  let out = '';
  for (let i = 0; i < ip.length; i += 4) out += hex(ip[i + 3], 2) + hex(ip[i + 2], 2) + hex(ip[i + 1], 2) + hex(ip[i], 2);
  return `${out.toUpperCase()}:${hex(port, 4).toUpperCase()}`;
}

function dev(reader: Task): string {
  const zeros = '       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0\n';
  return 'Inter-|   Receive                                                |  Transmit\n'
    + ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n'
    + reader.kernel.io.net.interfaces.map((i) => `${i.name.padStart(6)}: ${zeros}`).join('');
}

function route(reader: Task): string {
  const word = (ip: Uint8Array): string => address(ip, 0).slice(0, 8);
  const lines = reader.kernel.io.net.routes.filter((r) => r.network.length === 4).map((r) => {
    const mask = Uint8Array.from([0, 8, 16, 24], (at) => 0xff & ~(0xff >> Math.max(0, Math.min(8, r.prefix - at))));
    return `${r.interface.name}\t${word(r.network)}\t${word(r.gateway ?? new Uint8Array(4))}\t${hex(r.gateway ? 3 : 1, 4)}\t0\t0\t0\t${word(mask)}\t0\t0\t0\n`;
  });
  return `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                                                       \n${lines.join('')}`;
}

function ifInet6(reader: Task): string {
  return reader.kernel.io.net.interfaces.flatMap((i) => i.addresses.filter((a) => a.ip.length === 16).map((a) =>
    `${[...a.ip].map((b) => hex(b, 2)).join('')} ${hex(i.index, 2)} ${hex(a.prefix, 2)} ${i.loopback ? '10' : '00'} 80 ${i.name.padStart(8)}\n`)).join('');
}

function sockets(reader: Task, protocol: 'tcp' | 'udp', length: number): string {
  let n = 0, out = '';
  for (const s of reader.kernel.io.net[protocol].everything()) {
    if ((s.family === AF_INET ? 4 : 16) !== length) continue;
    const show = ({ ip, port }: { ip: Uint8Array; port: number }): string => address(length === 16 ? toMapped(ip) : ip, port);
    const state = s instanceof TcpSocket ? s.state : s.remote ? 1 : UNCONNECTED, remote = s.remote ?? { ip: new Uint8Array(length), port: 0 };
    out += `${String(n++).padStart(4)}: ${show(s.local)} ${show(remote)} ${hex(state, 2).toUpperCase()} 00000000:00000000 00:00000000 00000000 ${String(s.inode.uid).padStart(5)}        0 ${s.inode.ino} 1 0000000000000000${protocol === 'tcp' ? ' 100 0 0 10 0' : ' 0'}\n`;
  }
  return out;
}

const UNIX_ACCEPTING = 0x10000, UNIX_UNCONNECTED = 1, UNIX_CONNECTED = 3;

function unix(reader: Task): string {
  let out = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
  for (const s of reader.kernel.io.net.unixSockets) {
    const name = s.localAddress(), path = name.family === AF_UNIX ? [...name.path].map((b) => (b === 0 ? '@' : String.fromCharCode(b))).join('') : '';
    out += `0000000000000000: 00000002 00000000 ${hex(s.listening ? UNIX_ACCEPTING : 0, 8)} ${hex(s.type, 4)} ${hex(s.remoteAddress() ? UNIX_CONNECTED : UNIX_UNCONNECTED, 2)} ${String(s.inode.ino).padStart(5)}${path ? ` ${path}` : ''}\n`;
  }
  return out;
}

export function addNetFiles(net: GeneratedDirectory): void {
  net.file('dev', dev);
  net.file('route', route);
  net.file('if_inet6', ifInet6);
  net.file('tcp', (t) => TCP_HEADER + sockets(t, 'tcp', 4));
  net.file('tcp6', (t) => TCP6_HEADER + sockets(t, 'tcp', 16));
  net.file('udp', (t) => UDP_HEADER + sockets(t, 'udp', 4));
  net.file('udp6', (t) => UDP6_HEADER + sockets(t, 'udp', 16));
  net.file('unix', unix);
  net.file('arp', 'IP address       HW type     Flags       HW address            Mask     Device\n');
  net.file('sockstat', (t) => `sockets: used 0\nTCP: inuse ${[...t.kernel.io.net.tcp.everything()].length} orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse ${[...t.kernel.io.net.udp.everything()].length} mem 0\n`);
  net.file('protocols', 'protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re sp bi br ha uh gp em\n');
}
