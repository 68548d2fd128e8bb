/** Directories of tmpfs. */
import { EEXIST, ENOENT, ENOTEMPTY, EXDEV, Errno } from '../../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_WHITEOUT } from '../../../abi/fcntl.ts';
import { direntType, isDirectory, S_IFCHR, S_IFMT } from '../../../abi/stat.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { File } from '../../vfs/file.ts';
import type { Inode, ListedName, Owner } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { TmpInode, TmpRegular, TmpSpecial, TmpSymlink } from './inodes.ts';
import type { TmpFs } from './tmpfs.ts';

/** What Linux reports per entry. */
const ENTRY_SIZE = 20;

export class TmpDirectory extends TmpInode {
  readonly entries = new Map<string, TmpInode>();

  constructor(fs: TmpFs, ino: number, mode: number, owner: Owner) {
    super(fs, ino, mode, owner);
    this.nlink = 2;
  }

  get size(): number { return (this.entries.size + 2) * ENTRY_SIZE; }
  override get blocks(): number { return 0; }
  open(_task: Task, flags: number, path: Path | undefined): File { return new DirectoryFile(this, flags, path); }

  override list(_task?: Task): ListedName[] {
    return [...this.entries].map(([name, inode]) => ({ name, ino: inode.ino, type: direntType(inode.mode) }));
  }
  override lookup(name: string): TmpInode | undefined { return this.entries.get(name); }

  override create(name: string, mode: number, owner: Owner): TmpInode {
    return this.add(name, () => { const ino = this.fs.allocateIno(); return new TmpRegular(this.fs, ino, mode, owner, this.fs.newContent(ino)); });
  }
  override mkdir(name: string, mode: number, owner: Owner): TmpDirectory {
    return this.add(name, () => new TmpDirectory(this.fs, this.fs.allocateIno(), mode, owner));
  }
  override mknod(name: string, mode: number, rdev: number, owner: Owner): TmpInode {
    return this.add(name, () => new TmpSpecial(this.fs, this.fs.allocateIno(), mode, rdev, owner));
  }
  override symlink(name: string, target: string, owner: Owner): TmpInode {
    return this.add(name, () => new TmpSymlink(this.fs, this.fs.allocateIno(), owner, target));
  }
  override tmpfile(mode: number, owner: Owner): TmpInode {
    this.fs.takeInode();
    const ino = this.fs.allocateIno(), inode = new TmpRegular(this.fs, ino, mode, owner, this.fs.newContent(ino));
    inode.nlink = 0;
    return inode;
  }

  private add<T extends TmpInode>(name: string, make: () => T): T {
    if (this.entries.has(name)) throw new Errno(EEXIST);
    this.fs.takeInode();
    const inode = make();
    this.attach(name, inode);
    this.fs.inodeChanged(inode);
    return inode;
  }

  /** Puts an inode under a name that is free. */
  attach(name: string, inode: TmpInode): void {
    this.entries.set(name, inode);
    if (isDirectory(inode.mode)) this.nlink++;
    this.changed(name);
  }

  /** Takes a name away without touching the inode. */
  detach(name: string): TmpInode {
    const inode = this.entries.get(name);
    if (!inode) throw new Errno(ENOENT);
    this.entries.delete(name);
    if (isDirectory(inode.mode)) this.nlink--;
    this.changed(name);
    return inode;
  }

  private changed(name: string): void {
    this.mtime = this.ctime = this.now();
    this.fs.entryChanged(this, name);
    this.fs.inodeChanged(this);
  }

  override link(name: string, target: Inode): void {
    if (!(target instanceof TmpInode) || target.fs !== this.fs) throw new Errno(EXDEV);
    if (this.entries.has(name)) throw new Errno(EEXIST);
    this.attach(name, target);
    target.linked();
  }

  override unlink(name: string): void { this.detach(name).unlinked(); }

  override rmdir(name: string): void {
    const inode = this.entries.get(name);
    if (!inode) throw new Errno(ENOENT);
    if (inode instanceof TmpDirectory && inode.entries.size > 0) throw new Errno(ENOTEMPTY);
    this.detach(name).unlinked();
  }

  override rename(name: string, to: Inode, newName: string, flags: number): void {
    if (!(to instanceof TmpDirectory) || to.fs !== this.fs) throw new Errno(EXDEV);
    const replaced = to.entries.get(newName);
    if ((flags & RENAME_EXCHANGE) !== 0) {
      const a = this.detach(name), b = to.detach(newName);
      to.attach(newName, a);
      this.attach(name, b);
      a.setattr({ ctime: this.now() });
      b.setattr({ ctime: this.now() });
      return;
    }
    if (replaced instanceof TmpDirectory && replaced.entries.size > 0) throw new Errno(ENOTEMPTY);
    if (replaced) to.detach(newName).unlinked();
    const inode = this.detach(name);
    to.attach(newName, inode);
    inode.setattr({ ctime: this.now() });
    if ((flags & RENAME_WHITEOUT) !== 0) this.mknod(name, S_IFCHR, 0, { uid: 0, gid: 0 });
  }
}

/** A whiteout of overlayfs: a character device 0/0. */
export function isWhiteout(inode: Inode): boolean { return (inode.mode & S_IFMT) === S_IFCHR && inode.rdev === 0; }
