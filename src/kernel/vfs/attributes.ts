/** Changing attributes: chmod(2), chown(2), utimensat(2), truncate(2) of something that has been found. */
import { CAP_CHOWN, CAP_FOWNER, CAP_FSETID } from '../../abi/capability.ts';
import { EACCES, EINVAL, EISDIR, EOPNOTSUPP, EPERM, EROFS, Errno } from '../../abi/errno.ts';
import { W_OK } from '../../abi/fcntl.ts';
import { isDirectory, isRegular, isSymlink, S_ISGID, S_ISUID } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import type { Inode, Timespec } from './inode.ts';
import { IN_ATTRIB, IN_MODIFY, notifyObject } from './notify.ts';
import type { Path } from './path.ts';
import { inGroup, mayAccess, permit, permitOwner } from './permission.ts';

/** What is changed: a place in the tree, or an open file (which pipes and sockets have no place for). */
export interface Target { readonly inode: Inode; readonly path?: Path }

export function at(path: Path): Target { return { inode: path.dentry.inode, path }; }

function writable(target: Target): Inode {
  if (target.path?.mount.readonly) throw new Errno(EROFS);
  return target.inode;
}

function notify(target: Target, mask: number): void { if (target.path) notifyObject(target.path.dentry, mask); }

export function chmod(task: Task, target: Target, mode: number): void {
  const inode = writable(target);
  if (isSymlink(inode.mode)) throw new Errno(EOPNOTSUPP);
  permitOwner(task.credentials, inode);
  let wanted = mode & 0o7777;
  if ((wanted & S_ISGID) !== 0 && !inGroup(task.credentials, inode.gid) && !task.credentials.has(CAP_FSETID)) wanted &= ~S_ISGID;
  inode.setattr({ mode: wanted, ctime: task.kernel.vfs.now() });
  notify(target, IN_ATTRIB);
}

/** -1 (as unsigned or signed) leaves an id as it is. */
export function chown(task: Task, target: Target, uid: number, gid: number): void {
  const inode = writable(target), who = task.credentials;
  const newUid = uid >>> 0 === 0xffffffff ? undefined : uid >>> 0;
  const newGid = gid >>> 0 === 0xffffffff ? undefined : gid >>> 0;
  if (newUid !== undefined && !who.has(CAP_CHOWN) && (who.fsuid !== inode.uid || newUid !== inode.uid)) throw new Errno(EPERM);
  if (newGid !== undefined && !who.has(CAP_CHOWN) && (who.fsuid !== inode.uid || (newGid !== inode.gid && !inGroup(who, newGid)))) throw new Errno(EPERM);
  inode.setattr({ uid: newUid, gid: newGid, mode: withoutPrivileges(inode, isDirectory(inode.mode)), ctime: task.kernel.vfs.now() });
  notify(target, IN_ATTRIB);
}

/** Mode after a change of owner or content: set-id bits go (directories keep them). */
function withoutPrivileges(inode: Inode, keep: boolean): number | undefined {
  const bits = S_ISUID | ((inode.mode & 0o010) !== 0 ? S_ISGID : 0);
  return keep || (inode.mode & bits) === 0 ? undefined : inode.mode & 0o7777 & ~bits;
}

/** After a write by someone without CAP_FSETID (file_remove_privs). */
export function dropPrivileges(task: Task, inode: Inode): void {
  if ((inode.mode & (S_ISUID | S_ISGID)) === 0 || task.credentials.has(CAP_FSETID)) return;
  const mode = withoutPrivileges(inode, false);
  if (mode !== undefined) inode.setattr({ mode, ctime: task.kernel.vfs.now() });
}

/** `undefined` leaves a time; `now` (both UTIME_NOW) is allowed to whoever may write. */
export function utimes(task: Task, target: Target, atime: Timespec | undefined, mtime: Timespec | undefined, now: boolean): void {
  const inode = writable(target), who = task.credentials;
  if (!atime && !mtime) return;
  if (who.fsuid !== inode.uid && !who.has(CAP_FOWNER)) {
    if (!now) throw new Errno(EPERM);
    if (!mayAccess(who, inode, W_OK)) throw new Errno(EACCES);
  }
  inode.setattr({ atime, mtime, ctime: task.kernel.vfs.now() });
  notify(target, IN_ATTRIB);
}

export function truncate(task: Task, target: Target, size: number): void {
  const { inode } = target;
  if (isDirectory(inode.mode)) throw new Errno(EISDIR);
  if (!isRegular(inode.mode) || size < 0) throw new Errno(EINVAL);
  writable(target);
  permit(task.credentials, inode, W_OK);
  inode.truncate(size);
  dropPrivileges(task, inode);
  notify(target, IN_MODIFY);
}
