/** GET /containers/{name}/json. Reference: moby daemon/inspect.go. */
import { json, type Operation } from '../api/call.ts';
import type { ContainerInspect, MountPoint } from '../api/types/container.ts';
import type { Engine } from '../engine.ts';
import { storeSize } from '../volume/volumes.ts';
import type { Container, MountRecord } from './container.ts';
import { networkSettings } from './network-settings.ts';

export const containerInspect: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const inspect = describe(engine, container);
  if (call.query.flag('size')) Object.assign(inspect, await sizes(engine, container));
  return json(inspect);
};

export const DRIVER = 'overlay2';

/** The store keys of the layers, in the place where overlay2 names its directories. */
export function graphData(layers: readonly string[], upper: string): Record<string, string> {
  return { LowerDir: [...layers].reverse().join(':'), MergedDir: `${upper}/merged`, UpperDir: upper, WorkDir: `${upper}/work` };
}

export async function sizes(engine: Engine, container: Container): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const SizeRw = await storeSize(engine, `rw/${container.id}/`);
  return { SizeRw, SizeRootFs: SizeRw + (engine.images.find(container.record.imageId)?.size ?? 0) };
}

export function mountPoint({ Type, Name, Source, Destination, Driver, Mode, RW, Propagation }: MountRecord): MountPoint {
  return Type === 'volume' ? { Type, Name, Source, Destination, Driver, Mode, RW, Propagation } : { Type, Source, Destination, Mode, RW, Propagation };
}

export function describe(engine: Engine, container: Container): ContainerInspect {
  const { record } = container;
  // As in Docker, the generated files and the log exist from the first start on.
  const file = (name: string): string => (container.hasRun ? `${engine.host.dataRoot}/containers/${record.id}/${name}` : '');
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: container.state,
    Image: record.imageId,
    ResolvConfPath: file('resolv.conf'),
    HostnamePath: file('hostname'),
    HostsPath: file('hosts'),
    LogPath: record.hostConfig.LogConfig.Type === 'json-file' ? file(`${record.id}-json.log`) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: DRIVER,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: container.execs.size > 0 ? [...container.execs.keys()] : null,
    HostConfig: record.hostConfig,
    GraphDriver: { Name: DRIVER, Data: graphData(record.layers, `rw/${record.id}`) },
    Mounts: record.mounts.filter((m) => !(m.Type === 'tmpfs' && record.hostConfig.Tmpfs && m.Destination in record.hostConfig.Tmpfs)).map(mountPoint),
    Config: record.config,
    NetworkSettings: networkSettings(container),
  };
}
