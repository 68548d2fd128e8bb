/** GET /info. Counters are counted, capabilities are what the emulated Linux really has. */
import { json, type Operation } from '../api/call.ts';
import type { InfoResponse } from '../api/types/system.ts';
import { DRIVER } from '../container/inspect.ts';
import { timestamp } from '../ids.ts';
import { ENGINE_VERSION } from '../version.ts';

export const info: Operation = async (engine) => {
  const { host } = engine;
  const states = engine.containers.all().map((c) => c.status);
  const count = (...wanted: string[]): number => states.filter((s) => wanted.includes(s)).length;
  const usage = await engine.store.usage();
  const swarm = { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null };
  const mirrors = host.mirrors.map((m) => (m.endsWith('/') ? m : `${m}/`));
  return json({
    ID: engine.id.replace(/(.{8})(?=.)/g, '$1-').slice(0, 71),
    Containers: states.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead', 'removing'),
    Images: engine.images.list().length,
    Driver: DRIVER,
    DriverStatus: [['Backing Filesystem', 'drydock store'], ['Space Used', String(usage.used)], ['Space Quota', String(usage.quota)]],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'local', 'none'] },
    MemoryLimit: true, SwapLimit: false, CpuCfsPeriod: true, CpuCfsQuota: true, CPUShares: false, CPUSet: false, PidsLimit: true,
    IPv4Forwarding: true, BridgeNfIptables: false, BridgeNfIp6tables: false, Debug: host.debug, NFd: 0, OomKillDisable: false, NGoroutines: 0,
    SystemTime: timestamp(engine.clock),
    LoggingDriver: 'json-file', CgroupDriver: 'none', CgroupVersion: '2', NEventsListener: engine.events.listenerCount,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: '',
    OSType: 'linux',
    Architecture: 'x86_64',
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: [], AllowNondistributableArtifactsHostnames: [], InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
      IndexConfigs: {
        'docker.io': { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true },
        ...Object.fromEntries(host.insecureRegistries.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }])),
      },
      Mirrors: mirrors,
    },
    NCPU: host.cpus, MemTotal: host.memory, GenericResources: null, DockerRootDir: host.dataRoot, HttpProxy: '', HttpsProxy: '', NoProxy: '',
    Name: host.name, Labels: [], ExperimentalBuild: false, ServerVersion: ENGINE_VERSION,
    Runtimes: { drydock: { path: 'drydock' } }, DefaultRuntime: 'drydock', Swarm: swarm, LiveRestoreEnabled: false, Isolation: '', InitBinary: 'drydock-init',
    ContainerdCommit: { ID: '', Expected: '' }, RuncCommit: { ID: '', Expected: '' }, InitCommit: { ID: '', Expected: '' },
    SecurityOptions: [], CDISpecDirs: [], Warnings: [...host.warnings],
  } satisfies InfoResponse);
};
