/** Where an image can be read from: a registry's repository, or an OCI layout on a static host. */
import type { Descriptor, ManifestBlob } from '../manifest.ts';

export interface ImageSource {
  /** For messages: the address that was asked. */
  readonly address: string;
  /** Manifest or index by tag (`latest`) or digest (`sha256:…`). */
  manifest(tagOrDigest: string, signal?: AbortSignal): Promise<ManifestBlob>;
  /** Bytes of a blob from `offset` on; survives dropped connections by itself. The digest is the caller's to check. */
  blob(descriptor: Descriptor, offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  tags(signal?: AbortSignal): Promise<string[]>;
}
