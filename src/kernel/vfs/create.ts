/** Making names: mkdir(2), mknod(2), symlink(2), link(2), and what new inodes get from their directory. */
import { CAP_FOWNER, CAP_FSETID, CAP_MKNOD } from '../../abi/capability.ts';
import { EEXIST, EINVAL, EMLINK, ENAMETOOLONG, ENOENT, EPERM, EROFS, Errno, EXDEV } from '../../abi/errno.ts';
import { PATH_MAX, R_OK, W_OK, X_OK } from '../../abi/fcntl.ts';
import { isDirectory, isRegular, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, S_ISGID, S_ISUID } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import type { Inode, Owner } from './inode.ts';
import { type Located, locateParent } from './namei.ts';
import { nameLength } from './name.ts';
import { IN_ATTRIB, IN_CREATE, IN_ISDIR, notifyEntry, notifySelf } from './notify.ts';
import type { Path } from './path.ts';
import { inGroup, mayAccess, permit } from './permission.ts';

const LINK_MAX = 65000;

/** May the caller add a name to directory `parent`? */
export function permitCreation(task: Task, parent: Path): void {
  if (parent.mount.readonly) throw new Errno(EROFS);
  if (parent.dentry.deleted) throw new Errno(ENOENT);
  permit(task.credentials, parent.dentry.inode, W_OK | X_OK);
}

/** Owner of something new in `dir`: the caller, with the group of a setgid directory. */
export function ownerIn(task: Task, dir: Inode): Owner {
  const { fsuid, fsgid } = task.credentials;
  return { uid: fsuid, gid: dir.mode & S_ISGID ? dir.gid : fsgid };
}

/** Mode of something new in `dir`: the umask applied, setgid inherited by directories and refused to strangers. */
export function newMode(task: Task, dir: Inode, mode: number): number {
  let out = mode & ~task.fs.umask;
  if ((dir.mode & S_ISGID) === 0) return out;
  if (isDirectory(mode)) out |= S_ISGID;
  else if ((out & (S_ISGID | 0o010)) === (S_ISGID | 0o010) && !inGroup(task.credentials, dir.gid) && !task.credentials.has(CAP_FSETID)) out &= ~S_ISGID;
  return out;
}

/** Finds where a new name goes. Throws EEXIST when it is taken; a trailing slash is for directories only. */
export function locateNew(task: Task, dirfd: number, path: string, directory: boolean): Located {
  const found = locateFree(task, dirfd, path, directory);
  permitCreation(task, found.parent);
  return found;
}

function locateFree(task: Task, dirfd: number, path: string, directory: boolean): Located {
  const found = locateParent(task, dirfd, path);
  if (found.path) throw new Errno(EEXIST);
  if (found.trailingSlash && !directory) throw new Errno(ENOENT);
  return found;
}

function made(found: Located, inode: Inode): Path {
  const dir = found.parent.dentry;
  const dentry = dir.add(found.name, inode);
  notifyEntry(dir.inode, IN_CREATE | (isDirectory(inode.mode) ? IN_ISDIR : 0), found.name);
  return { mount: found.parent.mount, dentry };
}

export function mkdir(task: Task, dirfd: number, path: string, mode: number): Path {
  const found = locateNew(task, dirfd, path, true);
  const dir = found.parent.dentry.inode;
  return made(found, dir.mkdir(found.name, newMode(task, dir, S_IFDIR | (mode & 0o1777)), ownerIn(task, dir)));
}

/** mknod(2); also how bind(2) makes the inode of a unix socket (S_IFSOCK). */
export function mknod(task: Task, dirfd: number, path: string, mode: number, rdev: number): Path {
  const type = mode & S_IFMT || S_IFREG;
  if (type === S_IFDIR) throw new Errno(EPERM);
  if (type !== S_IFREG && type !== S_IFCHR && type !== S_IFBLK && type !== S_IFIFO && type !== S_IFSOCK) throw new Errno(EINVAL);
  const found = locateNew(task, dirfd, path, false);
  if ((type === S_IFBLK || (type === S_IFCHR && rdev !== 0)) && !task.credentials.has(CAP_MKNOD)) throw new Errno(EPERM);
  const dir = found.parent.dentry.inode;
  const full = newMode(task, dir, type | (mode & 0o7777));
  return made(found, type === S_IFREG ? dir.create(found.name, full, ownerIn(task, dir)) : dir.mknod(found.name, full, rdev, ownerIn(task, dir)));
}

export function symlink(task: Task, target: string, dirfd: number, path: string): Path {
  if (target === '') throw new Errno(ENOENT);
  if (nameLength(target) >= PATH_MAX) throw new Errno(ENAMETOOLONG);
  const found = locateNew(task, dirfd, path, false);
  const dir = found.parent.dentry.inode;
  return made(found, dir.symlink(found.name, target, ownerIn(task, dir)));
}

/** link(2) of an object that has been found (linkat resolves it with or without following). */
export function link(task: Task, from: Path, dirfd: number, path: string): void {
  const found = locateFree(task, dirfd, path, false), { inode } = from.dentry;
  if (found.parent.mount.readonly) throw new Errno(EROFS);
  if (from.mount !== found.parent.mount) throw new Errno(EXDEV);
  if (!mayLink(task, inode)) throw new Errno(EPERM);
  permitCreation(task, found.parent);
  if (isDirectory(inode.mode)) throw new Errno(EPERM);
  if (inode.nlink === 0 && !from.dentry.temporary) throw new Errno(ENOENT);
  if (inode.nlink >= LINK_MAX) throw new Errno(EMLINK);
  found.parent.dentry.inode.link(found.name, inode);
  made(found, inode);
  notifySelf(inode, IN_ATTRIB);
}

/** fs.protected_hardlinks, on in every distribution: others' files only when safe to read and write. */
function mayLink(task: Task, inode: Inode): boolean {
  const who = task.credentials;
  if (who.fsuid === inode.uid || who.has(CAP_FOWNER)) return true;
  if (!isRegular(inode.mode) || (inode.mode & S_ISUID) !== 0 || (inode.mode & (S_ISGID | 0o010)) === (S_ISGID | 0o010)) return false;
  return mayAccess(who, inode, R_OK | W_OK);
}
