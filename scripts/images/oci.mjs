/** Writes an image as an OCI image layout (image-spec, image-layout.md): oci-layout, index.json, blobs/sha256/HEX. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const CREATED = '2025-01-01T00:00:00Z';

/**
 * @param {string} directory where the layout goes; replaced whole
 * @param {{ tag: string, layers: {tar: Buffer, createdBy: string}[], config: object }} image
 */
export function writeLayout(directory, { tag, layers, config }) {
  const work = `${directory}.new`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'blobs/sha256'), { recursive: true });
  const blob = (mediaType, bytes) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(work, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (mediaType, value) => blob(mediaType, Buffer.from(JSON.stringify(value)));
  const descriptors = layers.map(({ tar }) => blob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar, { level: 6 })));
  const configDescriptor = json('application/vnd.oci.image.config.v1+json', {
    created: CREATED, architecture: 'amd64', os: 'linux', config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => `sha256:${createHash('sha256').update(tar).digest('hex')}`) },
    history: layers.map(({ createdBy }) => ({ created: CREATED, created_by: createdBy })),
  });
  const manifest = json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: configDescriptor, layers: descriptors,
  });
  writeFileSync(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(work, 'index.json'), JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...manifest, platform: { architecture: 'amd64', os: 'linux' }, annotations: { 'org.opencontainers.image.ref.name': tag } }],
  }));
  rmSync(directory, { recursive: true, force: true });
  renameSync(work, directory);
}
