/**
 * overlayfs (Linux Documentation/filesystems/overlayfs.rst): read-only image layers under one writable tree. What is written
 * is first copied up: its metadata at once, its bytes only as they change, because an upper file reads through to the lower one
 * it came from. Whiteouts are character devices 0/0; trusted.overlay.opaque and .redirect mark directories, as in Linux with
 * redirect_dir=on. A hard link of a lower file is broken by copy-up, as there.
 */
import { OVERLAYFS_SUPER_MAGIC, isDirectory, isRegular, isSymlink } from '../../../abi/stat.ts';
import { NodeType } from '../../../abi/layer-index.ts';
import type { FileSystem, Timespec } from '../../vfs/inode.ts';
import type { Vfs } from '../../vfs/vfs.ts';
import type { LayerFs, LowerInode } from '../layerfs/layerfs.ts';
import type { TmpDirectory } from '../tmpfs/directory.ts';
import type { TmpInode } from '../tmpfs/inodes.ts';
import type { TmpFs } from '../tmpfs/tmpfs.ts';
import { OverlayDirectory } from './directory.ts';
import { type OverlayInode, OverlayRegular, OverlaySpecial, OverlaySymlink } from './inodes.ts';
import { decodePath, OPAQUE, REDIRECT } from './marks.ts';

/** A directory of one layer. */
export interface LowerDir { readonly fs: LayerFs; readonly node: number }

/** What the layers hold under one name: directories that merge, topmost first, or one other object. */
export interface LowerFound { readonly inode: LowerInode; readonly dirs: readonly LowerDir[] }

export class OverlayFs implements FileSystem {
  readonly type = 'overlay';
  readonly dev: number;
  readonly root: OverlayDirectory;
  private readonly byUpper = new WeakMap<TmpInode, OverlayInode>();

  /**
   * @param layers topmost first
   * @param upper the writable tree; it may hold what an earlier run has written over the same layers
   * @param options for /proc/mounts: lowerdir=…,upperdir=…,workdir=…
   */
  constructor(readonly vfs: Vfs, readonly layers: readonly LayerFs[], readonly upper: TmpFs, readonly readonly = false, readonly options = '') {
    this.dev = vfs.allocateDev();
    const roots = this.merge(layers.map((fs) => ({ fs, node: 0 })));
    upper.lowerAt = (path) => this.lowerAt(path);
    if (roots && !upper.root.origin) this.initializeRoot(upper.root, roots.inode);
    this.root = new OverlayDirectory(this, upper.root, roots, '', undefined, '');
    this.byUpper.set(upper.root, this.root);
  }

  /** A new upper root looks like the image's. */
  private initializeRoot(root: TmpDirectory, lower: LowerInode): void {
    root.origin = { path: '', ino: lower.ino };
    root.setattr({ mode: lower.mode, uid: lower.uid, gid: lower.gid, mtime: lower.mtime, ctime: this.vfs.now() });
  }

  now(): Timespec { return this.vfs.now(); }
  statfs(): ReturnType<FileSystem['statfs']> { return { ...this.upper.statfs(), type: OVERLAYFS_SUPER_MAGIC }; }
  sync(): Promise<void> { return this.upper.sync?.() ?? Promise.resolve(); }

  /** Directories of several layers as one: the metadata of the topmost that is more than implied by a path below it. */
  private merge(dirs: readonly LowerDir[]): LowerFound | undefined {
    if (dirs.length === 0) return undefined;
    const own = dirs.find((d) => !d.fs.index.isImplied(d.node)) ?? dirs[0];
    return { inode: own.fs.inode(own.node), dirs };
  }

  /** What directories `parents` (topmost first) together hold under `name`. */
  lowerLookup(parents: readonly LowerDir[], name: string): LowerFound | undefined {
    const dirs: LowerDir[] = [];
    for (const { fs, node } of parents) {
      const child = fs.index.lookup(node, name);
      if (child < 0) continue;
      const type = fs.index.type(child);
      if (type === NodeType.Whiteout) break;
      if (type !== NodeType.Directory) {
        if (dirs.length > 0) break;
        return { inode: fs.inode(child), dirs: [] };
      }
      dirs.push({ fs, node: child });
      if (fs.index.isOpaque(child)) break;
    }
    return this.merge(dirs);
  }

  /** What lies at `path` (without leading slash) in the layers alone. */
  lowerFind(path: string): LowerFound | undefined {
    let found = this.merge(this.layers.map((fs) => ({ fs, node: 0 })));
    for (const part of path.split('/')) {
      if (part === '') continue;
      found = found && this.lowerLookup(found.dirs, part);
    }
    return found;
  }

  lowerAt(path: string): LowerInode | undefined { return this.lowerFind(path)?.inode; }

  /** The inode over an upper one; hard links in the upper tree share it. */
  over(upper: TmpInode, parent: OverlayDirectory, name: string): OverlayInode {
    const known = this.byUpper.get(upper);
    if (known) return known;
    const made = isDirectory(upper.mode) ? this.directoryOver(upper as TmpDirectory, parent, name) : this.make(upper.mode, upper, undefined, '', parent, name);
    this.byUpper.set(upper, made);
    return made;
  }

  private directoryOver(upper: TmpDirectory, parent: OverlayDirectory, name: string): OverlayDirectory {
    if (upper.xattrs.peek(OPAQUE)) return new OverlayDirectory(this, upper, undefined, undefined, parent, name);
    const redirect = upper.xattrs.peek(REDIRECT);
    const path = redirect ? decodePath(redirect) : parent.lowerPathOf(name);
    const found = redirect ? this.lowerFind(path!) : parent.lowerChild(name);
    return found && found.dirs.length > 0
      ? new OverlayDirectory(this, upper, found, path, parent, name)
      : new OverlayDirectory(this, upper, undefined, undefined, parent, name);
  }

  /** The inode over a lower object that has not been copied up. */
  below(found: LowerFound, path: string, parent: OverlayDirectory, name: string): OverlayInode {
    return found.dirs.length > 0 ? new OverlayDirectory(this, undefined, found, path, parent, name) : this.make(found.inode.mode, undefined, found.inode, path, parent, name);
  }

  /** Notes that `inode` now has an upper part. */
  copiedUp(upper: TmpInode, inode: OverlayInode): void { this.byUpper.set(upper, inode); }

  private make(mode: number, upper: TmpInode | undefined, lower: LowerInode | undefined, path: string, parent: OverlayDirectory, name: string): OverlayInode {
    if (isRegular(mode)) return new OverlayRegular(this, upper, lower, path, parent, name);
    if (isSymlink(mode)) return new OverlaySymlink(this, upper, lower, path, parent, name);
    return new OverlaySpecial(this, upper, lower, path, parent, name);
  }
}
