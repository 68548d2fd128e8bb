/** The flags that `docker run` and `docker create` share, and the create request that they make. */
import { CliExit } from '../../io.ts';
import { durationFlag, parseMap, parseMount, parsePorts, parseRestart, parseUlimit } from '../../opts.ts';
import { flagBool, flagList, flagNumber, flagString, type Flags, type FlagSpec } from '../../spec.ts';

const f = (name: string, type: FlagSpec['type'], usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({ name, type, usage, ...more });

export const createFlags: readonly FlagSpec[] = [
  f('add-host', 'list', 'Add a custom host-to-IP mapping (host:ip)'),
  f('attach', 'list', 'Attach to STDIN, STDOUT or STDERR', { short: 'a' }),
  f('cap-add', 'list', 'Add Linux capabilities'),
  f('cap-drop', 'list', 'Drop Linux capabilities'),
  f('cidfile', 'string', 'Write the container ID to the file'),
  f('cpus', 'decimal', 'Number of CPUs'),
  f('dns', 'list', 'Set custom DNS servers'),
  f('dns-search', 'list', 'Set custom DNS search domains'),
  f('domainname', 'string', 'Container NIS domain name'),
  f('entrypoint', 'string', 'Overwrite the default ENTRYPOINT of the image'),
  f('env', 'list', 'Set environment variables', { short: 'e' }),
  f('expose', 'list', 'Expose a port or a range of ports'),
  f('group-add', 'list', 'Add additional groups to join'),
  f('health-cmd', 'string', 'Command to run to check health'),
  f('health-interval', 'duration', 'Time between running the check (ms|s|m|h) (default 0s)'),
  f('health-retries', 'int', 'Consecutive failures needed to report unhealthy'),
  f('health-start-period', 'duration', 'Start period for the container to initialize before starting health-retries countdown (ms|s|m|h) (default 0s)'),
  f('health-timeout', 'duration', 'Maximum time to allow one check to run (ms|s|m|h) (default 0s)'),
  f('hostname', 'string', 'Container host name', { short: 'h' }),
  f('init', 'bool', 'Run an init inside the container that forwards signals and reaps processes'),
  f('interactive', 'bool', 'Keep STDIN open even if not attached', { short: 'i' }),
  f('label', 'list', 'Set meta data on a container', { short: 'l' }),
  f('link', 'list', 'Add link to another container', { complete: 'container' }),
  f('log-driver', 'string', 'Logging driver for the container'),
  f('log-opt', 'list', 'Log driver options'),
  f('memory', 'bytes', 'Memory limit', { short: 'm' }),
  f('mount', 'list', 'Attach a filesystem mount to the container', { word: 'mount' }),
  f('name', 'string', 'Assign a name to the container'),
  f('network', 'string', 'Connect a container to a network', { word: 'network', complete: 'network' }),
  f('network-alias', 'list', 'Add network-scoped alias for the container'),
  f('no-healthcheck', 'bool', 'Disable any container-specified HEALTHCHECK'),
  f('pids-limit', 'int', 'Tune container pids limit (set -1 for unlimited)'),
  f('platform', 'string', 'Set platform if server is multi-platform capable'),
  f('privileged', 'bool', 'Give extended privileges to this container'),
  f('publish', 'list', "Publish a container's port(s) to the host", { short: 'p' }),
  f('publish-all', 'bool', 'Publish all exposed ports to random ports', { short: 'P' }),
  f('pull', 'string', 'Pull image before creating ("always", "missing", "never")', { default: 'missing', complete: ['always', 'missing', 'never'] }),
  f('quiet', 'bool', 'Suppress the pull output', { short: 'q' }),
  f('read-only', 'bool', "Mount the container's root filesystem as read only"),
  f('restart', 'string', 'Restart policy to apply when a container exits', { default: 'no', complete: ['no', 'always', 'unless-stopped', 'on-failure'] }),
  f('rm', 'bool', 'Automatically remove the container and its associated anonymous volumes when it exits'),
  f('security-opt', 'list', 'Security Options'),
  f('shm-size', 'bytes', 'Size of /dev/shm'),
  f('stop-signal', 'string', 'Signal to stop the container'),
  f('stop-timeout', 'int', 'Timeout (in seconds) to stop a container'),
  f('sysctl', 'map', 'Sysctl options'),
  f('tmpfs', 'list', 'Mount a tmpfs directory'),
  f('tty', 'bool', 'Allocate a pseudo-TTY', { short: 't' }),
  f('ulimit', 'list', 'Ulimit options'),
  f('user', 'string', 'Username or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
  f('volume', 'list', 'Bind mount a volume', { short: 'v', complete: 'volume' }),
  f('volumes-from', 'list', 'Mount volumes from the specified container(s)', { complete: 'container' }),
  f('workdir', 'string', 'Working directory inside the container', { short: 'w' }),
];

/** Body of POST /containers/create. `attach` says which streams the client will attach. */
export function createRequest(flags: Flags, image: string, command: readonly string[], attach: { stdin: boolean; stdout: boolean; stderr: boolean }): Record<string, unknown> {
  const { exposed, bindings } = parsePorts(flagList(flags, 'publish'));
  for (const port of flagList(flags, 'expose')) exposed[port.includes('/') ? port : `${port}/tcp`] = {};
  const volumes = flagList(flags, 'volume');
  const network = flagString(flags, 'network') ?? 'default';
  const aliases = flagList(flags, 'network-alias');
  const entrypoint = flagString(flags, 'entrypoint');
  const memory = flagNumber(flags, 'memory') ?? 0;
  if (flagBool(flags, 'rm') && !['no', '', undefined].includes(flagString(flags, 'restart'))) throw new CliExit(125, "docker: conflicting options: cannot specify both --restart and --rm\n\nRun 'docker run --help' for more information\n");
  return {
    Hostname: flagString(flags, 'hostname') ?? '', Domainname: flagString(flags, 'domainname') ?? '', User: flagString(flags, 'user') ?? '',
    AttachStdin: attach.stdin, AttachStdout: attach.stdout, AttachStderr: attach.stderr,
    ExposedPorts: exposed, Tty: flagBool(flags, 'tty'), OpenStdin: flagBool(flags, 'interactive'), StdinOnce: flagBool(flags, 'interactive') && attach.stdin,
    Env: flagList(flags, 'env').filter((e) => e.includes('=')), Cmd: command.length > 0 ? command : null, Image: image,
    Healthcheck: healthcheck(flags), Volumes: Object.fromEntries(volumes.filter((v) => !v.includes(':')).map((v) => [v, {}])),
    WorkingDir: flagString(flags, 'workdir') ?? '', Entrypoint: entrypoint === undefined ? null : [entrypoint], Labels: parseMap(flagList(flags, 'label')),
    StopSignal: flagString(flags, 'stop-signal'), StopTimeout: flagNumber(flags, 'stop-timeout'),
    HostConfig: {
      Binds: volumes.filter((v) => v.includes(':')), NetworkMode: network, PortBindings: bindings, PublishAllPorts: flagBool(flags, 'publish-all'),
      RestartPolicy: parseRestart(flagString(flags, 'restart') ?? 'no'), AutoRemove: flagBool(flags, 'rm'), VolumesFrom: flagList(flags, 'volumes-from'),
      CapAdd: flagList(flags, 'cap-add'), CapDrop: flagList(flags, 'cap-drop'), Dns: flagList(flags, 'dns'), DnsSearch: flagList(flags, 'dns-search'),
      ExtraHosts: flagList(flags, 'add-host'), GroupAdd: flagList(flags, 'group-add'), Links: flagList(flags, 'link'), Privileged: flagBool(flags, 'privileged'),
      ReadonlyRootfs: flagBool(flags, 'read-only'), SecurityOpt: flagList(flags, 'security-opt'), Tmpfs: Object.fromEntries(flagList(flags, 'tmpfs').map((t) => t.split(/:(.*)/s)).map(([path, options = '']) => [path, options])),
      ShmSize: flagNumber(flags, 'shm-size') ?? 0, Sysctls: parseMap(flagList(flags, 'sysctl')), Memory: memory, NanoCpus: Math.round((flagNumber(flags, 'cpus') ?? 0) * 1e9),
      PidsLimit: flagNumber(flags, 'pids-limit') ?? null, Ulimits: flagList(flags, 'ulimit').map(parseUlimit), Init: flags.init === undefined ? null : flagBool(flags, 'init'),
      LogConfig: { Type: flagString(flags, 'log-driver') ?? '', Config: parseMap(flagList(flags, 'log-opt')) }, Mounts: flagList(flags, 'mount').map(parseMount),
    },
    NetworkingConfig: { EndpointsConfig: aliases.length > 0 ? { [network]: { Aliases: aliases } } : {} },
  };
}

function healthcheck(flags: Flags): Record<string, unknown> | undefined {
  if (flagBool(flags, 'no-healthcheck')) return { Test: ['NONE'] };
  const command = flagString(flags, 'health-cmd');
  const numbers = {
    Interval: durationFlag(flagString(flags, 'health-interval'), 'health-interval'), Timeout: durationFlag(flagString(flags, 'health-timeout'), 'health-timeout'),
    StartPeriod: durationFlag(flagString(flags, 'health-start-period'), 'health-start-period'), Retries: flagNumber(flags, 'health-retries'),
  };
  if (command === undefined && Object.values(numbers).every((v) => v === undefined)) return undefined;
  return { ...(command === undefined ? {} : { Test: ['CMD-SHELL', command] }), ...numbers };
}
