/** Content digests (OCI image-spec descriptor.md): `sha256:<64 hex>`, computed while bytes stream past. */
import { createSHA256 } from 'hash-wasm';
import { InvalidParameter } from '../base/errors.ts';
import type { Sha256 } from '../host/ports.ts';

export async function newSha256(): Promise<Sha256> {
  const hasher = await createSHA256();
  hasher.init();
  return { update: (bytes) => { hasher.update(bytes); }, digest: () => hasher.digest('hex') };
}

/** `sha256:<hex>` of bytes at hand. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const hash = await newSha256();
  hash.update(bytes);
  return `sha256:${hash.digest()}`;
}

export function isDigest(text: string): boolean { return /^sha256:[0-9a-f]{64}$/.test(text); }

/** The hex part; throws InvalidParameter for what is no sha256 digest. */
export function hexOf(digest: string): string {
  if (!isDigest(digest)) throw new InvalidParameter(digest.startsWith('sha256:') ? `invalid checksum digest format: ${digest}` : `unsupported digest algorithm: ${digest}`);
  return digest.slice(7);
}
