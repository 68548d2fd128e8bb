/** POST /containers/create. Reference: moby daemon/create.go, container_unix.go. */
import { InvalidParameter, NotFound } from '../../base/errors.ts';
import type { Image } from '../../image/types.ts';
import { json, type Operation } from '../api/call.ts';
import type { ContainerConfig, ContainerCreateRequest, ContainerCreateResponse } from '../api/types/container.ts';
import type { Engine } from '../engine.ts';
import { ZERO_TIME, newId, timestamp } from '../ids.ts';
import { checkPublications } from '../network/port-specs.ts';
import { nameProblem, randomName } from '../names.ts';
import { Container, type ContainerRecord } from './container.ts';
import { emitContainer } from './event.ts';
import { normalizeHostConfig } from './host-config.ts';
import { planMounts } from './mounts.ts';
import { parseSignal } from './signals.ts';

export const containerCreate: Operation = async (engine, call) => {
  const request = await call.json<ContainerCreateRequest>();
  if (!request) throw new InvalidParameter('config cannot be empty in order to create a container');
  const answer = await createContainer(engine, request, call.query.text('name'), call.query.text('platform'));
  return json(answer, 201);
};

export async function createContainer(engine: Engine, request: ContainerCreateRequest, name: string, platform = ''): Promise<ContainerCreateResponse> {
  const { host, warnings } = normalizeHostConfig(request.HostConfig, request);
  checkConfig(request);
  const image = findImage(engine, request.Image ?? '', platform);
  const id = newId(engine.random);
  const config = mergeConfig(request, image, id);
  checkPublications(config, host, engine.ports !== undefined);
  const [path, ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (path === undefined) throw new InvalidParameter('no command specified');
  if (path === '') throw new InvalidParameter('invalid command: the first argument is empty');

  const taken = reserveName(engine, name, id);
  let created: string[] = [];
  try {
    const plan = await planMounts(engine, config, host);
    created = plan.created;
    const record: ContainerRecord = {
      id, name: taken, created: timestamp(engine.clock), imageId: image.id, layers: engine.images.layerPrefixes(image.id), path, args, config, hostConfig: host,
      mounts: plan.records, restartCount: 0, manuallyStopped: false, dead: false,
      state: { Running: false, Paused: false, Restarting: false, OOMKilled: false, Dead: false, Pid: 0, ExitCode: 0, Error: '', StartedAt: ZERO_TIME, FinishedAt: ZERO_TIME },
    };
    const container = new Container(record, engine.store);
    engine.containers.add(container);
    await engine.containers.save(container);
    emitContainer(engine, container, 'create');
    return { Id: id, Warnings: warnings };
  } catch (e) {
    engine.containers.release(taken);
    for (const volume of created) await engine.volumes.delete(volume).catch(() => undefined);
    throw e;
  }
}

function findImage(engine: Engine, reference: string, platform: string): Image {
  if (reference === '') throw new InvalidParameter('config cannot be empty in order to create a container');
  const image = engine.images.find(reference);
  if (!image) throw new NotFound(`No such image: ${withTag(reference)}`);
  const own = [image.config.os, image.config.architecture].join('/');
  const [os, architecture] = platform.split('/');
  if (platform !== '' && own !== [os, architecture].join('/')) {
    throw new NotFound(`image with reference ${reference} was found but does not provide the specified platform (${platform})`);
  }
  if (image.config.os !== 'linux' || image.config.architecture !== 'amd64') {
    throw new InvalidParameter(`image ${reference} is for ${own}: this engine runs linux/amd64`);
  }
  return image;
}

/** `alpine` is asked for as `alpine:latest`, which is how Docker's answer names it. */
function withTag(reference: string): string {
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  return last.includes(':') || reference.includes('@') || /^[0-9a-f]{64}$/.test(reference) ? reference : `${reference}:latest`;
}

function reserveName(engine: Engine, asked: string, id: string): string {
  if (asked !== '') {
    const problem = nameProblem(asked);
    if (problem) throw new InvalidParameter(problem);
    const name = asked.replace(/^\//, '');
    engine.containers.reserve(name, id);
    return name;
  }
  for (let attempt = 0; ; attempt++) {
    const name = randomName(engine.random, attempt);
    if (engine.containers.taken(name)) continue;
    engine.containers.reserve(name, id);
    return name;
  }
}

const list = (value: string[] | string | null | undefined): string[] | null => (value === undefined || value === null ? null : typeof value === 'string' ? [value] : value);

function checkConfig(request: ContainerCreateRequest): void {
  const { WorkingDir, Hostname, Env, StopSignal, StopTimeout, Healthcheck, ExposedPorts } = request;
  if (WorkingDir && !WorkingDir.startsWith('/')) throw new InvalidParameter(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`);
  if (Hostname && (Hostname.length > 63 || !/^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/.test(Hostname))) throw new InvalidParameter(`invalid hostname format: ${Hostname}`);
  for (const entry of Env ?? []) if (entry === '' || entry.startsWith('=')) throw new InvalidParameter(`invalid environment variable: ${entry}`);
  if (StopSignal) parseSignal(StopSignal);
  if (StopTimeout !== undefined && StopTimeout !== null && !Number.isInteger(StopTimeout)) throw new InvalidParameter('invalid stop timeout');
  for (const port of Object.keys(ExposedPorts ?? {})) if (!/^\d+(-\d+)?(\/(tcp|udp|sctp))?$/.test(port)) throw new InvalidParameter(`invalid port specification: "${port}"`);
  if (Healthcheck) {
    for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
      const value = Healthcheck[key];
      if (value !== undefined && value !== 0 && value < 1e6) throw new InvalidParameter(`${key} in Healthcheck cannot be less than 1ms`);
    }
    if ((Healthcheck.Retries ?? 0) < 0) throw new InvalidParameter('Retries in Healthcheck cannot be negative');
  }
}

/** The container's configuration: what was asked for, with the image's for the rest. */
function mergeConfig(request: ContainerCreateRequest, image: Image, id: string): ContainerConfig {
  const from = image.config.config ?? {};
  let entrypoint = list(request.Entrypoint), cmd = list(request.Cmd);
  if (entrypoint === null) {
    if (cmd === null || cmd.length === 0) cmd = from.Cmd ?? null;
    entrypoint = from.Entrypoint ?? null;
  } else if (entrypoint.length === 1 && entrypoint[0] === '') {
    entrypoint = null;
  }
  const env = [...(request.Env ?? [])];
  const names = new Set(env.map((e) => e.split('=')[0]));
  for (const entry of from.Env ?? []) if (!names.has(entry.split('=')[0])) env.push(entry);
  const config: ContainerConfig = {
    Hostname: request.Hostname || id.slice(0, 12),
    Domainname: request.Domainname ?? '',
    User: request.User || from.User || '',
    AttachStdin: request.AttachStdin ?? false,
    AttachStdout: request.AttachStdout ?? false,
    AttachStderr: request.AttachStderr ?? false,
    Tty: request.Tty ?? false,
    OpenStdin: request.OpenStdin ?? false,
    StdinOnce: request.StdinOnce ?? false,
    Env: env,
    Cmd: cmd,
    Image: request.Image ?? '',
    Volumes: merged(request.Volumes, from.Volumes),
    WorkingDir: request.WorkingDir || from.WorkingDir || '',
    Entrypoint: entrypoint,
    OnBuild: request.OnBuild ?? from.OnBuild ?? null,
    Labels: { ...from.Labels, ...request.Labels },
  };
  const ports = merged(request.ExposedPorts, from.ExposedPorts);
  if (ports) config.ExposedPorts = ports;
  const health = mergeHealth(request, image);
  if (health) config.Healthcheck = health;
  const stopSignal = request.StopSignal || from.StopSignal;
  if (stopSignal) config.StopSignal = stopSignal;
  const stopTimeout = request.StopTimeout ?? from.StopTimeout;
  if (stopTimeout !== undefined) config.StopTimeout = stopTimeout;
  const shell = request.Shell ?? from.Shell;
  if (shell?.length) config.Shell = shell;
  if (request.NetworkDisabled) config.NetworkDisabled = true;
  return config;
}

function merged(a: Record<string, object> | null | undefined, b: Record<string, object> | null | undefined): Record<string, object> | null {
  const all = { ...b, ...a };
  return Object.keys(all).length > 0 ? all : null;
}

function mergeHealth(request: ContainerCreateRequest, image: Image): ContainerConfig['Healthcheck'] {
  const own = request.Healthcheck, base = image.config.config?.Healthcheck ?? undefined;
  if (!own) return base;
  if (!base) return own;
  return {
    Test: own.Test?.length ? own.Test : base.Test,
    Interval: own.Interval || base.Interval,
    Timeout: own.Timeout || base.Timeout,
    StartPeriod: own.StartPeriod || base.StartPeriod,
    StartInterval: own.StartInterval || base.StartInterval,
    Retries: own.Retries || base.Retries,
  };
}
