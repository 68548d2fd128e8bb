/**
 * From a container's record to the sandbox's specification: root, mounts, generated files, and pid 1. Reference: moby
 * daemon/oci_linux.go, container.CreateDaemonEnvironment.
 */
import type { MountSpec, ProcessSpec, SandboxSpec } from '../../runtime/sandbox-api.ts';
import type { Ulimit } from '../api/types/container.ts';
import type { Engine } from '../engine.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { Container, ContainerRecord, MountRecord } from './container.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const encoder = new TextEncoder();

export function sandboxSpec(_engine: Engine, container: Container): SandboxSpec {
  const { record } = container;
  const { config, hostConfig } = record;
  return {
    id: record.id,
    hostname: config.Hostname,
    domainname: config.Domainname,
    rootfs: { layers: record.layers, upper: `rw/${record.id}`, readonly: hostConfig.ReadonlyRootfs },
    mounts: record.mounts.map(mountSpec),
    files: generatedFiles(record, container.endpoint?.address?.ip),
    network: { mode: hostConfig.NetworkMode === 'none' ? 'none' : 'bridge', address: container.endpoint?.address },
    resources: {
      memory: hostConfig.Memory || undefined,
      pids: hostConfig.PidsLimit && hostConfig.PidsLimit > 0 ? hostConfig.PidsLimit : undefined,
      shmSize: hostConfig.ShmSize,
      nanoCpus: hostConfig.NanoCpus || (hostConfig.CpuQuota > 0 ? Math.floor((hostConfig.CpuQuota / (hostConfig.CpuPeriod || 100_000)) * 1e9) : undefined),
    },
    sysctls: hostConfig.Sysctls ?? {},
    init: hostConfig.Init === true,
    strace: hostConfig.Annotations?.['io.drydock.strace'] === 'true',
  };
}

function mountSpec(mount: MountRecord): MountSpec {
  const target = mount.Destination, readonly = !mount.RW;
  switch (mount.Type) {
    case 'volume': return { type: 'volume', target, upper: mount.store!, readonly, copyUp: mount.copyUp === true };
    case 'bind': return { type: 'bind', target, source: mount.Source, readonly };
    case 'tmpfs': return { type: 'tmpfs', target, size: mount.size, mode: mount.mode, options: mount.options ?? [], readonly };
  }
}

/** /etc/hostname, /etc/hosts and /etc/resolv.conf, which Docker mounts over the image's own. */
function generatedFiles(record: ContainerRecord, ip: string | undefined): SandboxSpec['files'] {
  const { config, hostConfig } = record;
  const hosts = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', 'fe00::\tip6-localnet', 'ff00::\tip6-mcastprefix', 'ff02::1\tip6-allnodes', 'ff02::2\tip6-allrouters'];
  for (const extra of hostConfig.ExtraHosts ?? []) {
    const [host, ip] = splitExtraHost(extra);
    hosts.push(`${ip}\t${host}`);
  }
  if (ip !== undefined) hosts.push(`${ip}\t${config.Domainname ? `${config.Hostname}.${config.Domainname} ` : ''}${config.Hostname}`);
  const resolv: string[] = (hostConfig.Dns ?? []).map((server) => `nameserver ${server}`);
  if (hostConfig.DnsSearch?.length) resolv.push(`search ${hostConfig.DnsSearch.join(' ')}`);
  if (hostConfig.DnsOptions?.length) resolv.push(`options ${hostConfig.DnsOptions.join(' ')}`);
  const file = (path: string, lines: string[]): SandboxSpec['files'][number] => ({ path, content: encoder.encode(lines.map((l) => `${l}\n`).join('')), mode: 0o644 });
  return [file('/etc/hostname', [config.Hostname]), file('/etc/hosts', hosts), file('/etc/resolv.conf', resolv)];
}

/** `host:ip` or `host=ip`; an IPv6 address may be in brackets. */
export function splitExtraHost(text: string): [host: string, ip: string] {
  const at = text.search(/[:=]/);
  if (at < 0) return [text, ''];
  return [text.slice(0, at), text.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
}

export function processSpec(record: ContainerRecord): ProcessSpec {
  const { config, hostConfig } = record;
  return {
    args: [record.path, ...record.args],
    env: environment(config.Hostname, config.Tty, config.Env),
    cwd: config.WorkingDir || '/',
    user: config.User,
    groups: hostConfig.GroupAdd ?? [],
    tty: config.Tty,
    rows: hostConfig.ConsoleSize[0] || undefined,
    columns: hostConfig.ConsoleSize[1] || undefined,
    openStdin: config.OpenStdin,
    noNewPrivileges: (hostConfig.SecurityOpt ?? []).some((o) => /^no-new-privileges([:=]true)?$/.test(o)),
    capabilities: capabilitiesOf(hostConfig),
    rlimits: (hostConfig.Ulimits ?? []).map((u: Ulimit) => ({ name: u.Name, soft: u.Soft, hard: u.Hard })),
  };
}

/** The engine's own variables first, each replaced by what the container sets. HOME is the runtime's, which knows the user. */
export function environment(hostname: string, tty: boolean, own: readonly string[], more: readonly string[] = []): string[] {
  const out = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`];
  if (tty) out.push('TERM=xterm');
  for (const entry of [...own, ...more]) setVariable(out, entry);
  return out;
}

/** Replaces or appends `NAME=value`; a bare `NAME` removes the variable. */
export function setVariable(env: string[], entry: string): void {
  const eq = entry.indexOf('=');
  const name = eq < 0 ? entry : entry.slice(0, eq);
  const at = env.findIndex((e) => e.startsWith(`${name}=`));
  if (eq < 0) { if (at >= 0) env.splice(at, 1); } else if (at >= 0) env[at] = entry;
  else env.push(entry);
}
