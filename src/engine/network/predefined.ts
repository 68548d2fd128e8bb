/** The three networks that every engine has. Containers of `bridge` have an address, which published ports reach. */
import type { NetworkInspect } from '../api/types/network.ts';
import { GATEWAY, SUBNET } from './ipam.ts';

function network(name: string, id: string, driver: string, options: Record<string, string> = {}, config: NetworkInspect['IPAM']['Config'] = []): NetworkInspect {
  return {
    Name: name, Id: id.repeat(64).slice(0, 64), Created: '2026-01-01T00:00:00Z', Scope: 'local', Driver: driver, EnableIPv4: true, EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: config }, Internal: false, Attachable: false, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false,
    Containers: {}, Options: options, Labels: {},
  };
}

export const PREDEFINED: readonly NetworkInspect[] = [
  network('bridge', 'b41d6e', 'bridge', { 'com.docker.network.bridge.default_bridge': 'true' }, [{ Subnet: SUBNET, Gateway: GATEWAY }]),
  network('host', '4057', 'host'),
  network('none', '9a7e', 'null'),
];
