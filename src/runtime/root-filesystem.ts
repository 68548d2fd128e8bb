/** A container's root: image layers, Docker's init layer and the container's writable tree as one overlay. */
import { LayerIndex, NodeType } from '../abi/layer-index.ts';
import { MS_RELATIME } from '../abi/mount.ts';
import type { KeyValueStore } from '../host/ports.ts';
import { ChunkCache } from '../kernel/fs/layerfs/chunk-cache.ts';
import { LayerFs } from '../kernel/fs/layerfs/layerfs.ts';
import { OverlayFs } from '../kernel/fs/overlay/overlay.ts';
import { PersistentFs, type PersistentOptions } from '../kernel/fs/persistent/persistent-fs.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { initLayer } from './init-layer.ts';
import type { RootfsSpec } from './sandbox-api.ts';

export interface RootFilesystem {
  readonly overlay: OverlayFs;
  readonly upper: PersistentFs;
}

/** Loads the root and makes it the kernel's namespace. */
export async function mountRoot(kernel: Kernel, store: KeyValueStore, spec: RootfsSpec, persistence: PersistentOptions): Promise<RootFilesystem> {
  const { vfs } = kernel;
  const cache = new ChunkCache(() => vfs.clock.monotonic());
  const [upper, indexes] = await Promise.all([PersistentFs.load(vfs, store, spec.upper, persistence), Promise.all(spec.layers.map((prefix) => readIndex(store, prefix)))]);
  const layers: LayerFs[] = [];
  let ino = 1;
  const add = (index: LayerIndex, prefix: string): void => {
    layers.unshift(new LayerFs(vfs, index, cache.open({ read: (n) => readChunk(store, `${prefix}/chunk/${n}`) }), ino));
    ino += index.count;
  };
  indexes.forEach((index, i) => { add(index, spec.layers[i]); });
  const topmostFirst = [...indexes].reverse();
  add(initLayer((path) => existsIn(topmostFirst, path)), 'init');
  const names = layers.map((_, i) => `/layers/${layers.length - 1 - i}`).join(':');
  const overlay = new OverlayFs(vfs, layers, upper, false, `lowerdir=${names},upperdir=/${spec.upper}/diff,workdir=/${spec.upper}/work`);
  kernel.namespace = vfs.newNamespace(overlay, 'overlay', MS_RELATIME);
  return { overlay, upper };
}

async function readIndex(store: KeyValueStore, prefix: string): Promise<LayerIndex> {
  const bytes = await store.get(`${prefix}/index`);
  if (!bytes) throw new Error(`layer ${prefix} does not exist`);
  return new LayerIndex(bytes);
}

function readChunk(store: KeyValueStore, key: string): Uint8Array | Promise<Uint8Array> {
  const missing = (): never => { throw new Error(`${key} is missing from the store`); };
  if (store.getSync) return store.getSync(key) ?? missing();
  return store.get(key).then((bytes) => bytes ?? missing());
}

/** Whether layers (topmost first) have something at `path`, as an overlay of them would show it. */
function existsIn(layers: readonly LayerIndex[], path: string): boolean {
  let dirs = layers.map((index) => ({ index, node: 0 }));
  const parts = path.split('/');
  for (const [i, part] of parts.entries()) {
    const below: typeof dirs = [];
    for (const { index, node } of dirs) {
      const child = index.lookup(node, part);
      if (child < 0) continue;
      const type = index.type(child);
      if (type === NodeType.Whiteout) break;
      if (type !== NodeType.Directory) { if (below.length === 0) return i === parts.length - 1 || type === NodeType.Symlink; break; }
      below.push({ index, node: child });
      if (index.isOpaque(child)) break;
    }
    if (below.length === 0) return false;
    dirs = below;
  }
  return true;
}
