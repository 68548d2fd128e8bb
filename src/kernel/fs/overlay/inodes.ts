/** Inodes of an overlay: each stands for an upper object, or for a lower one until it is copied up. */
import { ENODATA, Errno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY } from '../../../abi/fcntl.ts';
import type { Block, SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import type { Content, RegularInode } from '../../vfs/content.ts';
import type { File } from '../../vfs/file.ts';
import { Inode, type Timespec } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import type { LowerInode } from '../layerfs/layerfs.ts';
import type { TmpInode, TmpRegular } from '../tmpfs/inodes.ts';
import type { OverlayDirectory } from './directory.ts';
import { PRIVATE_PREFIX } from './marks.ts';
import type { OverlayFs } from './overlay.ts';

export abstract class OverlayInode extends Inode {
  readonly ino: number;
  mode = 0;
  /** It has lost its name here; a later copy-up makes an upper object without one. */
  unlinked = false;

  constructor(
    readonly fs: OverlayFs,
    public upper: TmpInode | undefined,
    readonly lower: LowerInode | undefined,
    /** Path of the lower object in the layers, without leading slash. */
    readonly lowerPath: string | undefined,
    public parent: OverlayDirectory | undefined,
    public name: string,
  ) {
    super();
    this.ino = upper?.origin?.ino ?? lower?.ino ?? upper!.ino;
    this.refresh();
  }

  /** Takes over the attributes of the object it stands for. */
  refresh(): void {
    const real = this.upper ?? this.lower!;
    this.mode = real.mode;
    this.uid = real.uid;
    this.gid = real.gid;
    this.nlink = real.nlink;
    this.rdev = real.rdev;
    this.atime = real.atime;
    this.mtime = real.mtime;
    this.ctime = real.ctime;
  }

  protected get real(): TmpInode | LowerInode { return this.upper ?? this.lower!; }
  get size(): number { return this.real.size; }
  override get blocks(): number { return this.real.blocks; }
  now(): Timespec { return this.fs.now(); }

  /** Makes sure there is an upper object. Throws Errno(ENOSPC). */
  copyUp(): TmpInode {
    if (this.upper) return this.upper;
    const upper = this.fs.upper.copyUp(this.lower!, this.lowerPath!);
    if (!this.unlinked) this.parent!.adopt(this.name, upper);
    this.upper = upper;
    this.fs.copiedUp(upper, this);
    this.refresh();
    return upper;
  }

  /** Before it gets another name. */
  detachFromLower(): void {}

  override setattr(change: Parameters<Inode['setattr']>[0]): void {
    this.copyUp().setattr(change);
    this.refresh();
  }

  override getxattr(name: string): Uint8Array {
    if (name.startsWith(PRIVATE_PREFIX)) throw new Errno(ENODATA);
    return this.real.getxattr(name);
  }
  override listxattr(): string[] { return this.real.listxattr().filter((n) => !n.startsWith(PRIVATE_PREFIX)); }
  override setxattr(name: string, value: Uint8Array, flags: number): void {
    this.copyUp().setxattr(name, value, flags);
    this.refresh();
  }
  override removexattr(name: string): void {
    this.real.getxattr(name);
    this.copyUp().removexattr(name);
    this.refresh();
  }
  override fsync(task: Task): SysResult { return this.upper?.fsync(task) ?? 0; }
}

export class OverlayRegular extends OverlayInode implements RegularInode {
  private openFiles = 0;

  get content(): Content { return (this.real as TmpRegular | LowerInode).content; }

  open(_task: Task, flags: number, path: Path | undefined): File {
    if ((flags & O_ACCMODE) !== O_RDONLY) this.copyUp();
    return new RegularFile(this, flags, path);
  }

  override copyUp(): TmpInode {
    const before = this.upper, upper = super.copyUp() as TmpRegular;
    if (!before) for (let i = 0; i < this.openFiles; i++) upper.opened();
    return upper;
  }

  override truncate(size: number): void {
    this.copyUp().truncate(size);
    this.refresh();
  }

  opened(): void { this.openFiles++; (this.upper as TmpRegular | undefined)?.opened(); }
  closed(): void { this.openFiles--; (this.upper as TmpRegular | undefined)?.closed(); }
}

export class OverlaySymlink extends OverlayInode {
  override readlink(): string { return (this.real as { target: string } & TmpInode).target; }
  open(): File { throw new Error('a symbolic link is never opened'); }
}

export class OverlaySpecial extends OverlayInode {
  open(task: Task, flags: number, path: Path | undefined): File | Block { return this.fs.vfs.devices.open(task, this, flags, path); }
}
