/**
 * A directory entry: one name of an inode and its place in the tree (Linux: struct dentry). Children are cached weakly: a
 * dentry lives as long as a file, a mount, a working directory or a child needs it, and keeps its parents alive; a small
 * ring keeps the recent ones, so that repeated walks do not look up again.
 */
import { isDirectory } from '../../abi/stat.ts';
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';

const RECENT = 8192;
const recent: Dentry[] = [];
let recentAt = 0;

export class Dentry {
  /** The name has been removed; the object may live on in open files. */
  deleted = false;
  /** It never had a name, and linkat may give it one (O_TMPFILE). */
  temporary = false;
  /** Mounts whose mount point this is, in one or several parent mounts. */
  mounts: Mount[] | undefined;
  private children: Map<string, WeakRef<Dentry>> | undefined;

  constructor(public name: string, public parent: Dentry | undefined, readonly inode: Inode) {}

  get isDirectory(): boolean { return isDirectory(this.inode.mode); }

  /** The child `name`, asking the filesystem when it is not cached. */
  lookup(name: string): Dentry | undefined {
    const cached = this.children?.get(name)?.deref();
    if (cached && !this.inode.fs.volatile) return cached;
    const inode = this.inode.lookup(name);
    if (!inode) { this.children?.delete(name); return undefined; }
    return cached && cached.inode === inode ? cached : this.add(name, inode);
  }

  /** Records a child that the filesystem has just made or found. */
  add(name: string, inode: Inode): Dentry {
    const child = new Dentry(name, this, inode);
    (this.children ??= new Map()).set(name, new WeakRef(child));
    recent[recentAt] = child;
    recentAt = (recentAt + 1) % RECENT;
    return child;
  }

  /** The name is gone from the filesystem (unlink, rmdir, replaced by rename). */
  remove(name: string): void {
    const child = this.children?.get(name)?.deref();
    if (child) child.deleted = true;
    this.children?.delete(name);
  }

  /** After a rename: the cached child moves with everything below it. */
  move(name: string, to: Dentry, newName: string): void {
    const child = this.children?.get(name)?.deref();
    this.children?.delete(name);
    to.remove(newName);
    if (!child) return;
    child.name = newName;
    child.parent = to;
    (to.children ??= new Map()).set(newName, new WeakRef(child));
  }

  /** After RENAME_EXCHANGE. */
  exchange(name: string, to: Dentry, newName: string): void {
    const a = this.children?.get(name)?.deref(), b = to.children?.get(newName)?.deref();
    this.children?.delete(name);
    to.children?.delete(newName);
    if (a) { a.name = newName; a.parent = to; (to.children ??= new Map()).set(newName, new WeakRef(a)); }
    if (b) { b.name = name; b.parent = this; (this.children ??= new Map()).set(name, new WeakRef(b)); }
  }

  /** True when `other` is this dentry or lies below it. */
  contains(other: Dentry): boolean {
    for (let d: Dentry | undefined = other; d; d = d.parent) if (d === this) return true;
    return false;
  }
}
