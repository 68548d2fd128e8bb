/** Which ports of a container are published, and where: from ExposedPorts, PortBindings and PublishAllPorts. Reference: docker/go-connections nat, moby daemon/network.go. */
import { InvalidParameter, NotImplemented } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig, PortBinding } from '../api/types/container.ts';

/** The daemon is for its own machine: a binding without an address is on loopback, where Docker takes every interface. */
const DEFAULT_HOST_IP = '127.0.0.1';

export interface Publication { port: number; hostIp: string; /** Tried in turn; 0 asks for any free port. */ hostPorts: { first: number; last: number } }

/** `80` and `80/TCP` are `80/tcp`; a range is all of its ports. */
export function portKeys(spec: string): string[] {
  const [, first, last = first, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(spec) ?? [];
  if (first === undefined || Number(last) < Number(first) || Number(last) > 65535) throw new InvalidParameter(`invalid port specification: "${spec}"`);
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${Number(first) + i}/${protocol.toLowerCase()}`);
}

/** Every port that inspect names: exposed or bound. */
export function exposedPorts(config: ContainerConfig, host: HostConfig): string[] {
  return [...new Set([...Object.keys(config.ExposedPorts ?? {}), ...Object.keys(host.PortBindings)].flatMap(portKeys))];
}

export function publications(config: ContainerConfig, host: HostConfig): Publication[] {
  if (host.NetworkMode === 'none') return [];
  const bound = Object.entries(host.PortBindings).flatMap(([spec, bindings]) => (bindings?.length ? portKeys(spec).map((key) => [key, bindings] as const) : []));
  const named = new Set(bound.map(([key]) => key));
  const rest = host.PublishAllPorts ? exposedPorts(config, host).filter((key) => !named.has(key)).map((key) => [key, [{ HostIp: '', HostPort: '' }]] as const) : [];
  return [...bound, ...rest].flatMap(([key, bindings]) => bindings.map((binding) => publication(key, binding)));
}

function publication(key: string, { HostIp, HostPort }: PortBinding): Publication {
  const [port, protocol] = key.split('/');
  if (protocol !== 'tcp') throw new NotImplemented(`publishing port ${key} is not supported: only tcp ports can be published`);
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(HostPort || '0') ?? [];
  if (first === undefined || Number(last) < Number(first) || Number(last) > 65535) throw new InvalidParameter(`invalid port specification: "${HostPort}"`);
  if (HostIp && !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/.test(HostIp)) throw new InvalidParameter(`invalid IP address: ${HostIp}`);
  return { port: Number(port), hostIp: HostIp || DEFAULT_HOST_IP, hostPorts: { first: Number(first), last: Number(last) } };
}

/** Refuses at create what could not be published at start. */
export function checkPublications(config: ContainerConfig, host: HostConfig, possible: boolean): void {
  const [first] = publications(config, host);
  if (first && !possible) throw new NotImplemented(`publishing port ${first.port}/tcp is not possible in a browser tab: nothing outside of it can connect to a container`);
}
