/**
 * An OCI image layout on any static web host, as a source: index.json and blobs/sha256/<hex> (image-spec image-layout.md).
 * The built-in images of a page are one; so is a folder on a CORS-friendly file host.
 */
import type { HttpFetch, HttpResponse, Log } from '../../host/ports.ts';
import { digestOf, hexOf, isDigest } from '../digest.ts';
import { parseManifest, type Descriptor, type Index, type ManifestBlob } from '../manifest.ts';
import { registryError, RegistryError, RegistryUnreachable } from '../registry/errors.ts';
import { fetchRanges } from '../registry/fetch-blob.ts';
import type { ImageSource } from '../registry/source.ts';

export const REF_NAME = 'org.opencontainers.image.ref.name';

export class OciLayoutSource implements ImageSource {
  constructor(readonly address: string, private readonly fetch: HttpFetch, private readonly log: Log) {}

  async manifest(tagOrDigest: string, signal?: AbortSignal): Promise<ManifestBlob> {
    if (isDigest(tagOrDigest)) return this.byDigest(tagOrDigest, signal);
    const bytes = await this.read('index.json', signal);
    let index: Index;
    try { index = parseManifest(bytes) as Index; } catch { throw new RegistryError(404, 'NAME_UNKNOWN', `${this.address} is no OCI layout`); }
    const manifests = taggedManifests(index, tagOrDigest);
    if (manifests.length === 0) throw new RegistryError(404, 'MANIFEST_UNKNOWN', `no ${tagOrDigest} in ${this.address}`);
    if (manifests.length === 1) return this.byDigest(manifests[0].digest, signal);
    return { digest: await digestOf(bytes), bytes, content: { ...index, manifests } };
  }

  blob(descriptor: Descriptor, offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return fetchRanges((headers) => this.get(`blobs/sha256/${hexOf(descriptor.digest)}`, signal, headers), descriptor.size, offset, this.log, signal);
  }

  async tags(signal?: AbortSignal): Promise<string[]> {
    const index = parseManifest(await this.read('index.json', signal)) as Index;
    return index.manifests.flatMap((m) => m.annotations?.[REF_NAME]?.replace(/^.*:/, '') ?? []);
  }

  private async byDigest(digest: string, signal?: AbortSignal): Promise<ManifestBlob> {
    const bytes = await this.read(`blobs/sha256/${hexOf(digest)}`, signal);
    if (await digestOf(bytes) !== digest) throw new RegistryError(404, 'MANIFEST_UNKNOWN', `${digest} is not in ${this.address}`);
    return { digest, bytes, content: parseManifest(bytes) };
  }

  private async read(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    return new Uint8Array(await (await this.get(path, signal)).arrayBuffer());
  }

  private async get(path: string, signal?: AbortSignal, headers: Record<string, string> = {}): Promise<HttpResponse> {
    let response: HttpResponse;
    try { response = await this.fetch(`${this.address}/${path}`, { headers, signal }); } catch (e) {
      signal?.throwIfAborted();
      throw new RegistryUnreachable(`${this.address} cannot be read: ${(e as Error).message}`);
    }
    if (!response.ok) throw response.status === 404 ? new RegistryError(404, 'NAME_UNKNOWN', `${this.address} is no OCI layout`) : await registryError(response);
    return response;
  }
}

/** The manifests of a layout's index that a tag means; an index without any names is `latest` as a whole. */
export function taggedManifests(index: Index, tag: string): Descriptor[] {
  const named = index.manifests.filter((m) => m.annotations?.[REF_NAME] !== undefined);
  if (named.length === 0) return tag === 'latest' ? index.manifests : [];
  return named.filter((m) => { const name = m.annotations![REF_NAME]; return name === tag || name.endsWith(`:${tag}`); });
}
