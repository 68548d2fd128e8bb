/** GET /containers/json. Reference: moby daemon/list.go. */
import { InvalidParameter, NotFound } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { ContainerSummary, Port } from '../api/types/container.ts';
import type { Engine } from '../engine.ts';
import type { Container } from './container.ts';
import { mountPoint, sizes } from './inspect.ts';
import { endpoints, portMap } from './network-settings.ts';
import { statusText } from './status-text.ts';

const FILTERS = ['ancestor', 'before', 'exited', 'id', 'isolation', 'label', 'name', 'status', 'health', 'since', 'volume', 'network', 'is-task', 'publish', 'expose'];
const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

export const containerList: Operation = async (engine, call) => {
  const limit = call.query.integer('limit') ?? 0;
  const filters = Filters.parse(call.query.text('filters')).accept(...FILTERS);
  const all = call.query.flag('all') || limit > 0 || ['status', 'exited', 'before', 'since'].some((k) => filters.has(k));
  const keep = containerFilter(engine, filters);
  let found = engine.containers.all().filter((c) => (all || c.running) && keep(c));
  if (limit > 0) found = found.slice(0, limit);
  const size = call.query.flag('size');
  return json(await Promise.all(found.map((c) => summary(engine, c, size))));
};

function containerFilter(engine: Engine, filters: Filters): (container: Container) => boolean {
  for (const status of filters.get('status')) if (!STATUSES.includes(status)) throw new InvalidParameter(`invalid filter 'status=${status}'`);
  const health = filters.get('health');
  for (const h of health) if (!['none', 'starting', 'healthy', 'unhealthy'].includes(h)) throw new InvalidParameter(`invalid filter 'health=${h}'`);
  const exits = filters.get('exited').map((text) => {
    if (!/^\d+$/.test(text)) throw new InvalidParameter(`invalid filter 'exited=${text}'`);
    return Number(text);
  });
  const isTask = filters.boolean('is-task');
  const newest = engine.containers.all();
  const position = (key: string): number => {
    const [name] = filters.get(key);
    if (name === undefined) return -1;
    const container = engine.containers.find(name);
    if (!container) throw new NotFound(`No such container: ${name}`);
    return newest.indexOf(container);
  };
  const before = position('before'), since = position('since');
  const ancestors = filters.get('ancestor').map((name) => engine.images.find(name)?.id);
  return (container) => {
    const { record } = container;
    const at = newest.indexOf(container);
    if (before >= 0 && at <= before) return false;
    if (since >= 0 && at >= since) return false;
    if (filters.has('ancestor') && !ancestors.includes(record.imageId) && !filters.get('ancestor').includes(record.config.Image)) return false;
    if (exits.length > 0 && (container.running || !container.hasRun || !exits.includes(record.state.ExitCode))) return false;
    if (!filters.match('id', record.id)) return false;
    if (filters.has('name') && !filters.match('name', record.name) && !filters.match('name', `/${record.name}`)) return false;
    if (!filters.labels('label', record.config.Labels)) return false;
    if (!filters.exact('status', container.status)) return false;
    if (health.length > 0 && !health.includes(record.state.Health?.Status ?? 'none')) return false;
    if (filters.has('volume') && !record.mounts.some((m) => filters.get('volume').some((v) => v === m.Name || v === m.Destination))) return false;
    if (filters.has('network') && !filters.get('network').some((n) => n in endpoints(container) || Object.values(endpoints(container)).some((e) => e.NetworkID.startsWith(n)))) return false;
    if (filters.has('publish') && !container.endpoint?.ports.some((p) => filters.get('publish').some((f) => (f.includes('/') ? f : `${f}/tcp`) === `${p.hostPort}/tcp`))) return false;
    if (filters.has('expose') && !filters.get('expose').some((p) => (p.includes('/') ? p : `${p}/tcp`) in (record.config.ExposedPorts ?? {}))) return false;
    return isTask !== true;
  };
}

export async function summary(engine: Engine, container: Container, size: boolean): Promise<ContainerSummary> {
  const { record } = container;
  const current = engine.images.find(record.config.Image);
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: current?.id === record.imageId ? record.config.Image : record.imageId,
    ImageID: record.imageId,
    Command: [record.path, ...record.args.map((a) => (a.includes(' ') ? `'${a}'` : a))].join(' '),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: listPorts(container),
    ...(size ? await sizes(engine, container) : {}),
    Labels: record.config.Labels,
    State: container.status,
    Status: statusText(container, engine.clock.now()),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: endpoints(container) },
    Mounts: record.mounts.map(mountPoint),
  };
}

function listPorts(container: Container): Port[] {
  return Object.entries(portMap(container)).flatMap(([key, bindings]) => {
    const [port, Type] = key.split('/'), PrivatePort = Number(port);
    return bindings ? bindings.map(({ HostIp, HostPort }): Port => ({ IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type })) : [{ PrivatePort, Type }];
  });
}
