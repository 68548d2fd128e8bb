/**
 * docker pull: reference -> manifest -> configuration and layers -> image. Layers download in parallel and unpack in
 * order, each as soon as those below it are there; progress lines are moby's (distribution/pull_v2.go).
 */
import { InvalidParameter } from '../base/errors.ts';
import { collect } from '../base/streams.ts';
import { parseConfig, type ImageConfig } from './config.ts';
import type { Blob } from './content/blob-store.ts';
import { digestOf } from './digest.ts';
import type { ImageStore } from './image-store.ts';
import { decompress } from './layer/inflate.ts';
import type { LayerStore } from './layer/layer-store.ts';
import { checkRunnable, choosePlatform, isIndexContent, type Descriptor, type Manifest, type ManifestBlob } from './manifest.ts';
import { isConfig } from './media-types.ts';
import { formatPlatform, matchPlatform, type Platform } from './platform.ts';
import type { Progress } from './progress.ts';
import type { Reference } from '../base/reference.ts';
import { familiarString } from '../base/reference.ts';
import type { Downloads } from './registry/downloads.ts';
import type { ImageSource } from './registry/source.ts';
import type { Image } from './types.ts';

const MAX_CONFIG = 8 << 20;

export interface PullContext { layers: LayerStore; images: ImageStore; downloads: Downloads }
export interface PullRequest { reference: Reference; source: ImageSource; root: ManifestBlob; platform: Platform; platformAsked: boolean; progress: Progress; signal: AbortSignal }

/** Pulls the image behind `root`, the manifest or index that the reference names. */
export async function pullManifest(context: PullContext, request: PullRequest): Promise<Image> {
  const { reference, source, root, progress, signal } = request;
  progress({ status: `Pulling from ${reference.path}`, id: reference.tag ?? reference.digest });
  const { manifest, digest: manifestDigest } = await selectManifest(source, root, request.platform, signal);
  checkRunnable(manifest);
  const rawConfig = await fetchConfig(source, manifest.config, signal);
  const config = parseConfig(rawConfig);
  checkConfig(config, manifest, request);

  const references: Reference[] = [{ domain: reference.domain, path: reference.path, digest: root.digest }];
  if (reference.tag !== undefined && reference.digest === undefined) references.push({ domain: reference.domain, path: reference.path, tag: reference.tag });
  const shown = familiarString(reference.digest !== undefined ? { ...reference, tag: undefined } : reference);
  const before = context.images.find(shown)?.id;
  const held = config.rootfs.diff_ids;
  held.forEach((d) => { context.layers.hold(d); });
  try {
    if (!context.images.has(manifest.config.digest)) await fetchLayers(context, source, manifest.layers, config.rootfs.diff_ids, progress, signal);
    const image = await context.images.add(rawConfig, { manifest: manifestDigest, references });
    progress({ status: `Digest: ${root.digest}` });
    progress({ status: before === image.id ? `Status: Image is up to date for ${shown}` : `Status: Downloaded newer image for ${shown}` });
    return image;
  } finally {
    held.forEach((d) => { context.layers.release(d); });
  }
}

async function selectManifest(source: ImageSource, root: ManifestBlob, platform: Platform, signal: AbortSignal): Promise<{ manifest: Manifest; digest: string }> {
  let blob = root;
  for (let depth = 0; isIndexContent(blob.content); depth++) {
    if (depth > 3) throw new InvalidParameter('image index is nested too deeply');
    blob = await source.manifest(choosePlatform(blob.content, platform).digest, signal);
  }
  return { manifest: blob.content, digest: blob.digest };
}

async function fetchConfig(source: ImageSource, descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  if (!isConfig(descriptor.mediaType)) throw new InvalidParameter(`unsupported media type ${descriptor.mediaType}: not a container image`);
  if (descriptor.size > MAX_CONFIG) throw new InvalidParameter(`image configuration of ${descriptor.size} bytes`);
  const bytes = await collect(source.blob(descriptor, 0, signal), MAX_CONFIG);
  if (await digestOf(bytes) !== descriptor.digest) throw new InvalidParameter(`image config verification failed for digest ${descriptor.digest}`);
  return bytes;
}

function checkConfig(config: ImageConfig, manifest: Manifest, request: PullRequest): void {
  if (config.rootfs.diff_ids.length !== manifest.layers.length) throw new InvalidParameter("layers from manifest don't match image configuration");
  if (config.os === 'windows') throw new InvalidParameter('image operating system "windows" cannot be used on this platform');
  const have: Platform = { os: config.os, architecture: config.architecture, ...(config.variant !== undefined && { variant: config.variant }) };
  if (request.platformAsked && matchPlatform(request.platform, have) === 0) {
    throw new InvalidParameter(`image with reference ${familiarString(request.reference)} was found but does not provide the specified platform (${formatPlatform(request.platform)})`);
  }
}

async function fetchLayers(context: PullContext, source: ImageSource, descriptors: readonly Descriptor[], diffIds: readonly string[], progress: Progress, outer: AbortSignal): Promise<void> {
  const abort = new AbortController();
  const stop = (): void => { abort.abort(outer.reason); };
  outer.addEventListener('abort', stop, { once: true });
  if (outer.aborted) stop();
  try {
    const downloads = descriptors.map((descriptor, i): Promise<Blob> | undefined => {
      const id = descriptor.digest.slice(7, 19);
      if (context.layers.get(diffIds[i])) { progress({ status: 'Already exists', progressDetail: {}, id }); return undefined; }
      progress({ status: 'Pulling fs layer', progressDetail: {}, id });
      const result = downloadLayer(context, source, descriptor, progress, abort.signal);
      result.catch((e: unknown) => { abort.abort(e); });
      return result;
    });
    for (const [i, download] of downloads.entries()) {
      if (!download) continue;
      const blob = await download, descriptor = descriptors[i], id = descriptor.digest.slice(7, 19);
      await context.layers.ensure(diffIds[i], () => decompress(watch(blob, (current) => { progress({ status: 'Extracting', progressDetail: { current, total: descriptor.size }, id }); })), descriptor, abort.signal);
      await blob.remove();
      progress({ status: 'Pull complete', progressDetail: {}, id });
    }
  } catch (e) {
    abort.abort(e);
    throw e;
  } finally {
    outer.removeEventListener('abort', stop);
  }
}

async function downloadLayer(context: PullContext, source: ImageSource, descriptor: Descriptor, progress: Progress, signal: AbortSignal): Promise<Blob> {
  const id = descriptor.digest.slice(7, 19);
  const blob = await context.downloads.get(descriptor, (offset, s) => source.blob(descriptor, offset, s), {
    waiting: () => { progress({ status: 'Waiting', progressDetail: {}, id }); },
    progress: (current) => { progress({ status: 'Downloading', progressDetail: { current, total: descriptor.size }, id }); },
    verifying: () => { progress({ status: 'Verifying Checksum', progressDetail: {}, id }); },
  }, signal);
  progress({ status: 'Download complete', progressDetail: {}, id });
  return blob;
}

async function* watch(blob: Blob, seen: (current: number) => void): AsyncGenerator<Uint8Array, void> {
  let current = 0;
  for await (const chunk of blob.read()) { yield chunk; current += chunk.length; seen(current); }
}
