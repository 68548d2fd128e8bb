/** rename(2), renameat2(2). */
import { EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EROFS, EXDEV, Errno } from '../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, W_OK, X_OK } from '../../abi/fcntl.ts';
import { isDirectory } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { type Located, locateParent } from './namei.ts';
import { IN_DELETE_SELF, IN_ISDIR, IN_MOVED_FROM, IN_MOVED_TO, IN_MOVE_SELF, moveCookie, notifyEntry, notifySelf } from './notify.ts';
import { permit, permitRemoval } from './permission.ts';

export function rename(task: Task, fromFd: number, from: string, toFd: number, to: string, flags: number): void {
  if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) throw new Errno(EINVAL);
  if ((flags & RENAME_EXCHANGE) !== 0 && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0) throw new Errno(EINVAL);
  const source = locateParent(task, fromFd, from), target = locateParent(task, toFd, to);
  if (source.parent.mount !== target.parent.mount) throw new Errno(EXDEV);
  if (!proper(source)) throw new Errno(EBUSY);
  if (!proper(target)) throw new Errno(flags & RENAME_NOREPLACE ? EEXIST : EBUSY);
  if (!source.path) throw new Errno(ENOENT);
  if (target.path && (flags & RENAME_NOREPLACE) !== 0) throw new Errno(EEXIST);
  if (!target.path && (flags & RENAME_EXCHANGE) !== 0) throw new Errno(ENOENT);
  if (source.parent.mount.readonly) throw new Errno(EROFS);

  const moved = source.path.dentry, movesDirectory = isDirectory(moved.inode.mode);
  const replaced = target.path?.dentry;
  if (!movesDirectory && (source.trailingSlash || (target.trailingSlash && (flags & RENAME_EXCHANGE) === 0))) throw new Errno(ENOTDIR);
  if (target.trailingSlash && replaced && !isDirectory(replaced.inode.mode)) throw new Errno(ENOTDIR);
  if (movesDirectory && moved.contains(target.parent.dentry)) throw new Errno(EINVAL);
  if (replaced && isDirectory(replaced.inode.mode) && replaced.contains(source.parent.dentry)) throw new Errno(flags & RENAME_EXCHANGE ? EINVAL : ENOTEMPTY);
  if (source.path.mount !== source.parent.mount || (target.path && target.path.mount !== target.parent.mount)) throw new Errno(EBUSY);

  const who = task.credentials;
  const oldDir = source.parent.dentry, newDir = target.parent.dentry;
  permitRemoval(who, oldDir.inode, moved.inode);
  if (replaced) permitRemoval(who, newDir.inode, replaced.inode);
  else { if (newDir.deleted) throw new Errno(ENOENT); permit(who, newDir.inode, W_OK | X_OK); }
  if (movesDirectory && oldDir !== newDir) permit(who, moved.inode, W_OK);
  if (replaced && (flags & RENAME_EXCHANGE) === 0) {
    if (isDirectory(replaced.inode.mode) && !movesDirectory) throw new Errno(EISDIR);
    if (!isDirectory(replaced.inode.mode) && movesDirectory) throw new Errno(ENOTDIR);
  }
  if (replaced && replaced.inode === moved.inode) return;

  oldDir.inode.rename(source.name, newDir.inode, target.name, flags);
  const cookie = moveCookie(), dirBit = movesDirectory ? IN_ISDIR : 0;
  if (flags & RENAME_EXCHANGE) oldDir.exchange(source.name, newDir, target.name);
  else oldDir.move(source.name, newDir, target.name);
  notifyEntry(oldDir.inode, IN_MOVED_FROM | dirBit, source.name, cookie);
  notifyEntry(newDir.inode, IN_MOVED_TO | dirBit, target.name, cookie);
  notifySelf(moved.inode, IN_MOVE_SELF);
  if (replaced && (flags & RENAME_EXCHANGE) === 0 && replaced.inode.nlink === 0) notifySelf(replaced.inode, IN_DELETE_SELF);
}

function proper(found: Located): boolean { return found.name !== '' && found.name !== '.' && found.name !== '..'; }
