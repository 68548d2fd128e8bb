/** The three networks that every engine has. Containers of `bridge` and `none` both have just their loopback here, so the subnet is empty. */
import type { NetworkInspect } from '../api/types/network.ts';

function network(name: string, id: string, driver: string, options: Record<string, string> = {}): NetworkInspect {
  return {
    Name: name, Id: id.repeat(64).slice(0, 64), Created: '2026-01-01T00:00:00Z', Scope: 'local', Driver: driver, EnableIPv4: true, EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] }, Internal: false, Attachable: false, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false,
    Containers: {}, Options: options, Labels: {},
  };
}

export const PREDEFINED: readonly NetworkInspect[] = [
  network('bridge', 'b41d6e', 'bridge', { 'com.docker.network.bridge.default_bridge': 'true' }),
  network('host', '4057', 'host'),
  network('none', '9a7e', 'null'),
];
