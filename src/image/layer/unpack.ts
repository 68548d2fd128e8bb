/**
 * Unpacks a layer: an uncompressed tar becomes `<prefix>/chunk/<n>` (contents), `<prefix>/split` (the archive without
 * them) and `<prefix>/index` (the tree). The index is written last, together with the caller's record: until then the
 * layer does not exist. The tar's digest must be the diff id that the image's configuration promises.
 */
import { buildLayerIndex } from '../../abi/layer-index.ts';
import { InvalidParameter } from '../../base/errors.ts';
import type { KeyValueStore } from '../../host/ports.ts';
import { newSha256 } from '../digest.ts';
import { layerKey } from '../types.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { LayerTree } from './layer-tree.ts';
import { TarReader } from './tar-read.ts';
import { TarSplitWriter } from './tar-split.ts';

export interface Unpacked {
  /** Bytes of file content. */
  size: number;
  /** Bytes of the tar. */
  tarSize: number;
}

/** @param record made from the result and committed with the index */
export async function unpackLayer(store: KeyValueStore, tar: AsyncIterable<Uint8Array>, diffId: string, record: (unpacked: Unpacked) => readonly (readonly [string, Uint8Array])[], signal?: AbortSignal): Promise<Unpacked> {
  const prefix = layerKey(diffId), hash = await newSha256();
  const hashed = (async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of tar) { signal?.throwIfAborted(); hash.update(chunk); yield chunk; }
  })();
  const content = new ChunkWriter(store, `${prefix}/chunk/`);
  const split = new TarSplitWriter(() => content.size);
  const reader = new TarReader(hashed, split), tree = new LayerTree();
  try {
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      const offset = content.size;
      for (let piece = await reader.read(); piece; piece = await reader.read()) await content.write(piece);
      tree.add(entry, offset);
    }
    await reader.drain();
    const digest = `sha256:${hash.digest()}`;
    if (digest !== diffId) throw new InvalidParameter(`layers from manifest don't match image configuration: layer is ${digest}, expected ${diffId}`);
    await content.finish();
  } catch (e) {
    await reader.close();
    await content.abandon();
    await store.deletePrefix(`${prefix}/`);
    throw e;
  }
  const unpacked = { size: content.size, tarSize: reader.position };
  await store.commit({ puts: [[`${prefix}/split`, split.finish()], ...record(unpacked), [`${prefix}/index`, buildLayerIndex(tree.entries(), content.size)]] });
  return unpacked;
}
