/** Character and block devices by number, and what opening a fifo means: drivers register here, inodes of any filesystem open here. */
import { EACCES, ENXIO, Errno } from '../../abi/errno.ts';
import { MS_NODEV } from '../../abi/mount.ts';
import { major, minor, S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT } from '../../abi/stat.ts';
import type { Block } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';
import type { Path } from './path.ts';

/** Opens a device or fifo that `inode` names. */
export type Opener = (task: Task, inode: Inode, flags: number, path: Path | undefined) => File | Block;

export class Devices {
  private readonly chars = new Map<string, Opener>();
  private fifo: Opener | undefined;

  /** Driver of a character device; without `minor` of all of that major. */
  registerChar(major: number, minor: number | undefined, open: Opener): void { this.chars.set(`${major}:${minor ?? '*'}`, open); }
  /** Opener of named pipes (fs/pipefs). */
  registerFifo(open: Opener): void { this.fifo = open; }

  /** Inode.open of devices, fifos and sockets. Throws Errno(ENXIO) where no driver answers. */
  open(task: Task, inode: Inode, flags: number, path: Path | undefined): File | Block {
    const type = inode.mode & S_IFMT;
    if (type === S_IFIFO && this.fifo) return this.fifo(task, inode, flags, path);
    if (type === S_IFCHR || type === S_IFBLK) {
      if (path && (path.mount.flags & MS_NODEV) !== 0) throw new Errno(EACCES);
      const driver = type === S_IFCHR ? this.chars.get(`${major(inode.rdev)}:${minor(inode.rdev)}`) ?? this.chars.get(`${major(inode.rdev)}:*`) : undefined;
      if (driver) return driver(task, inode, flags, path);
    }
    throw new Errno(ENXIO);
  }
}
