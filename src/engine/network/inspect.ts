/** GET /networks/{id}. */
import { NotFound } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import type { NetworkInspect } from '../api/types/network.ts';
import type { Engine } from '../engine.ts';
import { PREDEFINED } from './predefined.ts';

export function findNetwork(nameOrId: string): NetworkInspect {
  const network = PREDEFINED.find((n) => n.Name === nameOrId || n.Id === nameOrId) ?? PREDEFINED.find((n) => nameOrId !== '' && n.Id.startsWith(nameOrId));
  if (!network) throw new NotFound(`network ${nameOrId} not found`);
  return network;
}

function members(engine: Engine, network: NetworkInspect): NetworkInspect['Containers'] {
  const running = engine.containers.all().filter((c) => c.running && c.record.hostConfig.NetworkMode === network.Name);
  return Object.fromEntries(running.flatMap(({ id, record, endpoint }) => {
    if (!endpoint) return [];
    const { address } = endpoint;
    return [[id, { Name: record.name, EndpointID: endpoint.id, MacAddress: address?.mac ?? '', IPv4Address: address ? `${address.ip}/${address.prefix}` : '', IPv6Address: '' }]];
  }));
}

export const networkInspect: Operation = (engine, call) => {
  const network = findNetwork(call.params.id);
  return json({ ...network, Containers: members(engine, network) });
};
