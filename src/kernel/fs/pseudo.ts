/** Filesystems without names: pipefs, sockfs and anon_inodefs. Their inodes exist only as open files, but fstat and /proc/PID/fd see them. */
import { ENXIO, Errno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { Inode, type FileSystem } from '../vfs/inode.ts';
import type { Block } from '../syscalls/define.ts';
import type { Path } from '../vfs/path.ts';
import type { Vfs } from '../vfs/vfs.ts';

export class PseudoFs implements FileSystem {
  readonly dev: number;
  readonly readonly = false;
  readonly root: Inode;
  private lastIno = 1;

  constructor(readonly vfs: Vfs, readonly type: string, private readonly magic: number) {
    this.dev = vfs.allocateDev();
    this.root = new PseudoInode(this, 0o040000 | 0o555, `${type}:/`);
  }

  nextIno(): number { return this.lastIno++; }
  statfs(): ReturnType<FileSystem['statfs']> { return { type: this.magic, blocks: 0, free: 0, files: 0, filesFree: 0, nameMax: 255 }; }
}

export class PseudoInode extends Inode {
  readonly ino: number;
  /** What readlink of /proc/PID/fd/N shows. */
  readonly label: string;

  /** @param label text of the link in /proc/PID/fd; `%` becomes the inode number */
  constructor(readonly fs: PseudoFs, public mode: number, label: string, task?: Task) {
    super();
    this.ino = fs.nextIno();
    this.label = label.replace('%', String(this.ino));
    if (task) {
      this.uid = task.credentials.fsuid;
      this.gid = task.credentials.fsgid;
    }
    this.atime = this.mtime = this.ctime = fs.vfs.now();
  }

  get size(): number { return 0; }
  /** Opening /proc/PID/fd/N of such a file: sockets and anonymous inodes cannot be opened again. */
  open(_task: Task, _flags: number, _path: Path | undefined): File | Block { throw new Errno(ENXIO); }
}
