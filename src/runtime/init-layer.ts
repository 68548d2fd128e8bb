/**
 * The layer between an image and a container's writable one: what Docker puts into every root before it mounts over it, so
 * that none of it shows in `docker diff` or `docker commit`. Reference: moby daemon/initlayer/setup_unix.go.
 */
import { buildLayerIndex, LayerIndex, NodeType, type LayerEntry } from '../abi/layer-index.ts';

const DIRECTORIES = ['dev/pts', 'dev/shm', 'proc', 'sys'];
const FILES = ['.dockerenv', 'dev/console', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf'];

/** @param exists whether the image has something at a path (without leading slash), not following links */
export function initLayer(exists: (path: string) => boolean): LayerIndex {
  const entries: LayerEntry[] = [];
  const add = (path: string, type: NodeType, mode: number, target?: string): void => {
    if (!exists(path)) entries.push({ path, type, mode, uid: 0, gid: 0, mtimeSec: 0, ...(target !== undefined && { target, size: target.length }) });
  };
  for (const path of ['dev', 'etc', ...DIRECTORIES]) add(path, NodeType.Directory, 0o755);
  for (const path of FILES) add(path, NodeType.Regular, 0o755);
  add('etc/mtab', NodeType.Symlink, 0o777, '/proc/mounts');
  return new LayerIndex(buildLayerIndex([{ path: '', type: NodeType.Directory, mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, implied: true }, ...entries], 0));
}
