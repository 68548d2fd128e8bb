/** Gives a sandbox's network namespace its interface. */
import type { NetNamespace } from '../kernel/net/netns.ts';
import type { NetworkSpec } from './sandbox-api.ts';

export function setUpNetwork(net: NetNamespace, { mode, address }: NetworkSpec): void {
  if (mode === 'none' || !address) return;
  const ip = bytes(address.ip, '.', 10), { prefix } = address;
  const broadcast = ip.map((b, i) => b | (0xff >> Math.min(8, Math.max(0, prefix - i * 8))));
  net.addInterface('eth0', bytes(address.mac, ':', 16), [{ ip, prefix, broadcast }], bytes(address.gateway, '.', 10));
}

function bytes(text: string, separator: string, radix: number): Uint8Array { return Uint8Array.from(text.split(separator), (part) => parseInt(part, radix)); }
