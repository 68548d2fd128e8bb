/** NetworkSettings of inspect and list. A container has its loopback only: addresses are empty, as on a network that is not connected. */
import type { EndpointSettings, NetworkSettings } from '../api/types/container.ts';
import { PREDEFINED } from '../network/predefined.ts';
import type { Container } from './container.ts';

export function endpoints(container: Container): Record<string, EndpointSettings> {
  const name = container.record.hostConfig.NetworkMode;
  const network = PREDEFINED.find((n) => n.Name === name);
  return {
    [name]: {
      IPAMConfig: null, Links: null, Aliases: null, MacAddress: '', DriverOpts: null, GwPriority: 0, NetworkID: network?.Id ?? '', EndpointID: '', Gateway: '',
      IPAddress: '', IPPrefixLen: 0, IPv6Gateway: '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0, DNSNames: null,
    },
  };
}

export function networkSettings(container: Container): NetworkSettings {
  const ports: NetworkSettings['Ports'] = {};
  if (container.running) for (const port of Object.keys(container.record.config.ExposedPorts ?? {})) ports[port.includes('/') ? port : `${port}/tcp`] = null;
  return {
    Bridge: '', SandboxID: '', SandboxKey: '', Ports: ports, HairpinMode: false, LinkLocalIPv6Address: '', LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null, SecondaryIPv6Addresses: null, EndpointID: '', Gateway: '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0,
    IPAddress: '', IPPrefixLen: 0, IPv6Gateway: '', MacAddress: '', Networks: endpoints(container),
  };
}
