/**
 * docker push: uploads what the registry lacks (layers recompressed from their exact tar, or only referred to when the
 * registry has the compressed form they came in) and puts a schema 2 manifest. Reference: distribution-spec "Push";
 * progress lines are moby's (distribution/push_v2.go).
 */
import { NotFound } from '../../base/errors.ts';
import { iterate, streamOf } from '../../base/streams.ts';
import type { Blob, BlobStore } from '../content/blob-store.ts';
import { digestOf } from '../digest.ts';
import type { LayerBlob, LayerStore } from '../layer/layer-store.ts';
import { MediaType } from '../media-types.ts';
import type { Progress } from '../progress.ts';
import type { Image } from '../types.ts';
import type { RegistryClient } from './client.ts';
import { RegistryError } from './errors.ts';
import { uploadLocation } from './hosts.ts';

/** Chunk of an upload: one PATCH request. */
const UPLOAD_CHUNK = 8 << 20;

export interface PushContext { layers: LayerStore; blobs: BlobStore; client: RegistryClient; name: string; progress: Progress; signal?: AbortSignal }

export async function pushImage(context: PushContext, image: Image, tag: string): Promise<{ digest: string; size: number }> {
  const { progress } = context;
  for (const { diffId } of image.layers) progress({ status: 'Preparing', progressDetail: {}, id: diffId.slice(7, 19) });
  const layers: LayerBlob[] = [];
  for (const { diffId } of image.layers) layers.push(await pushLayer(context, diffId));
  if (!await exists(context, image.id)) await upload(context, image.id, image.rawConfig.length, (async function* () { yield image.rawConfig; })(), () => undefined);
  const manifest = {
    schemaVersion: 2, mediaType: MediaType.DockerManifest,
    config: { mediaType: MediaType.DockerConfig, size: image.rawConfig.length, digest: image.id },
    layers: layers.map(({ digest, size }) => ({ mediaType: MediaType.DockerLayerGzip, size, digest })),
  };
  const body = new TextEncoder().encode(JSON.stringify(manifest, undefined, 3)), digest = await digestOf(body);
  await request(context, `${context.name}/manifests/${tag}`, { method: 'PUT', headers: { 'content-type': MediaType.DockerManifest }, body });
  return { digest, size: body.length };
}

async function pushLayer(context: PushContext, diffId: string): Promise<LayerBlob> {
  const { layers, blobs, progress } = context, id = diffId.slice(7, 19);
  const record = layers.get(diffId);
  if (!record) throw new NotFound(`layer ${diffId} does not exist`);
  for (const blob of record.blobs) {
    if (!/gzip$/.test(blob.mediaType) || !await exists(context, blob.digest)) continue;
    progress({ status: 'Layer already exists', progressDetail: {}, id });
    return blob;
  }
  const packed: Blob = await blobs.spool(iterate(streamOf(layers.tar(diffId)).pipeThrough(gzip())), context.signal);
  try {
    const blob = { digest: packed.digest, size: packed.size, mediaType: MediaType.DockerLayerGzip };
    if (await exists(context, packed.digest)) {
      progress({ status: 'Layer already exists', progressDetail: {}, id });
    } else {
      await upload(context, packed.digest, packed.size, packed.read(), (current) => { progress({ status: 'Pushing', progressDetail: { current, total: packed.size }, id }); });
      progress({ status: 'Pushed', progressDetail: {}, id });
    }
    await layers.addBlob(record, blob);
    return blob;
  } finally {
    await packed.remove();
  }
}

/** The DOM's types of stream chunks are narrower than ours in web.d.ts: the same class, declared twice. */
function gzip(): { writable: WritableStream<Uint8Array>; readable: ReadableStream<Uint8Array> } { return new CompressionStream('gzip') as { writable: WritableStream; readable: ReadableStream }; }

async function exists(context: PushContext, digest: string): Promise<boolean> {
  try { await request(context, `${context.name}/blobs/${digest}`, { method: 'HEAD' }); return true; } catch (e) {
    if (e instanceof RegistryError && e.status === 404) return false;
    throw e;
  }
}

async function upload(context: PushContext, digest: string, size: number, chunks: AsyncIterable<Uint8Array>, seen: (current: number) => void): Promise<void> {
  let response = await request(context, `${context.name}/blobs/uploads/`, { method: 'POST' });
  let location = target(context, response.headers.get('location'));
  let buffer = new Uint8Array(Math.min(UPLOAD_CHUNK, size)), filled = 0, sent = 0;
  const send = async (): Promise<void> => {
    const body = buffer.slice(0, filled);
    response = await request(context, location, { method: 'PATCH', headers: { 'content-type': 'application/octet-stream', 'content-range': `${sent}-${sent + filled - 1}` }, body });
    location = target(context, response.headers.get('location'));
    sent += filled;
    filled = 0;
    seen(sent);
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const n = Math.min(chunk.length - at, buffer.length - filled);
      buffer.set(chunk.subarray(at, at + n), filled);
      filled += n;
      at += n;
      if (filled === buffer.length) await send();
    }
  }
  if (filled > 0) await send();
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  await request(context, url.href, { method: 'PUT' });
}

function target(context: PushContext, location: string | null): string {
  if (location === null) throw new RegistryError(202, 'BLOB_UPLOAD_INVALID', 'the registry gave no upload location');
  return uploadLocation(location, context.client.endpoint);
}

function request(context: PushContext, path: string, options: { method: string; headers?: Record<string, string>; body?: Uint8Array }): ReturnType<RegistryClient['request']> {
  return context.client.request(path, { ...options, scope: `repository:${context.name}:pull,push`, signal: context.signal });
}
