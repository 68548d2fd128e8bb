/** Directories of an overlay: lookup and listing merge, changes go to the upper directory and leave whiteouts. */
import { ENOENT, ENOTEMPTY, EXDEV, Errno } from '../../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_WHITEOUT } from '../../../abi/fcntl.ts';
import { NodeType } from '../../../abi/layer-index.ts';
import { direntType, isDirectory, S_IFCHR } from '../../../abi/stat.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { File } from '../../vfs/file.ts';
import type { Inode, ListedName, Owner } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { nodeDirentType } from '../layerfs/layerfs.ts';
import { isWhiteout, type TmpDirectory } from '../tmpfs/directory.ts';
import type { TmpInode } from '../tmpfs/inodes.ts';
import { OverlayInode } from './inodes.ts';
import { encodePath, OPAQUE, REDIRECT } from './marks.ts';
import type { LowerDir, LowerFound, OverlayFs } from './overlay.ts';

const ROOT: Owner = { uid: 0, gid: 0 };

export class OverlayDirectory extends OverlayInode {
  private readonly dirs: readonly LowerDir[];
  /** Inodes of names that are not in the upper directory. */
  private readonly known = new Map<string, WeakRef<OverlayInode>>();

  constructor(fs: OverlayFs, upper: TmpDirectory | undefined, found: LowerFound | undefined, lowerPath: string | undefined, parent: OverlayDirectory | undefined, name: string) {
    super(fs, upper, found?.inode, lowerPath, parent, name);
    this.dirs = found?.dirs ?? [];
    this.refresh();
  }

  /** Merged directories have one link, as on Linux: their subdirectories are not counted. */
  override refresh(): void {
    super.refresh();
    if (this.dirs?.length > (this.upper ? 0 : 1) && !this.unlinked) this.nlink = 1;
  }

  private get upperDir(): TmpDirectory | undefined { return this.upper as TmpDirectory | undefined; }
  override get size(): number { return 4096; }
  override get blocks(): number { return 8; }
  open(_task: Task, flags: number, path: Path | undefined): File { return new DirectoryFile(this, flags, path); }

  /** What the layers hold here under `name`. */
  lowerChild(name: string): LowerFound | undefined { return this.fs.lowerLookup(this.dirs, name); }
  lowerPathOf(name: string): string | undefined {
    return this.lowerPath === undefined ? undefined : this.lowerPath === '' ? name : `${this.lowerPath}/${name}`;
  }

  override lookup(name: string): OverlayInode | undefined {
    const upper = this.upperDir?.entries.get(name);
    if (upper) return isWhiteout(upper) ? undefined : this.fs.over(upper, this, name);
    const known = this.known.get(name)?.deref();
    if (known) return known;
    const found = this.lowerChild(name);
    if (!found) return undefined;
    const inode = this.fs.below(found, this.lowerPathOf(name)!, this, name);
    this.known.set(name, new WeakRef(inode));
    return inode;
  }

  private need(name: string): OverlayInode {
    const inode = this.lookup(name);
    if (!inode) throw new Errno(ENOENT);
    return inode;
  }

  override list(_task?: Task): ListedName[] {
    const out: ListedName[] = [], seen = new Set<string>();
    for (const [name, inode] of this.upperDir?.entries ?? []) {
      seen.add(name);
      if (!isWhiteout(inode)) out.push({ name, ino: this.upperIno(name, inode), type: direntType(inode.mode) });
    }
    for (const { fs, node } of this.dirs) {
      const { index } = fs, first = index.firstChild(node);
      for (let child = first; child < first + index.childCount(node); child++) {
        const name = index.name(child), type = index.type(child);
        if (seen.has(name)) continue;
        seen.add(name);
        if (type === NodeType.Whiteout) continue;
        const ino = type === NodeType.Directory ? this.lowerChild(name)!.inode.ino : fs.inoOf(child);
        out.push({ name, ino, type: nodeDirentType(type) });
      }
    }
    return out;
  }

  private upperIno(name: string, upper: TmpInode): number {
    return upper.origin?.ino ?? (isDirectory(upper.mode) ? this.fs.over(upper, this, name).ino : upper.ino);
  }

  // Changes

  /** Puts a copied-up object under its name; that is no change of this directory's times. */
  adopt(name: string, upper: TmpInode): void {
    const dir = this.copyUp() as TmpDirectory, { mtime, ctime } = dir;
    if (isDirectory(upper.mode)) dir.attach(name, upper); else dir.link(name, upper);
    dir.setattr({ mtime, ctime });
    this.known.delete(name);
  }

  /** The upper directory with `name` free in it: a whiteout there goes. `covered` is what the layers have under it. */
  private prepare(name: string): { dir: TmpDirectory; covered: LowerFound | undefined } {
    const dir = this.copyUp() as TmpDirectory, old = dir.entries.get(name);
    if (old && isWhiteout(old)) dir.unlink(name);
    this.known.delete(name);
    return { dir, covered: this.lowerChild(name) };
  }

  private made(upper: TmpInode, name: string): OverlayInode {
    this.refresh();
    return this.fs.over(upper, this, name);
  }

  override create(name: string, mode: number, owner: Owner): Inode { return this.made(this.prepare(name).dir.create(name, mode, owner), name); }
  override mknod(name: string, mode: number, rdev: number, owner: Owner): Inode { return this.made(this.prepare(name).dir.mknod(name, mode, rdev, owner), name); }
  override symlink(name: string, target: string, owner: Owner): Inode { return this.made(this.prepare(name).dir.symlink(name, target, owner), name); }
  override tmpfile(mode: number, owner: Owner): Inode { return this.fs.over((this.copyUp() as TmpDirectory).tmpfile(mode, owner), this, ''); }
  override mkdir(name: string, mode: number, owner: Owner): Inode {
    const { dir, covered } = this.prepare(name), made = dir.mkdir(name, mode, owner);
    if (covered) makeOpaque(made);
    return this.made(made, name);
  }

  override link(name: string, target: Inode): void {
    if (!(target instanceof OverlayInode) || target.fs !== this.fs) throw new Errno(EXDEV);
    const upper = target.copyUp();
    this.prepare(name).dir.link(name, upper);
    target.unlinked = false;
    target.refresh();
    this.refresh();
  }

  override unlink(name: string): void { this.drop(name, this.need(name)); }

  override rmdir(name: string): void {
    const inode = this.need(name);
    if (inode instanceof OverlayDirectory) inode.mustBeEmpty();
    this.drop(name, inode);
  }

  private mustBeEmpty(): void { if (this.list().length > 0) throw new Errno(ENOTEMPTY); }

  /** Whiteouts are all that an empty directory's upper part holds. */
  private clear(): void { for (const name of [...this.upperDir?.entries.keys() ?? []]) this.upperDir!.unlink(name); }

  /** Takes a name away, leaving a whiteout where a layer has it. */
  private drop(name: string, inode: OverlayInode): void {
    const covered = this.lowerChild(name), dir = covered ? this.copyUp() as TmpDirectory : this.upperDir!;
    inode.unlinked = true;
    if (inode instanceof OverlayDirectory) inode.clear();
    if (dir.entries.has(name)) {
      if (isDirectory(inode.mode)) dir.rmdir(name); else dir.unlink(name);
      inode.refresh();
    } else {
      inode.nlink = isDirectory(inode.mode) ? 0 : inode.nlink - 1;
    }
    if (covered) dir.mknod(name, S_IFCHR, 0, ROOT);
    this.known.delete(name);
    this.refresh();
  }

  override rename(name: string, to: Inode, newName: string, flags: number): void {
    if (!(to instanceof OverlayDirectory) || to.fs !== this.fs) throw new Errno(EXDEV);
    const inode = this.need(name), replaced = to.lookup(newName), exchange = (flags & RENAME_EXCHANGE) !== 0;
    if (!exchange && replaced instanceof OverlayDirectory) replaced.mustBeEmpty();
    if (exchange && !replaced) throw new Errno(ENOENT);

    inode.copyUp();
    if (exchange) { replaced!.copyUp(); replaced!.detachFromLower(); }
    else if (replaced instanceof OverlayDirectory) replaced.clear();
    inode.detachFromLower();
    const from = this.copyUp() as TmpDirectory, dir = to.copyUp() as TmpDirectory, old = dir.entries.get(newName);
    if (old && isWhiteout(old)) dir.unlink(newName);

    from.rename(name, dir, newName, flags & RENAME_EXCHANGE);
    if (!exchange && (this.lowerChild(name) || (flags & RENAME_WHITEOUT) !== 0)) from.mknod(name, S_IFCHR, 0, ROOT);
    this.known.delete(name);
    to.known.delete(newName);
    inode.parent = to;
    inode.name = newName;
    inode.refresh();
    if (replaced) {
      if (exchange) { replaced.parent = this; replaced.name = name; } else replaced.unlinked = true;
      if (replaced.upper) replaced.refresh(); else replaced.nlink = isDirectory(replaced.mode) ? 0 : replaced.nlink - 1;
    }
    this.refresh();
    to.refresh();
  }

  /** Before it moves: a directory of the layers remembers where in them it comes from; a new one that it has nothing there. */
  override detachFromLower(): void {
    if (this.dirs.length > 0) this.upper!.setxattr(REDIRECT, encodePath(this.lowerPath!), 0);
    else if (!this.upper!.xattrs.peek(OPAQUE)) makeOpaque(this.upper!);
  }
}

function makeOpaque(upper: TmpInode): void { upper.setxattr(OPAQUE, Uint8Array.of(0x79), 0); }
