/** Removing names: unlink(2), rmdir(2). */
import { EBUSY, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EROFS, Errno } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { type Located, locateParent } from './namei.ts';
import { IN_ATTRIB, IN_DELETE, IN_DELETE_SELF, IN_ISDIR, notifyEntry, notifySelf } from './notify.ts';
import { permitRemoval } from './permission.ts';

function victim(task: Task, found: Located): NonNullable<Located['path']> {
  if (!found.path) throw new Errno(ENOENT);
  if (found.parent.mount.readonly) throw new Errno(EROFS);
  if (found.path.mount !== found.parent.mount) throw new Errno(EBUSY);
  permitRemoval(task.credentials, found.parent.dentry.inode, found.path.dentry.inode);
  return found.path;
}

export function unlink(task: Task, dirfd: number, path: string): void {
  const found = locateParent(task, dirfd, path);
  if (found.name === '' || found.name === '.' || found.name === '..') throw new Errno(EISDIR);
  if (found.trailingSlash && found.path) throw new Errno(isDirectory(found.path.dentry.inode.mode) ? EISDIR : ENOTDIR);
  const { dentry } = victim(task, found);
  if (isDirectory(dentry.inode.mode)) throw new Errno(EISDIR);
  const dir = found.parent.dentry;
  dir.inode.unlink(found.name);
  dir.remove(found.name);
  notifySelf(dentry.inode, IN_ATTRIB);
  if (dentry.inode.nlink === 0) notifySelf(dentry.inode, IN_DELETE_SELF);
  notifyEntry(dir.inode, IN_DELETE, found.name);
}

export function rmdir(task: Task, dirfd: number, path: string): void {
  const found = locateParent(task, dirfd, path);
  if (found.name === '') throw new Errno(EBUSY);
  if (found.name === '.') throw new Errno(EINVAL);
  if (found.name === '..') throw new Errno(ENOTEMPTY);
  const { dentry } = victim(task, found);
  if (!isDirectory(dentry.inode.mode)) throw new Errno(ENOTDIR);
  const dir = found.parent.dentry;
  dir.inode.rmdir(found.name);
  dir.remove(found.name);
  notifySelf(dentry.inode, IN_DELETE_SELF | IN_ISDIR);
  notifyEntry(dir.inode, IN_DELETE | IN_ISDIR, found.name);
}
