/** memfd_create(2): a file of a tmpfs that no one has mounted, with seals (fcntl(2), F_ADD_SEALS). */
import { EBUSY, EINVAL, EPERM } from '../../../abi/errno.ts';
import {
  F_ADD_SEALS, F_GET_SEALS, F_SEAL_EXEC, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_WRITE, O_RDWR,
} from '../../../abi/fcntl.ts';
import { S_IFREG } from '../../../abi/stat.ts';
import type { IoSource } from '../../io.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { Dentry } from '../../vfs/dentry.ts';
import type { File } from '../../vfs/file.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import { TmpRegular } from './inodes.ts';
import type { TmpFs } from './tmpfs.ts';

const ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC;
const NO_WRITE = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

class MemfdInode extends TmpRegular {
  seals = 0;
  override open(_task: Task, flags: number, path: Path | undefined): File { return new MemfdFile(this, flags, path); }
}

class MemfdFile extends RegularFile {
  constructor(private readonly memfd: MemfdInode, flags: number, path: Path | undefined) { super(memfd, flags, path); }

  override write(task: Task, from: IoSource, offset?: number): SysResult {
    if ((this.memfd.seals & NO_WRITE) !== 0) return -EPERM;
    if ((this.memfd.seals & F_SEAL_GROW) !== 0 && (offset ?? this.position) + from.remaining > this.memfd.size) return -EPERM;
    return super.write(task, from, offset);
  }

  override truncate(task: Task, size: number): SysResult {
    if ((this.memfd.seals & F_SEAL_SHRINK) !== 0 && size < this.memfd.size) return -EPERM;
    if ((this.memfd.seals & F_SEAL_GROW) !== 0 && size > this.memfd.size) return -EPERM;
    return super.truncate(task, size);
  }

  override allocate(task: Task, mode: number, offset: number, length: number): SysResult {
    if ((this.memfd.seals & NO_WRITE) !== 0 && mode !== 0) return -EPERM;
    if ((this.memfd.seals & F_SEAL_GROW) !== 0 && offset + length > this.memfd.size) return -EPERM;
    return super.allocate(task, mode, offset, length);
  }

  override fcntl(task: Task, command: number, argument: number): SysResult {
    if (command === F_GET_SEALS) return this.memfd.seals;
    if (command !== F_ADD_SEALS) return super.fcntl(task, command, argument);
    if ((argument & ~ALL_SEALS) !== 0) return -EINVAL;
    if ((this.memfd.seals & F_SEAL_SEAL) !== 0 || (this.flags & 3) !== O_RDWR) return -EPERM;
    if ((argument & F_SEAL_WRITE) !== 0 && mappedWritable(task, this.memfd)) return -EBUSY;
    this.memfd.seals |= argument;
    return 0;
  }
}

/** Is there a shared mapping of it that may be stored to? */
function mappedWritable(task: Task, inode: MemfdInode): boolean {
  for (const t of task.kernel.tasks.values()) {
    for (const v of t.mm.areas.all) if (v.shared && (v.prot & 2) !== 0 && v.backing?.file?.inode === inode) return true;
  }
  return false;
}

/** @param sealable MFD_ALLOW_SEALING: without it the file starts sealed against seals */
export function createMemfd(task: Task, fs: TmpFs, name: string, sealable: boolean, executable: boolean): File {
  fs.takeInode();
  const { fsuid, fsgid } = task.credentials, ino = fs.allocateIno();
  const inode = new MemfdInode(fs, ino, S_IFREG | (executable ? 0o777 : 0o666), { uid: fsuid, gid: fsgid }, fs.newContent(ino));
  inode.nlink = 0;
  inode.seals = (sealable ? 0 : F_SEAL_SEAL) | (executable ? 0 : F_SEAL_EXEC);
  const mount = task.kernel.vfs.shm.mount, dentry = new Dentry(`memfd:${name}`, mount.root, inode);
  dentry.deleted = true;
  return new MemfdFile(inode, O_RDWR, { mount, dentry });
}
