/** open(2), openat2(2), O_TMPFILE, O_PATH: from a name to an open file. */
import { EACCES, EBADF, EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, EPERM, EROFS, Errno } from '../../abi/errno.ts';
import {
  O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOATIME, O_NOCTTY, O_NOFOLLOW, O_PATH, O_RDONLY, O_TRUNC, O_WRONLY, R_OK, TMPFILE_BIT, W_OK, X_OK,
} from '../../abi/fcntl.ts';
import { MS_NOEXEC } from '../../abi/mount.ts';
import { isDirectory, isRegular, isSymlink, S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK } from '../../abi/stat.ts';
import type { IoSink, IoSource } from '../io.ts';
import { Block } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { newMode, ownerIn, permitCreation } from './create.ts';
import { Dentry } from './dentry.ts';
import { File } from './file.ts';
import { locate, Walk } from './namei.ts';
import { IN_CREATE, IN_MODIFY, IN_OPEN, notifyEntry, notifyObject } from './notify.ts';
import type { Path } from './path.ts';
import { isOwner, permit } from './permission.ts';

/** A descriptor that only names a place (O_PATH): every operation on the object itself is EBADF. */
export class PathFile extends File {
  read(_task: Task, _into: IoSink): number { return -EBADF; }
  write(_task: Task, _from: IoSource): number { return -EBADF; }
  override seek(): number { return -EBADF; }
  override ioctl(): number { return -EBADF; }
  override readdir(): number { return -EBADF; }
  override fsync(): number { return -EBADF; }
  override truncate(): number { return -EBADF; }
  override mapping(): number { return -EBADF; }
}

/**
 * Opens `path` relative to `dirfd`. The caller owns the reference of the file. Throws Errno; returns Block where the open
 * itself has to wait (a fifo's other end).
 * @param mode permission bits for O_CREAT and O_TMPFILE, before the umask
 * @param walk RESOLVE_* as Walk bits
 */
export function open(task: Task, dirfd: number, path: string, flags: number, mode: number, walk = 0): File | Block {
  if ((flags & O_PATH) !== 0) {
    const keep = flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const found = locate(task, dirfd, path, walk | (flags & O_NOFOLLOW ? Walk.NoFollow : 0)).path;
    if (!found) throw new Errno(ENOENT);
    if ((flags & O_DIRECTORY) !== 0 && !found.dentry.isDirectory) throw new Errno(ENOTDIR);
    return new PathFile(found.dentry.inode, keep & ~O_CLOEXEC, found);
  }
  if ((flags & TMPFILE_BIT) !== 0) return openTemporary(task, dirfd, path, flags, mode, walk);
  if ((flags & (O_CREAT | O_DIRECTORY)) === (O_CREAT | O_DIRECTORY)) throw new Errno(EINVAL);

  const nofollow = (flags & O_NOFOLLOW) !== 0 || (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  const found = locate(task, dirfd, path, walk | (nofollow ? Walk.NoFollow : 0) | (flags & O_CREAT ? Walk.Create : 0));
  if (!found.path) {
    if ((flags & O_CREAT) === 0) throw new Errno(ENOENT);
    permitCreation(task, found.parent);
    const dir = found.parent.dentry;
    const inode = dir.inode.create(found.name, newMode(task, dir.inode, S_IFREG | (mode & 0o7777)), ownerIn(task, dir.inode));
    const made: Path = { mount: found.parent.mount, dentry: dir.add(found.name, inode) };
    notifyEntry(dir.inode, IN_CREATE, found.name);
    return finish(task, made, flags & ~O_TRUNC);
  }
  if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) throw new Errno(EEXIST);
  if ((flags & O_CREAT) !== 0 && found.path.dentry.isDirectory) throw new Errno(EISDIR);
  return openExisting(task, found.path, flags);
}

/** Opens an object that has been found, with the checks of open(2). */
export function openExisting(task: Task, path: Path, flags: number): File | Block {
  const { inode } = path.dentry;
  const access = flags & O_ACCMODE;
  if (isSymlink(inode.mode)) throw new Errno(ELOOP);
  if ((flags & O_DIRECTORY) !== 0 && !isDirectory(inode.mode)) throw new Errno(ENOTDIR);
  const writes = access !== O_RDONLY || (flags & O_TRUNC) !== 0;
  if (isDirectory(inode.mode) && writes) throw new Errno(EISDIR);
  const type = inode.mode & S_IFMT;
  const special = type === S_IFCHR || type === S_IFBLK || type === S_IFIFO || type === S_IFSOCK;
  if (writes && !special && path.mount.readonly) throw new Errno(EROFS);
  permit(task.credentials, inode, (access === O_WRONLY ? 0 : R_OK) | (writes ? W_OK : 0));
  if ((flags & O_NOATIME) !== 0 && !isOwner(task.credentials, inode)) throw new Errno(EPERM);
  if ((flags & O_TRUNC) !== 0 && isRegular(inode.mode)) {
    inode.truncate(0);
    notifyObject(path.dentry, IN_MODIFY);
  }
  return finish(task, path, flags);
}

/** What execve(2) needs: a regular file with execute permission on a mount that allows it, open for reading. */
export function openExecutable(task: Task, dirfd: number, path: string, walk = 0): File {
  const found = path === '' && (walk & Walk.Empty) !== 0 ? task.files.get(dirfd).path : locate(task, dirfd, path, walk).path;
  if (!found) throw new Errno(ENOENT);
  const { inode } = found.dentry;
  if (isSymlink(inode.mode)) throw new Errno(ELOOP);
  if (!isRegular(inode.mode) || (found.mount.flags & MS_NOEXEC) !== 0) throw new Errno(EACCES);
  permit(task.credentials, inode, X_OK);
  const file = finish(task, found, O_RDONLY);
  if (file instanceof Block) throw new Errno(EACCES);
  return file;
}

function finish(task: Task, path: Path, flags: number): File | Block {
  const file = path.dentry.inode.open(task, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), path);
  if (!(file instanceof File)) return file;
  file.flags &= ~O_NOCTTY;
  notifyObject(path.dentry, IN_OPEN);
  return file;
}

function openTemporary(task: Task, dirfd: number, path: string, flags: number, mode: number, walk: number): File | Block {
  if ((flags & O_DIRECTORY) === 0 || (flags & O_ACCMODE) === O_RDONLY) throw new Errno(EINVAL);
  const dir = locate(task, dirfd, path, walk).path;
  if (!dir) throw new Errno(ENOENT);
  if (!dir.dentry.isDirectory) throw new Errno(ENOTDIR);
  permitCreation(task, dir);
  const parent = dir.dentry.inode;
  const inode = parent.tmpfile(newMode(task, parent, S_IFREG | (mode & 0o7777)), ownerIn(task, parent));
  const dentry = new Dentry(`#${inode.ino}`, dir.dentry, inode);
  dentry.deleted = dentry.temporary = true;
  return finish(task, { mount: dir.mount, dentry }, flags & ~(O_DIRECTORY | TMPFILE_BIT));
}
