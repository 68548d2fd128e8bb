/** SIOCGIF* of netdevice(7): what ifconfig and getifaddrs without netlink ask. Changing an interface is not allowed in a container. */
import { EADDRNOTAVAIL, EINVAL, ENODEV, EPERM } from '../../abi/errno.ts';
import {
  SIOCGIFADDR, SIOCGIFBRDADDR, SIOCGIFCONF, SIOCGIFDSTADDR, SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFNAME,
  SIOCGIFNETMASK, SIOCGIFTXQLEN, SIOCSIFADDR, SIOCSIFFLAGS,
} from '../../abi/ioctl.ts';
import { AF_INET, encodeSockAddr } from '../../abi/socket.ts';
import type { Task } from '../task/task.ts';
import { netmask, type Ip } from './ip.ts';
import type { Interface, NetNamespace } from './netns.ts';

const IFNAMSIZ = 16, IFREQ_SIZE = 40;
const IFF_UP = 1, IFF_BROADCAST = 2, IFF_LOOPBACK = 8, IFF_RUNNING = 0x40, IFF_MULTICAST = 0x1000, IFF_LOWER_UP = 0x10000;
export const ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772;

/** IFF_* of an interface; netlink shows IFF_LOWER_UP too. */
export function interfaceFlags(i: Interface): number {
  return IFF_UP | IFF_RUNNING | IFF_LOWER_UP | (i.loopback ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST);
}

function inet(ip: Ip): Uint8Array { return encodeSockAddr({ family: AF_INET, ip, port: 0 }); }

/** undefined when the request is none of these. */
export function interfaceIoctl(task: Task, netns: NetNamespace, request: number, argument: number): number | undefined {
  if (request === SIOCGIFCONF) return interfaceList(task, netns, argument);
  if (request < SIOCGIFNAME || request > SIOCGIFTXQLEN) return undefined;
  const ifreq = task.mm.copyIn(argument, IFREQ_SIZE), view = new DataView(ifreq.buffer);
  if (request === SIOCGIFNAME) {
    const named = netns.interfaces.find((i) => i.index === view.getInt32(16, true));
    if (!named) return -ENODEV;
    ifreq.fill(0, 0, IFNAMSIZ);
    new TextEncoder().encodeInto(named.name, ifreq.subarray(0, IFNAMSIZ - 1));
    task.mm.copyOut(argument, ifreq);
    return 0;
  }
  const name = new TextDecoder().decode(ifreq.subarray(0, IFNAMSIZ)).replace(/\0.*$/s, '');
  const i = netns.interfaces.find((x) => x.name === name);
  if (!i) return -ENODEV;
  const value = answer(i, request);
  if (typeof value === 'number') return value;
  ifreq.fill(0, IFNAMSIZ);
  ifreq.set(value, IFNAMSIZ);
  task.mm.copyOut(argument, ifreq);
  return 0;
}

function answer(i: Interface, request: number): Uint8Array | number {
  const four = i.addresses.find((a) => a.ip.length === 4);
  const int = (n: number): Uint8Array => new Uint8Array(Int32Array.of(n).buffer);
  switch (request) {
    case SIOCGIFFLAGS: return new Uint8Array(Uint16Array.of(interfaceFlags(i) & 0xffff).buffer);
    case SIOCGIFADDR: case SIOCGIFDSTADDR: return four ? inet(four.ip) : -EADDRNOTAVAIL;
    case SIOCGIFBRDADDR: return four ? inet(four.broadcast ?? new Uint8Array(4)) : -EADDRNOTAVAIL;
    case SIOCGIFNETMASK: return four ? inet(netmask(four.prefix)) : -EADDRNOTAVAIL;
    case SIOCGIFMTU: return int(i.mtu);
    case SIOCGIFMETRIC: return int(0);
    case SIOCGIFINDEX: return int(i.index);
    case SIOCGIFTXQLEN: return int(i.loopback ? 1000 : 0);
    case SIOCGIFHWADDR: {
      const out = new Uint8Array(16);
      new DataView(out.buffer).setUint16(0, i.loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER, true);
      out.set(i.mac, 2);
      return out;
    }
    case SIOCSIFFLAGS: case SIOCSIFADDR: return -EPERM;
    default: return -EINVAL;
  }
}

/** struct ifconf { int len; struct ifreq *req }: IPv4 addresses only. */
function interfaceList(task: Task, netns: NetNamespace, argument: number): number {
  const { mm } = task, room = mm.readI32(argument), into = mm.readU64(argument + 8);
  const entries = netns.interfaces.flatMap((i) => i.addresses.filter((a) => a.ip.length === 4).map((a) => ({ name: i.name, ip: a.ip })));
  if (into === 0) {
    mm.writeI32(argument, entries.length * IFREQ_SIZE);
    return 0;
  }
  const fitting = entries.slice(0, Math.floor(room / IFREQ_SIZE)), out = new Uint8Array(fitting.length * IFREQ_SIZE);
  fitting.forEach(({ name, ip }, n) => {
    new TextEncoder().encodeInto(name, out.subarray(n * IFREQ_SIZE, n * IFREQ_SIZE + IFNAMSIZ - 1));
    out.set(inet(ip), n * IFREQ_SIZE + IFNAMSIZ);
  });
  mm.copyOut(into, out);
  mm.writeI32(argument, out.length);
  return 0;
}
