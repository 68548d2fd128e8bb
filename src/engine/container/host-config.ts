/**
 * HostConfig of a create request: defaults as Docker fills them in, and a verdict on every field. What cannot be honoured is
 * refused with the reason; a resource limit that the platform has no means for is discarded with a warning, as dockerd does
 * on a kernel without it. Reference: moby daemon/{container,daemon_unix}.go verify*.
 */
import { InvalidParameter, NotImplemented } from '../../base/errors.ts';
import type { ContainerCreateRequest, HostConfig } from '../api/types/container.ts';
import { parseSize } from '../../base/units.ts';
import { normalizeCapabilities } from './capabilities.ts';
import { checkRestartPolicy } from './restart-policy.ts';
import { splitExtraHost } from './spec.ts';

const SHM_SIZE = 64 * 1024 * 1024;
const MIN_MEMORY = 6 * 1024 * 1024;

const MASKED = ['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/sched_debug', '/proc/scsi', '/proc/timer_list', '/proc/timer_stats', '/sys/devices/virtual/powercap', '/sys/firmware'];
const READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export function defaultHostConfig(): HostConfig {
  return {
    Binds: null, ContainerIDFile: '', LogConfig: { Type: 'json-file', Config: {} }, NetworkMode: 'bridge', PortBindings: {},
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 }, AutoRemove: false, VolumeDriver: '', VolumesFrom: null, ConsoleSize: [0, 0],
    CapAdd: null, CapDrop: null, CgroupnsMode: 'private', Dns: [], DnsOptions: [], DnsSearch: [], ExtraHosts: null, GroupAdd: null,
    IpcMode: 'private', Cgroup: '', Links: null, OomScoreAdj: 0, PidMode: '', Privileged: false, PublishAllPorts: false,
    ReadonlyRootfs: false, SecurityOpt: null, UTSMode: '', UsernsMode: '', ShmSize: SHM_SIZE, Runtime: 'drydock', Isolation: '',
    CpuShares: 0, Memory: 0, NanoCpus: 0, CgroupParent: '', BlkioWeight: 0, BlkioWeightDevice: [], BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [], BlkioDeviceReadIOps: [], BlkioDeviceWriteIOps: [], CpuPeriod: 0, CpuQuota: 0, CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0, CpusetCpus: '', CpusetMems: '', Devices: [], DeviceCgroupRules: null, DeviceRequests: null,
    MemoryReservation: 0, MemorySwap: 0, MemorySwappiness: null, OomKillDisable: null, PidsLimit: null, Ulimits: [], CpuCount: 0,
    CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0, MaskedPaths: MASKED, ReadonlyPaths: READONLY,
  };
}

/** Values that a field may have although the engine cannot do more; anything else is refused with the reason. */
const REFUSED: readonly [field: keyof HostConfig, allowed: readonly unknown[], reason: string][] = [
  ['PidMode', ['', 'private'], 'every container has its own processes here, shared pid namespaces are not supported'],
  ['IpcMode', ['', 'private', 'shareable', 'none'], 'every container has its own IPC here, shared IPC namespaces are not supported'],
  ['UTSMode', [''], 'the host has no UTS namespace to share'],
  ['UsernsMode', ['', 'host'], 'user namespaces are not supported'],
  ['CgroupnsMode', ['', 'private'], 'the host has no cgroups to share'],
  ['CgroupParent', [''], 'there are no cgroups'],
  ['Cgroup', [''], 'there are no cgroups'],
  ['Isolation', ['', 'default'], 'isolation technologies exist on Windows only'],
  ['VolumeDriver', ['', 'local'], 'the only volume driver is local'],
  ['Runtime', ['', 'runc', 'io.containerd.runc.v2', 'drydock'], 'unknown or invalid runtime name'],
];

/** Non-empty lists that are refused. */
const REFUSED_LISTS: readonly [field: keyof HostConfig, reason: string][] = [
  ['Devices', 'there are no host devices to pass through'],
  ['DeviceCgroupRules', 'there are no host devices to pass through'],
  ['Links', 'legacy links are not supported'],
  ['StorageOpt', '--storage-opt is not supported by the storage driver'],
];

/** Limits without an effect here, discarded aloud. */
const DISCARDED: readonly [field: keyof HostConfig, what: string][] = [
  ['CpuShares', 'CPU shares'], ['CpuRealtimePeriod', 'CPU real-time period'], ['CpuRealtimeRuntime', 'CPU real-time runtime'],
  ['CpusetCpus', 'cpuset'], ['CpusetMems', 'cpuset'], ['BlkioWeight', 'block I/O weight'], ['BlkioWeightDevice', 'block I/O weight'],
  ['BlkioDeviceReadBps', 'block I/O limits'], ['BlkioDeviceWriteBps', 'block I/O limits'], ['BlkioDeviceReadIOps', 'block I/O limits'],
  ['BlkioDeviceWriteIOps', 'block I/O limits'], ['MemoryReservation', 'memory soft limit'], ['MemorySwappiness', 'memory swappiness'],
  ['OomKillDisable', 'OomKillDisable'], ['OomScoreAdj', 'OOM score adjustment'],
];

export function normalizeHostConfig(given: Partial<HostConfig> | undefined, request: ContainerCreateRequest): { host: HostConfig; warnings: string[] } {
  const host = defaultHostConfig();
  for (const [key, value] of Object.entries(given ?? {})) {
    if (value !== null && value !== undefined) (host as unknown as Record<string, unknown>)[key] = value;
  }
  host.RestartPolicy = { Name: host.RestartPolicy.Name || 'no', MaximumRetryCount: host.RestartPolicy.MaximumRetryCount ?? 0 };
  host.LogConfig = { Type: host.LogConfig.Type || 'json-file', Config: host.LogConfig.Config ?? {} };
  if (!host.ShmSize) host.ShmSize = SHM_SIZE;
  const warnings = refuseWhatCannotBe(host);
  host.IpcMode ||= 'private';
  host.CgroupnsMode ||= 'private';
  host.Runtime = 'drydock';
  normalizeCapabilities(host);
  checkRestartPolicy(host.RestartPolicy);
  if (host.AutoRemove && host.RestartPolicy.Name !== 'no') throw new InvalidParameter("can't create 'AutoRemove' container with restart policy");
  if (host.ShmSize < 0) throw new InvalidParameter('SHM size can not be less than 0');
  checkResources(host, warnings);
  checkLog(host);
  checkNetwork(host, request);
  checkSecurity(host);
  if (host.Privileged) { host.MaskedPaths = null; host.ReadonlyPaths = null; }
  return { host, warnings };
}

function refuseWhatCannotBe(host: HostConfig): string[] {
  for (const [field, allowed, reason] of REFUSED) {
    if (!allowed.includes(host[field])) throw new InvalidParameter(`${field} ${JSON.stringify(host[field])} is not possible: ${reason}`);
  }
  for (const [field, reason] of REFUSED_LISTS) {
    const value = host[field] as object | null | undefined;
    if (value && Object.keys(value).length > 0) throw new InvalidParameter(`${field} is not possible: ${reason}`);
  }
  if (host.DeviceRequests?.length) {
    const { Driver, Capabilities } = host.DeviceRequests[0];
    throw new InvalidParameter(`could not select device driver "${Driver ?? ''}" with capabilities: [${(Capabilities ?? []).map((c) => `[${c.join(' ')}]`).join(' ')}]`);
  }
  const neutral = (v: unknown): boolean => v === null || v === undefined || v === 0 || v === -1 || v === '' || v === false || (Array.isArray(v) && v.length === 0);
  const warnings = new Set<string>();
  for (const [field, what] of DISCARDED) {
    if (!neutral(host[field])) warnings.add(`Your kernel does not support ${what}. Option discarded.`);
    (host as unknown as Record<string, unknown>)[field] = defaultHostConfig()[field];
  }
  return [...warnings];
}

function checkResources(host: HostConfig, warnings: string[]): void {
  if (host.Memory !== 0 && host.Memory < MIN_MEMORY) throw new InvalidParameter('Minimum memory limit allowed is 6MB');
  if (host.MemorySwap !== 0 && host.MemorySwap !== -1) {
    if (host.Memory === 0) throw new InvalidParameter('You should always set the Memory limit when using Memoryswap limit, see usage');
    if (host.MemorySwap < host.Memory) throw new InvalidParameter('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (host.MemorySwap > host.Memory) warnings.push('There is no swap here: memory is limited without swap.');
  if (host.Memory > 0 && host.MemorySwap === 0) host.MemorySwap = host.Memory * 2;
  if (host.NanoCpus < 0) throw new InvalidParameter('NanoCPUs can not be set to a negative value');
  if (host.NanoCpus > 0 && (host.CpuPeriod > 0 || host.CpuQuota > 0)) throw new InvalidParameter('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (host.CpuPeriod !== 0 && (host.CpuPeriod < 1000 || host.CpuPeriod > 1_000_000)) throw new InvalidParameter('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (host.CpuQuota > 0 && host.CpuQuota < 1000) throw new InvalidParameter('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (host.PidsLimit !== null && host.PidsLimit <= 0) host.PidsLimit = null;
}

function checkLog(host: HostConfig): void {
  const { Type, Config } = host.LogConfig;
  if (!['json-file', 'local', 'none'].includes(Type)) throw new InvalidParameter(`error looking up logging plugin ${Type}: plugin "${Type}" not found`);
  for (const [key, value] of Object.entries(Config)) {
    if (!['max-size', 'max-file', 'compress'].includes(key)) throw new InvalidParameter(`unknown log opt '${key}' for ${Type} log driver`);
    if (key === 'max-size' && value !== '-1' && !(parseSize(value)! > 0)) throw new InvalidParameter(`invalid value for max-size: ${value}`);
    if (key === 'max-file' && !(Number(value) >= 1)) throw new InvalidParameter('max-file cannot be less than 1');
  }
  if ('max-file' in Config && !('max-size' in Config)) throw new InvalidParameter('max-size must be set when max-file is set');
}

function checkNetwork(host: HostConfig, request: ContainerCreateRequest): void {
  if (host.NetworkMode === '' || host.NetworkMode === 'default') host.NetworkMode = 'bridge';
  const mode = host.NetworkMode;
  if (mode === 'host') throw new NotImplemented('network mode "host" is not possible: containers have a network of their own, the host\'s is not reachable');
  if (mode.startsWith('container:')) throw new NotImplemented('network mode "container" is not supported: networks cannot be shared between containers');
  if (mode !== 'bridge' && mode !== 'none') throw new NotImplemented(`network ${mode} not found: user-defined networks are not supported yet`);
  for (const network of Object.keys(request.NetworkingConfig?.EndpointsConfig ?? {})) {
    if (network !== mode && network !== 'default') throw new NotImplemented(`network ${network} not found: user-defined networks are not supported yet`);
  }
  for (const entry of host.ExtraHosts ?? []) {
    const [name, ip] = splitExtraHost(entry);
    if (name === '' || ip === '') throw new InvalidParameter(`bad format for add-host: "${entry}"`);
    if (ip === 'host-gateway') throw new InvalidParameter('unable to derive the IP value for host-gateway');
  }
  if (request.MacAddress) throw new NotImplemented('setting a MAC address is not supported: it follows from the address that the engine gives');
}

function checkSecurity(host: HostConfig): void {
  for (const option of host.SecurityOpt ?? []) {
    if (/^no-new-privileges([:=](true|false))?$/.test(option)) continue;
    if (/^(seccomp|apparmor)[:=]unconfined$/.test(option) || /^label[:=]disable$/.test(option) || option === 'systempaths=unconfined' || option === 'seccomp=builtin') continue;
    throw new InvalidParameter(`invalid --security-opt: "${option}" is not supported here`);
  }
}
