/** Between struct sockaddr_in/sockaddr_in6 and endpoints: what an address means on a socket of a family, and how one is shown. */
import { EAFNOSUPPORT, EINVAL } from '../../abi/errno.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, type InetAddr, type SockAddr } from '../../abi/socket.ts';
import { ANY4, ANY6, isMapped, toMapped, unmap, type Ip } from './ip.ts';
import type { Endpoint } from './uplink.ts';

export function wildcard(family: number): Ip { return family === AF_INET6 ? ANY6 : ANY4; }

/** The endpoint that `address` names for a socket of `family`, or a negated errno. */
export function endpointFrom(family: number, address: SockAddr, v6only = false): Endpoint | number {
  if (address.family === AF_UNSPEC && family === AF_INET) return -EAFNOSUPPORT;
  if (address.family !== AF_INET && address.family !== AF_INET6) return -EAFNOSUPPORT;
  if (address.family !== family) return family === AF_INET ? -EAFNOSUPPORT : -EINVAL;
  if (v6only && isMapped(address.ip)) return -EINVAL;
  return { ip: unmap(address.ip), port: address.port };
}

/** How a socket of `family` shows an endpoint. */
export function present(family: number, { ip, port }: Endpoint): InetAddr {
  if (family === AF_INET6) return { family: AF_INET6, ip: toMapped(ip), port };
  return { family: AF_INET, ip, port };
}
