/** Addresses of the default bridge: the lowest free one goes to each container that starts, the MAC address follows from it. Reference: libnetwork ipam, netutils.GenerateMACFromIP. */
export interface Address { ip: string; prefix: number; gateway: string; mac: string }

export const SUBNET = '172.17.0.0/16', GATEWAY = '172.17.0.1';
const PREFIX = 16, FIRST_HOST = 2, LAST_HOST = 0xfffe;

export class Ipam {
  private readonly taken = new Set<number>();

  allocate(): Address {
    let host = FIRST_HOST;
    while (this.taken.has(host)) host++;
    if (host > LAST_HOST) throw new Error(`no available IPv4 addresses on this network's address pools: bridge`);
    this.taken.add(host);
    const bytes = [172, 17, host >> 8, host & 0xff];
    return { ip: bytes.join('.'), prefix: PREFIX, gateway: GATEWAY, mac: ['02', '42', ...bytes.map((b) => b.toString(16).padStart(2, '0'))].join(':') };
  }

  release({ ip }: Address): void {
    const [, , high, low] = ip.split('.').map(Number);
    this.taken.delete((high << 8) | low);
  }
}
