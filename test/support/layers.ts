/** Image layers made from a short description, for tests of layerfs and overlay. */
import { buildLayerIndex, CHUNK_SIZE, LayerIndex, type LayerEntry, NodeType } from '../../src/abi/layer-index.ts';
import { ChunkCache, type ChunkReader } from '../../src/kernel/fs/layerfs/chunk-cache.ts';
import { LayerFs } from '../../src/kernel/fs/layerfs/layerfs.ts';
import type { Vfs } from '../../src/kernel/vfs/vfs.ts';

/** Path -> content; a path that ends in / is a directory, `-> x` a link, `.wh.x` a whiteout, `.wh..wh..opq` makes its directory opaque. */
export type LayerTree = Record<string, string | Partial<LayerEntry>>;

export interface BuiltLayer { index: LayerIndex; content: Uint8Array }

export function buildLayer(tree: LayerTree): BuiltLayer {
  const parts: Uint8Array[] = [], entries: LayerEntry[] = [];
  let size = 0;
  for (const [key, what] of Object.entries(tree)) {
    const path = key.replace(/\/$/, ''), base = path.split('/').at(-1)!, dir = path.slice(0, path.length - base.length);
    const common = { uid: 0, gid: 0, mtimeSec: 1_700_000_000 };
    if (typeof what === 'object') entries.push({ ...common, path, type: NodeType.Regular, mode: 0o644, ...what });
    else if (base === '.wh..wh..opq') entries.push({ ...common, path: dir.replace(/\/$/, ''), type: NodeType.Directory, mode: 0o755, opaque: true });
    else if (base.startsWith('.wh.')) entries.push({ ...common, path: dir + base.slice(4), type: NodeType.Whiteout, mode: 0 });
    else if (key.endsWith('/')) entries.push({ ...common, path, type: NodeType.Directory, mode: 0o755 });
    else if (what.startsWith('-> ')) entries.push({ ...common, path, type: NodeType.Symlink, mode: 0o777, target: what.slice(3) });
    else {
      const bytes = new TextEncoder().encode(what);
      entries.push({ ...common, path, type: NodeType.Regular, mode: 0o644, size: bytes.length, contentOffset: size });
      parts.push(bytes);
      size += bytes.length;
    }
  }
  return { index: new LayerIndex(buildLayerIndex(entries, size)), content: Buffer.concat(parts) };
}

/** @param asynchronous chunks come through promises, as from IndexedDB */
export function layerReader(content: Uint8Array, asynchronous: boolean, reads?: number[]): ChunkReader {
  return {
    read(chunk) {
      reads?.push(chunk);
      const bytes = content.slice(chunk * CHUNK_SIZE, (chunk + 1) * CHUNK_SIZE);
      return asynchronous ? new Promise((resolve) => setTimeout(() => resolve(bytes), 0)) : bytes;
    },
  };
}

/** A stack for OverlayFs: `layers` lowest first, as in a manifest; the result topmost first. */
export function stack(vfs: Vfs, layers: readonly BuiltLayer[], asynchronous = true): LayerFs[] {
  const cache = new ChunkCache(() => performance.now());
  let ino = 1;
  return layers.map(({ index, content }) => {
    const fs = new LayerFs(vfs, index, cache.open(layerReader(content, asynchronous)), ino);
    ino += index.count;
    return fs;
  }).reverse();
}
