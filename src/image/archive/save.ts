/**
 * docker save: an archive that is both Docker's (manifest.json) and an OCI layout (index.json, oci-layout), with
 * uncompressed layers, as Docker 25 and later write it.
 */
import { concat } from '../../base/streams.ts';
import { digestOf } from '../digest.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { MediaType } from '../media-types.ts';
import type { Descriptor } from '../manifest.ts';
import { canonicalString, familiarString, type Reference } from '../../base/reference.ts';
import { TAR_END, tarFile, tarHeader, tarPadding } from '../layer/tar-write.ts';
import type { Image } from '../types.ts';
import { REF_NAME } from './oci-layout.ts';

const CONTAINERD_NAME = 'io.containerd.image.name';

export interface SaveItem { image: Image; references: readonly Reference[] }

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export async function* saveArchive(layers: LayerStore, items: readonly SaveItem[]): AsyncGenerator<Uint8Array, void> {
  const written = new Set<string>();
  const file = (name: string, content: Uint8Array): Uint8Array => concat(tarFile({ name, type: 'file', mode: 0o644 }, content));
  const blobPath = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;
  yield tarHeader({ name: 'blobs/', type: 'directory', mode: 0o755 });
  yield tarHeader({ name: 'blobs/sha256/', type: 'directory', mode: 0o755 });

  const index: Descriptor[] = [], manifests: unknown[] = [], repositories: Record<string, Record<string, string>> = {};
  for (const { image, references } of items) {
    const sources: Record<string, Descriptor> = {};
    for (const { diffId } of image.layers) {
      const record = layers.get(diffId);
      if (!record) throw new Error(`layer ${diffId} does not exist`);
      sources[diffId] = { mediaType: MediaType.OciLayer, size: record.tarSize, digest: diffId };
      if (written.has(diffId)) continue;
      written.add(diffId);
      yield tarHeader({ name: blobPath(diffId), type: 'file', mode: 0o644, size: record.tarSize });
      yield* layers.tar(diffId);
      yield tarPadding(record.tarSize);
    }
    const manifest = json({
      schemaVersion: 2, mediaType: MediaType.OciManifest,
      config: { mediaType: MediaType.OciConfig, digest: image.id, size: image.rawConfig.length }, layers: image.layers.map(({ diffId }) => sources[diffId]),
    });
    const digest = await digestOf(manifest);
    for (const [name, content] of [[image.id, image.rawConfig], [digest, manifest]] as const) {
      if (!written.has(name)) { written.add(name); yield file(blobPath(name), content); }
    }
    const descriptor: Descriptor = { mediaType: MediaType.OciManifest, digest, size: manifest.length, platform: { architecture: image.config.architecture, os: image.config.os } };
    if (references.length === 0) index.push(descriptor);
    for (const r of references) {
      index.push({ ...descriptor, annotations: { [CONTAINERD_NAME]: canonicalString(r), [REF_NAME]: r.tag ?? 'latest' } });
      (repositories[familiarString({ ...r, tag: undefined })] ??= {})[r.tag ?? 'latest'] = image.layers.at(-1)?.diffId.slice(7) ?? '';
    }
    manifests.push({ Config: blobPath(image.id), RepoTags: references.length > 0 ? references.map(familiarString) : null, Layers: image.layers.map(({ diffId }) => blobPath(diffId)), LayerSources: sources });
  }
  yield file('index.json', json({ schemaVersion: 2, mediaType: MediaType.OciIndex, manifests: index }));
  yield file('manifest.json', json(manifests));
  yield file('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  if (Object.keys(repositories).length > 0) yield file('repositories', json(repositories));
  yield TAR_END;
}
