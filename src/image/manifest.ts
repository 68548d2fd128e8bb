/** Manifests and indexes (OCI image-spec manifest.md, image-index.md): parsing, checking, choosing a platform. */
import { InvalidParameter, NotFound } from '../base/errors.ts';
import { isDigest } from './digest.ts';
import { isIndex, isLayer, isManifest, MediaType } from './media-types.ts';
import { formatPlatform, matchPlatform, type Platform } from './platform.ts';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform & { 'os.version'?: string };
  annotations?: Record<string, string>;
  urls?: string[];
}

export interface Manifest { schemaVersion: 2; mediaType: string; config: Descriptor; layers: Descriptor[]; annotations?: Record<string, string> }
export interface Index { schemaVersion: 2; mediaType: string; manifests: Descriptor[]; annotations?: Record<string, string> }

/** A manifest or index as fetched: the bytes are what the digest covers. */
export interface ManifestBlob { readonly digest: string; readonly bytes: Uint8Array; readonly content: Manifest | Index }

export function isIndexContent(content: Manifest | Index): content is Index { return 'manifests' in content; }

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses and checks; `mediaType` is the Content-Type it came with, if that is known. */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest | Index {
  let value: Record<string, unknown>;
  try { value = JSON.parse(decoder.decode(bytes)) as Record<string, unknown>; } catch { throw new InvalidParameter('invalid manifest: not JSON'); }
  if (typeof value !== 'object' || value === null) throw new InvalidParameter('invalid manifest: not an object');
  if (value.schemaVersion === 1) throw new InvalidParameter('Docker Image Format v1 and Docker Image manifest version 2, schema 1 are not supported: ask the author of the image to upgrade it to OCI Format or Docker Image manifest v2, schema 2');
  if (value.schemaVersion !== 2) throw new InvalidParameter('invalid manifest: unknown schemaVersion');
  const type = typeof value.mediaType === 'string' ? value.mediaType
    : mediaType && (isIndex(mediaType) || isManifest(mediaType)) ? mediaType
    : 'manifests' in value ? MediaType.OciIndex : MediaType.OciManifest;
  if ('manifests' in value && 'layers' in value) throw new InvalidParameter('invalid manifest: both manifests and layers');
  if (isIndex(type)) return { ...(value as unknown as Index), mediaType: type, manifests: descriptors(value.manifests, 'manifests') };
  if (!isManifest(type)) throw new InvalidParameter(`unsupported manifest media type ${type}`);
  return { ...(value as unknown as Manifest), mediaType: type, config: descriptors([value.config], 'config')[0], layers: descriptors(value.layers, 'layers') };
}

function descriptors(value: unknown, field: string): Descriptor[] {
  if (!Array.isArray(value)) throw new InvalidParameter(`invalid manifest: no ${field}`);
  for (const d of value as Partial<Descriptor>[]) {
    if (typeof d !== 'object' || d === null || typeof d.digest !== 'string' || !isDigest(d.digest) || typeof d.mediaType !== 'string') throw new InvalidParameter(`invalid manifest: bad descriptor in ${field}`);
    if (typeof d.size !== 'number' || !Number.isSafeInteger(d.size) || d.size < 0) throw new InvalidParameter(`invalid manifest: bad size in ${field}`);
  }
  return value as Descriptor[];
}

/** Throws for artifacts that are no container images (Helm charts, signatures). */
export function checkRunnable(manifest: Manifest): void {
  const odd = manifest.layers.find((l) => !isLayer(l.mediaType));
  if (odd) throw new InvalidParameter(`invalid rootfs in image configuration: layer ${odd.digest} has media type ${odd.mediaType}`);
}

/** The manifest of an index that serves the platform best. */
export function choosePlatform(index: Index, want: Platform): Descriptor {
  let best: Descriptor | undefined, bestScore = 0;
  for (const candidate of index.manifests) {
    if (!isManifest(candidate.mediaType) && !isIndex(candidate.mediaType)) continue;
    if (candidate.annotations?.['vnd.docker.reference.type'] !== undefined) continue;
    const score = candidate.platform ? matchPlatform(want, candidate.platform) : 0;
    if (score > bestScore) { best = candidate; bestScore = score; }
  }
  if (!best && index.manifests.length === 1 && !index.manifests[0].platform) best = index.manifests[0];
  if (!best) throw new NotFound(`no matching manifest for ${formatPlatform(want)} in the manifest list entries`);
  return best;
}
