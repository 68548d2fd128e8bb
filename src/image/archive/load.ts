/**
 * docker load: `docker save` archives (manifest.json; layers as <id>/layer.tar or blobs) and OCI image layouts in a tar,
 * either plain or compressed. Large members are spooled to the store, because an archive names its layers only at its end.
 */
import { InvalidParameter } from '../../base/errors.ts';
import { collect } from '../../base/streams.ts';
import { parseConfig } from '../config.ts';
import type { Blob, BlobStore } from '../content/blob-store.ts';
import type { ImageStore } from '../image-store.ts';
import { decompress } from '../layer/inflate.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { TarReader, type TarEntry } from '../layer/tar-read.ts';
import { checkRunnable, choosePlatform, isIndexContent, parseManifest, type Descriptor, type Index, type Manifest } from '../manifest.ts';
import type { Platform } from '../platform.ts';
import type { Progress } from '../progress.ts';
import { canonicalString, familiarString, parseReference, withDefaultTag, type Reference } from '../../base/reference.ts';
import type { Image } from '../types.ts';
import { REF_NAME } from './oci-layout.ts';

const IN_MEMORY_FILE = 64 << 10;
const IN_MEMORY_TOTAL = 16 << 20;
const MAX_JSON = 16 << 20;
const CONTAINERD_NAME = 'io.containerd.image.name';

type Member = { bytes: Uint8Array } | { blob: Blob } | { link: string };
interface Candidate { config: string; layers: string[]; references: Reference[] }

export interface LoadContext { layers: LayerStore; images: ImageStore; blobs: BlobStore; platform: Platform; progress: Progress; signal?: AbortSignal }

export async function loadArchive(context: LoadContext, archive: AsyncIterable<Uint8Array>): Promise<Image[]> {
  const members = new Map<string, Member>();
  try {
    await readMembers(context, archive, members);
    const files = new Members(members);
    const candidates = files.has('manifest.json') ? await dockerArchive(files) : files.has('index.json') ? await ociArchive(files, context.platform) : undefined;
    if (!candidates) throw new InvalidParameter('invalid archive: does not contain a manifest.json');
    const images: Image[] = [];
    for (const candidate of candidates) images.push(await loadImage(context, files, candidate));
    return images;
  } finally {
    for (const member of members.values()) if ('blob' in member) await member.blob.remove();
  }
}

async function readMembers(context: LoadContext, archive: AsyncIterable<Uint8Array>, members: Map<string, Member>): Promise<void> {
  const reader = new TarReader(decompress(archive));
  let held = 0;
  try {
    for (let entry: TarEntry | undefined; (entry = await reader.next());) {
      context.signal?.throwIfAborted();
      const name = resolve('', entry.name);
      if (entry.type === 'symlink' || entry.type === 'link') {
        members.set(name, { link: entry.type === 'link' ? resolve('', entry.linkName) : resolve(directoryOf(name), entry.linkName) });
      } else if (entry.type === 'file') {
        const content = (async function* (): AsyncGenerator<Uint8Array, void> { for (let p = await reader.read(); p; p = await reader.read()) yield p; })();
        const small = entry.size <= IN_MEMORY_FILE && held + entry.size <= IN_MEMORY_TOTAL;
        if (small) held += entry.size;
        members.set(name, small ? { bytes: await collect(copies(content)) } : { blob: await context.blobs.spool(content, context.signal) });
      }
    }
  } finally {
    await reader.close();
  }
}

/** Pieces of a reader are valid only until its next call. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> { for await (const chunk of chunks) yield chunk.slice(); }

class Members {
  constructor(private readonly members: Map<string, Member>) {}

  has(path: string): boolean { return this.members.has(path); }

  read(path: string): AsyncIterable<Uint8Array> {
    const member = this.find(path);
    return 'bytes' in member ? (async function* () { yield member.bytes; })() : member.blob.read();
  }

  size(path: string): number { const m = this.find(path); return 'bytes' in m ? m.bytes.length : m.blob.size; }
  bytes(path: string): Promise<Uint8Array> { return collect(this.read(path), MAX_JSON); }

  async json<T>(path: string): Promise<T> {
    try { return JSON.parse(new TextDecoder().decode(await this.bytes(path))) as T; } catch (e) {
      if (e instanceof InvalidParameter) throw e;
      throw new InvalidParameter(`invalid archive: ${path}: ${(e as Error).message}`);
    }
  }

  private find(path: string): Exclude<Member, { link: string }> {
    let member = this.members.get(path);
    for (let hops = 0; member && 'link' in member && hops < 10; hops++) member = this.members.get(member.link);
    if (!member || 'link' in member) throw new InvalidParameter(`invalid archive: ${path} is missing`);
    return member;
  }
}

async function dockerArchive(files: Members): Promise<Candidate[]> {
  const list = await files.json<{ Config?: unknown; RepoTags?: unknown; Layers?: unknown }[]>('manifest.json');
  if (!Array.isArray(list)) throw new InvalidParameter('invalid archive: manifest.json is not a list');
  return list.map(({ Config, RepoTags, Layers }) => {
    if (typeof Config !== 'string' || !Array.isArray(Layers)) throw new InvalidParameter('invalid archive: manifest.json lacks Config or Layers');
    const tags = Array.isArray(RepoTags) ? RepoTags : [];
    return { config: resolve('', Config), layers: Layers.map((l) => resolve('', String(l))), references: tags.map((t) => withDefaultTag(parseReference(String(t)))) };
  });
}

async function ociArchive(files: Members, platform: Platform): Promise<Candidate[]> {
  const blobPath = (d: Descriptor): string => `blobs/${d.digest.replace(':', '/')}`;
  const index = parseManifest(await files.bytes('index.json')) as Index;
  const byConfig = new Map<string, Candidate>();
  for (const descriptor of index.manifests) {
    if (descriptor.annotations?.['vnd.docker.reference.type'] !== undefined) continue;
    let content: Manifest | Index = parseManifest(await files.bytes(blobPath(descriptor)), descriptor.mediaType);
    while (isIndexContent(content)) content = parseManifest(await files.bytes(blobPath(choosePlatform(content, platform))));
    checkRunnable(content);
    const config = blobPath(content.config);
    const candidate = byConfig.get(config) ?? { config, layers: content.layers.map(blobPath), references: [] };
    byConfig.set(config, candidate);
    const reference = nameOf(descriptor);
    if (reference) candidate.references.push(reference);
  }
  return [...byConfig.values()];
}

/** The image name of an index entry: containerd's annotation, or a reference in the standard one (a lone tag names nothing). */
function nameOf(descriptor: Descriptor): Reference | undefined {
  const standard = descriptor.annotations?.[REF_NAME];
  const text = descriptor.annotations?.[CONTAINERD_NAME] ?? (standard !== undefined && /[/:]/.test(standard) ? standard : undefined);
  try { return text === undefined ? undefined : withDefaultTag(parseReference(text)); } catch { return undefined; }
}

async function loadImage(context: LoadContext, files: Members, candidate: Candidate): Promise<Image> {
  const { layers, images, progress, signal } = context;
  const rawConfig = await files.bytes(candidate.config), { rootfs } = parseConfig(rawConfig);
  if (rootfs.diff_ids.length !== candidate.layers.length) throw new InvalidParameter(`invalid manifest, layers length mismatch: expected ${candidate.layers.length}, got ${rootfs.diff_ids.length}`);
  rootfs.diff_ids.forEach((d) => { layers.hold(d); });
  try {
    for (const [i, diffId] of rootfs.diff_ids.entries()) {
      if (layers.get(diffId)) continue;
      const path = candidate.layers[i], total = files.size(path), id = diffId.slice(7, 19);
      await layers.ensure(diffId, () => decompress(counted(files.read(path), (current) => { progress({ status: 'Loading layer', progressDetail: { current, total }, id }); })), undefined, signal);
    }
    for (const reference of candidate.references) {
      const old = images.find(canonicalString(reference));
      const text = familiarString(reference);
      if (old && old.rawConfig.length > 0 && !sameBytes(old.rawConfig, rawConfig)) progress({ stream: `The image ${text} already exists, renaming the old one with ID ${old.id} to empty string\n` });
    }
    const image = await images.add(rawConfig, { references: candidate.references });
    if (candidate.references.length === 0) progress({ stream: `Loaded image ID: ${image.id}\n` });
    for (const reference of candidate.references) progress({ stream: `Loaded image: ${familiarString(reference)}\n` });
    return image;
  } finally {
    rootfs.diff_ids.forEach((d) => { layers.release(d); });
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, seen: (current: number) => void): AsyncGenerator<Uint8Array, void> {
  let current = 0;
  for await (const chunk of chunks) { yield chunk; current += chunk.length; seen(current); }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean { return a.length === b.length && a.every((v, i) => v === b[i]); }
function directoryOf(path: string): string { return path.slice(0, Math.max(path.lastIndexOf('/'), 0)); }

/** A member's path, cleaned and scoped to the archive. */
function resolve(directory: string, path: string): string {
  const out: string[] = [];
  for (const part of `${directory}/${path}`.split('/')) { if (part === '..') out.pop(); else if (part !== '' && part !== '.') out.push(part); }
  return out.join('/');
}
