/** Inodes of tmpfs other than directories. */
import { ENAMETOOLONG, Errno } from '../../../abi/errno.ts';
import { PATH_MAX } from '../../../abi/fcntl.ts';
import { isDirectory, S_IFLNK } from '../../../abi/stat.ts';
import type { Block, SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import type { Content, RegularInode } from '../../vfs/content.ts';
import type { File } from '../../vfs/file.ts';
import { Inode, type Owner, type Timespec } from '../../vfs/inode.ts';
import { nameLength } from '../../vfs/name.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import { Xattrs } from '../../vfs/xattrs.ts';
import type { TmpFs } from './tmpfs.ts';

export abstract class TmpInode extends Inode {
  readonly xattrs = new Xattrs();
  /** In the upper layer of an overlay: what it was copied up from, by path in the lower tree, and that one's inode number. */
  origin: { path: string; ino: number } | undefined;

  constructor(readonly fs: TmpFs, readonly ino: number, public mode: number, owner: Owner) {
    super();
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.atime = this.mtime = this.ctime = fs.now();
  }

  now(): Timespec { return this.fs.now(); }

  override setattr(change: Parameters<Inode['setattr']>[0]): void {
    super.setattr(change);
    this.fs.inodeChanged(this);
  }

  override getxattr(name: string): Uint8Array { return this.xattrs.get(name); }
  override listxattr(): string[] { return this.xattrs.names(); }
  override setxattr(name: string, value: Uint8Array, flags: number): void {
    this.xattrs.set(name, value.slice(), flags);
    this.setattr({ ctime: this.now() });
  }
  override removexattr(name: string): void {
    this.xattrs.remove(name);
    this.setattr({ ctime: this.now() });
  }
  override fsync(task: Task): SysResult { return this.fs.fsync(task); }

  /** A name for it was made. */
  linked(): void {
    this.nlink++;
    this.ctime = this.now();
    this.fs.inodeChanged(this);
  }

  /** A name of it was removed. */
  unlinked(): void {
    this.nlink = isDirectory(this.mode) ? 0 : this.nlink - 1;
    this.ctime = this.now();
    if (this.nlink > 0) this.fs.inodeChanged(this);
    else this.unnamed();
  }

  /** The last name is gone. */
  protected unnamed(): void { this.fs.inodeGone(this); }
}

export class TmpRegular extends TmpInode implements RegularInode {
  private openFiles = 0;

  constructor(fs: TmpFs, ino: number, mode: number, owner: Owner, readonly content: Content & { destroy(): void }) { super(fs, ino, mode, owner); }

  get size(): number { return this.content.size; }
  override get blocks(): number { return Math.ceil(this.content.allocated / 512); }

  open(_task: Task, flags: number, path: Path | undefined): File { return new RegularFile(this, flags, path); }

  override truncate(size: number): void {
    this.content.truncate(size);
    const now = this.now();
    this.setattr({ mtime: now, ctime: now });
  }

  opened(): void { this.openFiles++; }
  closed(): void { if (--this.openFiles === 0 && this.nlink === 0) this.destroy(); }
  protected override unnamed(): void { if (this.openFiles === 0) this.destroy(); }

  private destroy(): void {
    this.content.destroy();
    this.fs.inodeGone(this);
  }
}

export class TmpSymlink extends TmpInode {
  constructor(fs: TmpFs, ino: number, owner: Owner, readonly target: string) {
    super(fs, ino, S_IFLNK | 0o777, owner);
    if (target.length >= PATH_MAX) throw new Errno(ENAMETOOLONG);
  }
  get size(): number { return nameLength(this.target); }
  override get blocks(): number { return 0; }
  override readlink(): string { return this.target; }
  open(): File { throw new Error('a symbolic link is never opened'); }
}

/** Device node, fifo or socket. */
export class TmpSpecial extends TmpInode {
  constructor(fs: TmpFs, ino: number, mode: number, rdev: number, owner: Owner) {
    super(fs, ino, mode, owner);
    this.rdev = rdev;
  }
  get size(): number { return 0; }
  open(task: Task, flags: number, path: Path | undefined): File | Block { return this.fs.vfs.devices.open(task, this, flags, path); }
}

