/** NetworkSettings of inspect and list: addresses and ports while the container runs, as in Docker. */
import type { EndpointSettings, NetworkSettings, PortMap } from '../api/types/container.ts';
import { exposedPorts } from '../network/port-specs.ts';
import { PREDEFINED } from '../network/predefined.ts';
import type { Container } from './container.ts';

/** The fields that both the endpoint and the settings as a whole show. */
function addressing({ endpoint }: Container): Pick<EndpointSettings, 'EndpointID' | 'Gateway' | 'IPAddress' | 'IPPrefixLen' | 'MacAddress'> {
  const address = endpoint?.address;
  return { EndpointID: endpoint?.id ?? '', Gateway: address?.gateway ?? '', IPAddress: address?.ip ?? '', IPPrefixLen: address?.prefix ?? 0, MacAddress: address?.mac ?? '' };
}

export function endpoints(container: Container): Record<string, EndpointSettings> {
  const name = container.record.hostConfig.NetworkMode;
  const network = PREDEFINED.find((n) => n.Name === name);
  return {
    [name]: {
      IPAMConfig: null, Links: null, Aliases: null, DriverOpts: null, GwPriority: 0, NetworkID: network?.Id ?? '', ...addressing(container),
      IPv6Gateway: '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0, DNSNames: null,
    },
  };
}

/** Exposed ports, with their bindings when they are published. */
export function portMap({ endpoint, record }: Container): PortMap {
  const ports: PortMap = {};
  if (!endpoint?.address) return ports;
  for (const key of exposedPorts(record.config, record.hostConfig)) ports[key] = null;
  for (const { port, hostIp, hostPort } of endpoint.ports) (ports[`${port}/tcp`] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort) });
  return ports;
}

export function networkSettings(container: Container): NetworkSettings {
  const { EndpointID, ...address } = addressing(container);
  return {
    Bridge: '', SandboxID: '', SandboxKey: '', Ports: portMap(container), HairpinMode: false, LinkLocalIPv6Address: '', LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null, SecondaryIPv6Addresses: null, EndpointID: address.IPAddress ? EndpointID : '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0,
    IPv6Gateway: '', ...address, Networks: endpoints(container),
  };
}
