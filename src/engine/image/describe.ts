/** Images in the API's shapes. */
import type { Image } from '../../image/types.ts';
import type { ContainerConfig } from '../api/types/container.ts';
import type { ImageInspect, ImageSummary } from '../api/types/image.ts';
import { graphData, DRIVER } from '../container/inspect.ts';
import type { Engine } from '../engine.ts';
import { ZERO_TIME, rfc3339Nano } from '../ids.ts';

export function createdSeconds(image: Image): number {
  const ms = Date.parse(image.config.created ?? '');
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

export function describeImage(engine: Engine, image: Image): ImageInspect {
  const { config } = image;
  const own = config.config ?? {};
  const shown: Partial<ContainerConfig> = {
    Hostname: '', Domainname: '', User: own.User ?? '', AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false, OpenStdin: false, StdinOnce: false,
    Env: own.Env ?? [], Cmd: own.Cmd ?? null, Image: '', Volumes: own.Volumes ?? null, WorkingDir: own.WorkingDir ?? '', Entrypoint: own.Entrypoint ?? null,
    OnBuild: own.OnBuild ?? null, Labels: (own.Labels ?? null) as Record<string, string>,
  };
  if (own.ExposedPorts) shown.ExposedPorts = own.ExposedPorts;
  if (own.StopSignal) shown.StopSignal = own.StopSignal;
  if (own.StopTimeout !== undefined) shown.StopTimeout = own.StopTimeout;
  if (own.Healthcheck) shown.Healthcheck = own.Healthcheck;
  if (own.Shell?.length) shown.Shell = own.Shell;
  if (own.ArgsEscaped) shown.ArgsEscaped = true;
  const prefixes = engine.images.layerPrefixes(image.id);
  const inspect: ImageInspect = {
    Id: image.id,
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Parent: image.parent ?? '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? ZERO_TIME,
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: shown,
    Architecture: config.architecture,
    Os: config.os,
    Size: image.size,
    GraphDriver: { Name: DRIVER, Data: graphData(prefixes.slice(0, -1), prefixes.at(-1) ?? '') },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: image.lastTagTime > 0 ? rfc3339Nano(BigInt(Math.floor(image.lastTagTime)) * 1_000_000n) : ZERO_TIME },
  };
  if (config.variant) inspect.Variant = config.variant;
  if (config['os.version']) inspect.OsVersion = config['os.version'];
  return inspect;
}

/** `counts`: how many containers use the image and what it shares, where that was asked for; -1 says not computed. */
export function summarizeImage(image: Image, counts: { containers?: number; shared?: number } = {}): ImageSummary {
  return {
    Containers: counts.containers ?? -1,
    Created: createdSeconds(image),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: image.parent ?? '',
    RepoDigests: [...image.repoDigests],
    RepoTags: [...image.repoTags],
    SharedSize: counts.shared ?? -1,
    Size: image.size,
  };
}

/** How many containers were made from the image. */
export function containersOf(engine: Engine, imageId: string): number {
  return engine.containers.all().filter((c) => c.record.imageId === imageId).length;
}

/** An image event: the labels and the name as attributes. */
export function emitImage(engine: Engine, action: string, id: string, name: string, labels?: Record<string, string> | null): void {
  engine.events.emit('image', action, id, { ...labels, name });
}
