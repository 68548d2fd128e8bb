/**
 * What a container has changed against its image: docker diff, and the layer of docker commit. Both come from one walk over
 * the directories that the writable tree has, next to what the layers have at the same path.
 * Reference: moby pkg/archive changes.go (overlay), OCI image-spec layer.md.
 */
import { isDirectory } from '../abi/stat.ts';
import { TAR_END, tarHeader } from '../image/layer/tar-write.ts';
import { OverlayDirectory } from '../kernel/fs/overlay/directory.ts';
import type { OverlayInode } from '../kernel/fs/overlay/inodes.ts';
import { OPAQUE } from '../kernel/fs/overlay/marks.ts';
import type { LowerFound, OverlayFs } from '../kernel/fs/overlay/overlay.ts';
import type { Task } from '../kernel/task/task.ts';
import type { Change } from './sandbox-api.ts';
import { tarEntry, type SentLinks } from './tar-tree.ts';

const Kind = { Modified: 0, Added: 1, Deleted: 2 } as const;

interface Difference extends Change {
  /** Absent when deleted. */
  inode?: OverlayInode;
  /** The directory shows nothing of the layers. */
  opaque?: boolean;
  /** Deleted in that the directory is opaque. */
  covered?: boolean;
}

export function listChanges(overlay: OverlayFs): Change[] {
  return differences(overlay).map(({ path, kind }) => ({ path, kind }));
}

/** The writable tree as a layer tar, with whiteouts. */
export async function* layerTar(task: Task, overlay: OverlayFs): AsyncGenerator<Uint8Array, void> {
  const links: SentLinks = new Map();
  for (const { path, inode, opaque, covered } of differences(overlay)) {
    const name = path.slice(1);
    if (inode) yield* tarEntry(task, inode, name, links);
    if (opaque) yield tarHeader({ name: `${name}/.wh..wh..opq`, type: 'file', mode: 0o600 });
    if (inode || covered) continue;
    const slash = name.lastIndexOf('/') + 1;
    yield tarHeader({ name: `${name.slice(0, slash)}.wh.${name.slice(slash)}`, type: 'file', mode: 0o600 });
  }
  yield TAR_END;
}

function differences(overlay: OverlayFs): Difference[] {
  const out: Difference[] = [];
  compare(overlay, overlay.root, overlay.lowerFind(''), '', out, false);
  return out;
}

/** Appends the differences below a directory, names in byte order, a directory before what it holds. */
function compare(overlay: OverlayFs, dir: OverlayDirectory, lower: LowerFound | undefined, path: string, out: Difference[], opaque: boolean): void {
  const present = new Set(dir.list().map((n) => n.name));
  for (const name of [...new Set([...present, ...lowerNames(lower)])].sort()) {
    const at = `${path}/${name}`, before = lower && overlay.lowerLookup(lower.dirs, name);
    if (!present.has(name)) { if (before) out.push({ path: at, kind: Kind.Deleted, covered: opaque }); continue; }
    const inode = dir.lookup(name);
    if (!inode) continue;
    const same = before !== undefined && inode.upper === undefined && inode.lower === before.inode;
    if (same) continue;
    const here = out.length;
    if (inode instanceof OverlayDirectory) {
      const beforeDir = before && isDirectory(before.inode.mode) ? before : undefined;
      const hides = beforeDir !== undefined && inode.upper?.xattrs.peek(OPAQUE) !== undefined;
      compare(overlay, inode, beforeDir, at, out, hides);
      if (beforeDir && out.length === here && sameDirectory(inode, beforeDir)) continue;
      out.splice(here, 0, { path: at, kind: before ? Kind.Modified : Kind.Added, inode, opaque: hides });
    } else {
      out.push({ path: at, kind: before ? Kind.Modified : Kind.Added, inode });
    }
  }
}

function lowerNames(lower: LowerFound | undefined): string[] {
  return (lower?.dirs ?? []).flatMap(({ fs, node }) => Array.from({ length: fs.index.childCount(node) }, (_, i) => fs.index.name(fs.index.firstChild(node) + i)));
}

function sameDirectory(inode: OverlayInode, before: LowerFound): boolean {
  const old = before.inode;
  return inode.mode === old.mode && inode.uid === old.uid && inode.gid === old.gid && inode.mtime.sec === old.mtime.sec && inode.mtime.nsec === old.mtime.nsec;
}
