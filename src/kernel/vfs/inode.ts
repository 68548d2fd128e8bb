/**
 * An inode: the object behind names (inode(7)). A filesystem subclasses it; the vfs holds names in dentries and calls
 * these operations with permissions already checked. Operations return a value, or throw Errno.
 */
import { EINVAL, ENODATA, ENOTDIR, EOPNOTSUPP, EPERM, Errno } from '../../abi/errno.ts';
import type { Block, SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import type { File } from './file.ts';
import type { FileLocks } from './locks.ts';
import type { Watches } from './notify.ts';
import type { Path } from './path.ts';

/** A time in whole seconds (may be negative) and nanoseconds. */
export interface Timespec { sec: number; nsec: number }

/** One mounted instance of a filesystem (Linux: super_block). */
export interface FileSystem {
  /** Name in /proc/mounts: tmpfs, overlay, proc … */
  readonly type: string;
  /** st_dev. */
  readonly dev: number;
  readonly root: Inode;
  readonly readonly: boolean;
  /** Names come and go by themselves (proc): each lookup asks the inode again. */
  readonly volatile?: boolean;
  /** Options for /proc/mounts beyond the generic ones: `size=65536k`. */
  readonly options?: string;
  /** statfs(2), sizes in blocks of 4096. */
  statfs(): { type: number; blocks: number; free: number; files: number; filesFree: number; nameMax: number };
  /** sync(2): makes everything durable. */
  sync?(): Promise<void>;
}

/** A name in a directory; `type` is DT_*. */
export interface ListedName { readonly name: string; readonly ino: number; readonly type: number }

export abstract class Inode {
  abstract readonly fs: FileSystem;
  abstract readonly ino: number;
  /** File type and permission bits, S_IF* | 07777. */
  abstract mode: number;
  uid = 0;
  gid = 0;
  nlink = 1;
  rdev = 0;
  atime: Timespec = { sec: 0, nsec: 0 };
  mtime: Timespec = { sec: 0, nsec: 0 };
  ctime: Timespec = { sec: 0, nsec: 0 };
  abstract get size(): number;
  /** In units of 512 bytes. */
  get blocks(): number { return Math.ceil(this.size / 512); }
  /** Record locks and flocks on it (fcntl(2), flock(2)); made by the first. */
  locks: FileLocks | undefined;
  /** inotify watches on it; made by the first. */
  watches: Watches | undefined;

  /** Opens the inode; `path` is kept by the file. Device nodes and fifos open what they stand for. May Block (fifo). */
  abstract open(task: Task, flags: number, path: Path | undefined): File | Block;

  // Directories. `name` has no slash and is neither . nor .. .
  lookup(_name: string): Inode | undefined { throw new Errno(ENOTDIR); }
  /** All names but . and .. . */
  list(_task: Task): ListedName[] { throw new Errno(ENOTDIR); }
  create(_name: string, _mode: number, _owner: Owner): Inode { throw new Errno(EPERM); }
  mkdir(_name: string, _mode: number, _owner: Owner): Inode { throw new Errno(EPERM); }
  mknod(_name: string, _mode: number, _rdev: number, _owner: Owner): Inode { throw new Errno(EPERM); }
  /** A regular file without a name (O_TMPFILE), which link may name later. */
  tmpfile(_mode: number, _owner: Owner): Inode { throw new Errno(EOPNOTSUPP); }
  symlink(_name: string, _target: string, _owner: Owner): Inode { throw new Errno(EPERM); }
  link(_name: string, _target: Inode): void { throw new Errno(EPERM); }
  unlink(_name: string): void { throw new Errno(EPERM); }
  rmdir(_name: string): void { throw new Errno(EPERM); }
  /** Moves `name` to `newName` of directory `to` (same filesystem), replacing what is there; flags are RENAME_*. */
  rename(_name: string, _to: Inode, _newName: string, _flags: number): void { throw new Errno(EPERM); }

  /** Target of a symbolic link; for magic links of /proc see followLink. */
  readlink(_task: Task): string { throw new Errno(EINVAL); }
  /** For magic links (/proc/PID/exe, fd/N): where it leads, without text. */
  followLink?(task: Task): Path | undefined;

  /** fsync(2). */
  fsync(_task: Task): SysResult { return 0; }
  truncate(_size: number): void { throw new Errno(EINVAL); }
  /** Sets the given attributes and ctime; owner, mode and times are stored here by default. */
  setattr(change: { mode?: number; uid?: number; gid?: number; atime?: Timespec; mtime?: Timespec; ctime: Timespec }): void {
    if (change.mode !== undefined) this.mode = (this.mode & ~0o7777) | (change.mode & 0o7777);
    if (change.uid !== undefined) this.uid = change.uid;
    if (change.gid !== undefined) this.gid = change.gid;
    if (change.atime) this.atime = change.atime;
    if (change.mtime) this.mtime = change.mtime;
    this.ctime = change.ctime;
  }

  getxattr(_name: string): Uint8Array { throw new Errno(ENODATA); }
  setxattr(_name: string, _value: Uint8Array, _flags: number): void { throw new Errno(EOPNOTSUPP); }
  removexattr(_name: string): void { throw new Errno(EOPNOTSUPP); }
  listxattr(): string[] { return []; }
}

/** Who creates: the fsuid/fsgid of the caller (a setgid directory overrides gid). */
export interface Owner { uid: number; gid: number }
