/** Extended attributes (xattr(7)): user, trusted and security namespaces with their permission rules. */
import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { E2BIG, EACCES, EBADF, EINVAL, ENODATA, EOPNOTSUPP, EPERM, ERANGE, EROFS, Errno } from '../../abi/errno.ts';
import { AT_FDCWD, O_PATH, R_OK, W_OK, XATTR_CREATE, XATTR_REPLACE } from '../../abi/fcntl.ts';
import { isDirectory, isRegular, S_ISVTX } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import type { Target } from '../vfs/attributes.ts';
import { encodeName } from '../vfs/name.ts';
import { resolve, Walk } from '../vfs/namei.ts';
import { IN_ATTRIB, notifyObject } from '../vfs/notify.ts';
import { isOwner, mayAccess } from '../vfs/permission.ts';
import { full, type SyscallRow } from './define.ts';

const NAME_MAX = 255, VALUE_MAX = 65536, LIST_MAX = 65536;

type Find = (task: Task, place: number) => Target;
const byPath: Find = (task, path) => { const p = resolve(task, AT_FDCWD, task.mm.readString(path)); return { inode: p.dentry.inode, path: p }; };
const byLink: Find = (task, path) => { const p = resolve(task, AT_FDCWD, task.mm.readString(path), Walk.NoFollow); return { inode: p.dentry.inode, path: p }; };
const byFd: Find = (task, fd) => {
  const file = task.files.get(fd);
  if ((file.flags & O_PATH) !== 0) throw new Errno(EBADF);
  return file;
};

function nameAt(task: Task, pointer: number): string {
  const name = task.mm.readString(pointer, NAME_MAX + 1);
  if (name === '') throw new Errno(ERANGE);
  return name;
}

/** Throws unless the caller may use attribute `name` in the way of `mask` (xattr_permission). */
function permitXattr(task: Task, { inode, path }: Target, name: string, mask: number): void {
  const who = task.credentials, writes = (mask & W_OK) !== 0;
  if (writes && path?.mount.readonly) throw new Errno(EROFS);
  if (name.startsWith('trusted.')) {
    if (!who.has(CAP_SYS_ADMIN)) throw new Errno(writes ? EPERM : ENODATA);
    return;
  }
  if (name.startsWith('security.')) {
    if (writes && !(name === 'security.capability' ? who.has(CAP_SETFCAP) : who.has(CAP_SYS_ADMIN))) throw new Errno(EPERM);
    return;
  }
  if (name.startsWith('system.')) throw new Errno(EOPNOTSUPP);
  if (!name.startsWith('user.')) throw new Errno(EOPNOTSUPP);
  if (!isRegular(inode.mode) && !isDirectory(inode.mode)) throw new Errno(writes ? EPERM : ENODATA);
  if (writes && isDirectory(inode.mode) && (inode.mode & S_ISVTX) !== 0 && !isOwner(who, inode)) throw new Errno(EPERM);
  if (!mayAccess(who, inode, mask)) throw new Errno(EACCES);
}

function get(find: Find) {
  return (task: Task, place: number, namePointer: number, buffer: number, size: number): number => {
    const name = nameAt(task, namePointer), target = find(task, place);
    permitXattr(task, target, name, R_OK);
    const value = target.inode.getxattr(name);
    if (size === 0) return value.length;
    if (value.length > size) return -ERANGE;
    task.mm.copyOut(buffer, value);
    return value.length;
  };
}

function set(find: Find) {
  return (task: Task, place: number, namePointer: number, value: number, size: number, flags: number): number => {
    if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
    if (size > VALUE_MAX) return -E2BIG;
    const name = nameAt(task, namePointer), bytes = task.mm.copyIn(value, size), target = find(task, place);
    permitXattr(task, target, name, W_OK);
    target.inode.setxattr(name, bytes, flags);
    if (target.path) notifyObject(target.path.dentry, IN_ATTRIB);
    return 0;
  };
}

function list(find: Find) {
  return (task: Task, place: number, buffer: number, size: number): number => {
    const { inode } = find(task, place), trusted = task.credentials.has(CAP_SYS_ADMIN);
    const names = inode.listxattr().filter((n) => trusted || !n.startsWith('trusted.'));
    const bytes = encodeName(names.map((n) => `${n}\0`).join(''));
    if (size === 0) return bytes.length;
    if (bytes.length > LIST_MAX) return -E2BIG;
    if (bytes.length > size) return -ERANGE;
    task.mm.copyOut(buffer, bytes);
    return bytes.length;
  };
}

function remove(find: Find) {
  return (task: Task, place: number, namePointer: number): number => {
    const name = nameAt(task, namePointer), target = find(task, place);
    permitXattr(task, target, name, W_OK);
    target.inode.removexattr(name);
    if (target.path) notifyObject(target.path.dentry, IN_ATTRIB);
    return 0;
  };
}

export const xattrCalls: readonly SyscallRow[] = [
  full(188, 'setxattr', 'path,str,buf:3,size,int', set(byPath)),
  full(189, 'lsetxattr', 'path,str,buf:3,size,int', set(byLink)),
  full(190, 'fsetxattr', 'fd,str,buf:3,size,int', set(byFd)),
  full(191, 'getxattr', 'path,str,out:3,size', get(byPath)),
  full(192, 'lgetxattr', 'path,str,out:3,size', get(byLink)),
  full(193, 'fgetxattr', 'fd,str,out:3,size', get(byFd)),
  full(194, 'listxattr', 'path,out:2,size', list(byPath)),
  full(195, 'llistxattr', 'path,out:2,size', list(byLink)),
  full(196, 'flistxattr', 'fd,out:2,size', list(byFd)),
  full(197, 'removexattr', 'path,str', remove(byPath)),
  full(198, 'lremovexattr', 'path,str', remove(byLink)),
  full(199, 'fremovexattr', 'fd,str', remove(byFd)),
];
