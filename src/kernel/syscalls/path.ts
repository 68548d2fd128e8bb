/** System calls on names: open, stat, access, links, rename, attributes, getcwd and chdir. */
import { CAP_SYS_CHROOT } from '../../abi/capability.ts';
import { E2BIG, EACCES, EBADF, EFAULT, EINVAL, ENOENT, ENOTDIR, EPERM, ERANGE, EROFS, Errno } from '../../abi/errno.ts';
import {
  AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_REMOVEDIR, AT_STATX_DONT_SYNC, AT_STATX_FORCE_SYNC, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, O_CLOEXEC,
  O_CREAT, O_PATH, O_TRUNC, O_WRONLY, R_OK, RESOLVE_BENEATH, RESOLVE_CACHED, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV,
  TMPFILE_BIT, W_OK, X_OK,
} from '../../abi/fcntl.ts';
import { packStat, packStatfs, packStatx } from '../../abi/fs-structs.ts';
import { MS_NOEXEC, MS_RDONLY, ST_VALID } from '../../abi/mount.ts';
import { isDirectory, isRegular, isSymlink } from '../../abi/stat.ts';
import { at as target, chmod, chown, type Target, truncate, utimes } from '../vfs/attributes.ts';
import { link, mkdir, mknod, symlink } from '../vfs/create.ts';
import type { File } from '../vfs/file.ts';
import type { Inode, Timespec } from '../vfs/inode.ts';
import { pathName } from '../vfs/mount.ts';
import { encodeName } from '../vfs/name.ts';
import { resolve, Walk } from '../vfs/namei.ts';
import { open } from '../vfs/open.ts';
import type { Path } from '../vfs/path.ts';
import { mayAccess, permit } from '../vfs/permission.ts';
import { rmdir, unlink } from '../vfs/remove.ts';
import { rename } from '../vfs/rename.ts';
import { statOf } from '../vfs/stat.ts';
import type { Task } from '../task/task.ts';
import { Block, full, partial, type SyscallRow, type SysResult } from './define.ts';

const UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe;
const OPEN_HOW_SIZE = 24;
const ALL_OPEN_FLAGS = 0o37777777 | O_PATH;

function pathAt(task: Task, pointer: number): string { return task.mm.readString(pointer); }

/** Walk bits of AT_* flags. */
function walkFlags(flags: number, follow: boolean): number {
  return (follow ? 0 : Walk.NoFollow) | (flags & AT_EMPTY_PATH ? Walk.Empty : 0);
}

// Opening

function openAt(task: Task, dirfd: number, path: string, flags: number, mode: number, walk = 0): SysResult {
  const file = open(task, dirfd, path, flags, mode, walk);
  return file instanceof Block ? file : task.files.install(file, (flags & O_CLOEXEC) !== 0);
}

function openat(task: Task, dirfd: number, path: number, flags: number, mode: number): SysResult {
  return openAt(task, dirfd, pathAt(task, path), flags | 0, mode & 0o7777);
}

function openat2(task: Task, dirfd: number, path: number, how: number, size: number): SysResult {
  if (size < OPEN_HOW_SIZE) return -EINVAL;
  if (size > 4096) return -E2BIG;
  if (size > OPEN_HOW_SIZE && task.mm.copyIn(how + OPEN_HOW_SIZE, size - OPEN_HOW_SIZE).some((b) => b !== 0)) return -E2BIG;
  const flags = task.mm.readU64(how), mode = task.mm.readU64(how + 8), resolveFlags = task.mm.readU64(how + 16);
  if (flags > 0xffffffff || (flags & ~ALL_OPEN_FLAGS) !== 0 || resolveFlags > 63 || mode > 0o7777) return -EINVAL;
  if (mode !== 0 && (flags & (O_CREAT | TMPFILE_BIT)) === 0) return -EINVAL;
  if ((resolveFlags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) === (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) return -EINVAL;
  const bits: readonly (readonly [number, number])[] = [[RESOLVE_NO_XDEV, Walk.NoXdev], [RESOLVE_NO_MAGICLINKS, Walk.NoMagicLinks], [RESOLVE_NO_SYMLINKS, Walk.NoSymlinks],
    [RESOLVE_BENEATH, Walk.Beneath], [RESOLVE_IN_ROOT, Walk.InRoot], [RESOLVE_CACHED, 0]];
  const walk = bits.reduce((sum, [resolveBit, walkBit]) => resolveFlags & resolveBit ? sum | walkBit : sum, 0);
  return openAt(task, dirfd, pathAt(task, path), flags, mode, walk);
}

// Looking

/** The inode that a stat-like call means; AT_EMPTY_PATH reaches pipes and sockets too. */
function inodeAt(task: Task, dirfd: number, path: string, flags: number): { inode: Inode; path?: Path } {
  if (path === '' && (flags & AT_EMPTY_PATH) !== 0 && (dirfd | 0) !== AT_FDCWD) return task.files.get(dirfd | 0);
  return target(resolve(task, dirfd, path, walkFlags(flags, (flags & AT_SYMLINK_NOFOLLOW) === 0)));
}

function putStat(task: Task, inode: Inode, buffer: number): number {
  task.mm.copyOut(buffer, packStat(statOf(inode)));
  return 0;
}

function newfstatat(task: Task, dirfd: number, path: number, buffer: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) !== 0) return -EINVAL;
  const name = path === 0 && (flags & AT_EMPTY_PATH) !== 0 ? '' : pathAt(task, path);
  return putStat(task, inodeAt(task, dirfd, name, flags).inode, buffer);
}

function statx(task: Task, dirfd: number, path: number, flags: number, mask: number, buffer: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC)) !== 0 || mask < 0 && (mask | 0) < 0) return -EINVAL;
  const name = path === 0 && (flags & AT_EMPTY_PATH) !== 0 ? '' : pathAt(task, path);
  const found = inodeAt(task, dirfd, name, flags);
  const mount = found.path?.mount;
  task.mm.copyOut(buffer, packStatx(statOf(found.inode), mount?.id ?? 0, mount !== undefined && found.path!.dentry === mount.root));
  return 0;
}

function access(task: Task, dirfd: number, path: number, mode: number, flags: number): number {
  if ((mode & ~(R_OK | W_OK | X_OK)) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const own = task.credentials;
  if ((flags & AT_EACCESS) === 0) task.credentials = own.with({ fsuid: own.uid, fsgid: own.gid, effective: own.uid === 0 ? own.permitted : 0n });
  try {
    const found = inodeAt(task, dirfd, pathAt(task, path), flags), { inode } = found;
    if ((mode & X_OK) !== 0 && isRegular(inode.mode) && found.path && (found.path.mount.flags & MS_NOEXEC) !== 0) return -EACCES;
    if (!mayAccess(task.credentials, inode, mode & 7)) return -EACCES;
    const changeable = isRegular(inode.mode) || isDirectory(inode.mode) || isSymlink(inode.mode);
    return (mode & W_OK) !== 0 && changeable && found.path?.mount.readonly ? -EROFS : 0;
  } finally {
    task.credentials = own;
  }
}

function readlinkat(task: Task, dirfd: number, path: number, buffer: number, size: number): number {
  if ((size | 0) <= 0) return -EINVAL;
  const name = pathAt(task, path), found = resolve(task, dirfd, name, Walk.NoFollow | Walk.Empty);
  if (!isSymlink(found.dentry.inode.mode)) return name === '' ? -ENOENT : -EINVAL;
  const text = encodeName(found.dentry.inode.readlink(task)).subarray(0, size);
  task.mm.copyOut(buffer, text);
  return text.length;
}

function putStatfs(task: Task, found: { inode: Inode; path?: Path }, buffer: number): number {
  const { fs } = found.inode;
  const flags = ST_VALID | (found.path ? found.path.mount.flags & 0xf | (found.path.mount.readonly ? MS_RDONLY : 0) | (found.path.mount.flags & 0xc00) : 0);
  task.mm.copyOut(buffer, packStatfs({ ...fs.statfs(), dev: fs.dev, flags }));
  return 0;
}

function getcwd(task: Task, buffer: number, size: number): number {
  const { cwd, root } = task.fs;
  if (cwd.dentry.deleted) return -ENOENT;
  const bytes = encodeName(`${pathName(cwd, root)}\0`);
  if (bytes.length > size) return -ERANGE;
  task.mm.copyOut(buffer, bytes);
  return bytes.length;
}

function enter(task: Task, path: Path): Path {
  if (!path.dentry.isDirectory) throw new Errno(ENOTDIR);
  permit(task.credentials, path.dentry.inode, X_OK);
  return path;
}

function fchdir(task: Task, fd: number): number {
  const { path } = task.files.get(fd);
  if (!path) return -ENOTDIR;
  task.fs.cwd = enter(task, path);
  return 0;
}

function chroot(task: Task, path: number): number {
  const to = enter(task, resolve(task, AT_FDCWD, pathAt(task, path)));
  if (!task.credentials.has(CAP_SYS_CHROOT)) return -EPERM;
  task.fs.root = to;
  return 0;
}

// Changing names

function unlinkat(task: Task, dirfd: number, path: number, flags: number): number {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  (flags & AT_REMOVEDIR ? rmdir : unlink)(task, dirfd, pathAt(task, path));
  return 0;
}

function linkat(task: Task, fromFd: number, from: number, toFd: number, to: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const source = resolve(task, fromFd, pathAt(task, from), walkFlags(flags, (flags & AT_SYMLINK_FOLLOW) !== 0));
  link(task, source, toFd, pathAt(task, to));
  return 0;
}

// Changing attributes

function fileFor(task: Task, fd: number): File {
  const file = task.files.get(fd);
  if ((file.flags & O_PATH) !== 0) throw new Errno(EBADF);
  return file;
}

function fchmodat2(task: Task, dirfd: number, path: number, mode: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const found = inodeAt(task, dirfd, pathAt(task, path), flags);
  chmod(task, found, mode);
  return 0;
}

function fchownat(task: Task, dirfd: number, path: number, uid: number, gid: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  chown(task, inodeAt(task, dirfd, pathAt(task, path), flags), uid, gid);
  return 0;
}

/** A time to set: undefined for UTIME_OMIT. */
function timeOf(task: Task, sec: number, nsec: number): Timespec | undefined {
  if (nsec === UTIME_OMIT) return undefined;
  if (nsec === UTIME_NOW) return task.kernel.vfs.now();
  if (nsec < 0 || nsec > 999_999_999) throw new Errno(EINVAL);
  return { sec, nsec };
}

function setTimes(task: Task, what: Target, atime: Timespec | undefined, mtime: Timespec | undefined, now: boolean): number {
  utimes(task, what, atime, mtime, now);
  return 0;
}

function utimensat(task: Task, dirfd: number, path: number, times: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const { mm } = task;
  let atime: Timespec | undefined = task.kernel.vfs.now(), mtime: Timespec | undefined = atime, now = true;
  if (times !== 0) {
    const aNsec = mm.readI64(times + 8), mNsec = mm.readI64(times + 24);
    atime = timeOf(task, mm.readI64(times), aNsec);
    mtime = timeOf(task, mm.readI64(times + 16), mNsec);
    now = aNsec === UTIME_NOW && mNsec === UTIME_NOW;
  }
  if (path === 0 && (dirfd | 0) === AT_FDCWD) return -EFAULT;
  const what = path === 0 ? fileFor(task, dirfd | 0) : inodeAt(task, dirfd, pathAt(task, path), flags);
  return setTimes(task, what, atime, mtime, now);
}

function microseconds(task: Task, at: number): Timespec {
  const usec = task.mm.readI64(at + 8);
  if (usec < 0 || usec > 999_999) throw new Errno(EINVAL);
  return { sec: task.mm.readI64(at), nsec: usec * 1000 };
}

function futimesat(task: Task, dirfd: number, path: number, times: number): number {
  const what = path === 0 ? fileFor(task, dirfd | 0) : target(resolve(task, dirfd, pathAt(task, path)));
  const now = task.kernel.vfs.now();
  return times === 0 ? setTimes(task, what, now, now, true) : setTimes(task, what, microseconds(task, times), microseconds(task, times + 16), false);
}

function utime(task: Task, path: number, times: number): number {
  const what = target(resolve(task, AT_FDCWD, pathAt(task, path))), now = task.kernel.vfs.now();
  if (times === 0) return setTimes(task, what, now, now, true);
  return setTimes(task, what, { sec: task.mm.readI64(times), nsec: 0 }, { sec: task.mm.readI64(times + 8), nsec: 0 }, false);
}

function umask(task: Task, mask: number): number {
  const old = task.fs.umask;
  task.fs.umask = mask & 0o777;
  return old;
}

/** Runs an operation that answers nothing. */
function done(_result: unknown): number { return 0; }

export const pathCalls: readonly SyscallRow[] = [
  full(2, 'open', 'path,flags:O,mode', (task, path, flags, mode) => openat(task, AT_FDCWD, path, flags, mode)),
  full(85, 'creat', 'path,mode', (task, path, mode) => openat(task, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode)),
  full(257, 'openat', 'fd,path,flags:O,mode', openat),
  full(437, 'openat2', 'fd,path,ptr,size', openat2),
  full(4, 'stat', 'path,ptr', (task, path, buffer) => newfstatat(task, AT_FDCWD, path, buffer, 0)),
  full(5, 'fstat', 'fd,ptr', (task, fd, buffer) => putStat(task, task.files.get(fd).inode, buffer)),
  full(6, 'lstat', 'path,ptr', (task, path, buffer) => newfstatat(task, AT_FDCWD, path, buffer, AT_SYMLINK_NOFOLLOW)),
  full(262, 'newfstatat', 'fd,path,ptr,flags:AT', newfstatat),
  partial(332, 'statx', 'fd,path,flags:AT,uint,ptr', 'no birth time', statx),
  full(21, 'access', 'path,int', (task, path, mode) => access(task, AT_FDCWD, path, mode, 0)),
  full(269, 'faccessat', 'fd,path,int', (task, fd, path, mode) => access(task, fd, path, mode, 0)),
  full(439, 'faccessat2', 'fd,path,int,flags:AT', access),
  full(89, 'readlink', 'path,out:2,size', (task, path, buffer, size) => readlinkat(task, AT_FDCWD, path, buffer, size)),
  full(267, 'readlinkat', 'fd,path,out:3,size', readlinkat),
  full(137, 'statfs', 'path,ptr', (task, path, buffer) => putStatfs(task, target(resolve(task, AT_FDCWD, pathAt(task, path))), buffer)),
  full(138, 'fstatfs', 'fd,ptr', (task, fd, buffer) => putStatfs(task, task.files.get(fd), buffer)),
  full(79, 'getcwd', 'out:1,size', getcwd),
  full(80, 'chdir', 'path', (task, path) => done(task.fs.cwd = enter(task, resolve(task, AT_FDCWD, pathAt(task, path))))),
  full(81, 'fchdir', 'fd', fchdir),
  full(161, 'chroot', 'path', chroot),
  full(83, 'mkdir', 'path,mode', (task, path, mode) => done(mkdir(task, AT_FDCWD, pathAt(task, path), mode))),
  full(258, 'mkdirat', 'fd,path,mode', (task, fd, path, mode) => done(mkdir(task, fd, pathAt(task, path), mode))),
  full(84, 'rmdir', 'path', (task, path) => done(rmdir(task, AT_FDCWD, pathAt(task, path)))),
  full(87, 'unlink', 'path', (task, path) => done(unlink(task, AT_FDCWD, pathAt(task, path)))),
  full(263, 'unlinkat', 'fd,path,flags:AT', unlinkat),
  full(82, 'rename', 'path,path', (task, from, to) => done(rename(task, AT_FDCWD, pathAt(task, from), AT_FDCWD, pathAt(task, to), 0))),
  full(264, 'renameat', 'fd,path,fd,path', (task, fromFd, from, toFd, to) => done(rename(task, fromFd, pathAt(task, from), toFd, pathAt(task, to), 0))),
  full(316, 'renameat2', 'fd,path,fd,path,uint', (task, fromFd, from, toFd, to, flags) => done(rename(task, fromFd, pathAt(task, from), toFd, pathAt(task, to), flags))),
  full(86, 'link', 'path,path', (task, from, to) => linkat(task, AT_FDCWD, from, AT_FDCWD, to, 0)),
  full(265, 'linkat', 'fd,path,fd,path,flags:AT', linkat),
  full(88, 'symlink', 'str,path', (task, text, path) => done(symlink(task, pathAt(task, text), AT_FDCWD, pathAt(task, path)))),
  full(266, 'symlinkat', 'str,fd,path', (task, text, fd, path) => done(symlink(task, pathAt(task, text), fd, pathAt(task, path)))),
  full(133, 'mknod', 'path,mode,uint', (task, path, mode, rdev) => done(mknod(task, AT_FDCWD, pathAt(task, path), mode, rdev >>> 0))),
  full(259, 'mknodat', 'fd,path,mode,uint', (task, fd, path, mode, rdev) => done(mknod(task, fd, pathAt(task, path), mode, rdev >>> 0))),
  full(90, 'chmod', 'path,mode', (task, path, mode) => fchmodat2(task, AT_FDCWD, path, mode, 0)),
  full(91, 'fchmod', 'fd,mode', (task, fd, mode) => done(chmod(task, fileFor(task, fd), mode))),
  full(268, 'fchmodat', 'fd,path,mode', (task, fd, path, mode) => fchmodat2(task, fd, path, mode, 0)),
  full(452, 'fchmodat2', 'fd,path,mode,flags:AT', fchmodat2),
  full(92, 'chown', 'path,int,int', (task, path, uid, gid) => fchownat(task, AT_FDCWD, path, uid, gid, 0)),
  full(93, 'fchown', 'fd,int,int', (task, fd, uid, gid) => done(chown(task, fileFor(task, fd), uid, gid))),
  full(94, 'lchown', 'path,int,int', (task, path, uid, gid) => fchownat(task, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW)),
  full(260, 'fchownat', 'fd,path,int,int,flags:AT', fchownat),
  full(132, 'utime', 'path,ptr', utime),
  full(235, 'utimes', 'path,ptr', (task, path, times) => futimesat(task, AT_FDCWD, path, times)),
  full(261, 'futimesat', 'fd,path,ptr', futimesat),
  full(280, 'utimensat', 'fd,path,ptr,flags:AT', utimensat),
  full(95, 'umask', 'mode', umask),
  full(76, 'truncate', 'path,off', (task, path, size) => done(truncate(task, target(resolve(task, AT_FDCWD, pathAt(task, path))), size))),
];
