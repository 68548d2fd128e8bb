/** System calls on descriptors: close, dup, fcntl, flock, ioctl. */
import { EAGAIN, EBADF, EINTR, EINVAL, ENOTTY, EPERM, ESRCH } from '../../abi/errno.ts';
import {
  CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE, F_DUPFD, F_DUPFD_CLOEXEC, F_DUPFD_QUERY, F_GETFD, F_GETFL, F_GETLEASE, F_GETLK, F_GETOWN, F_GETOWN_EX, F_GETSIG,
  F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_RDLCK, F_SETFD, F_SETFL, F_SETLEASE, F_SETLK, F_SETLKW, F_SETOWN, F_SETOWN_EX, F_SETSIG, F_UNLCK, F_WRLCK, FD_CLOEXEC,
  LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, O_ACCMODE, O_APPEND, O_ASYNC, O_CLOEXEC, O_DIRECT, O_NOATIME, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY, SEEK_CUR, SEEK_END, SEEK_SET,
} from '../../abi/fcntl.ts';
import { FLOCK_SIZE, packFlock, unpackFlock } from '../../abi/fs-structs.ts';
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD, FIOQSIZE } from '../../abi/ioctl.ts';
import { isDirectory, isRegular } from '../../abi/stat.ts';
import { createMemfd } from '../fs/tmpfs/memfd.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { FileLocks, type RecordLock } from '../vfs/locks.ts';
import { decodeName } from '../vfs/name.ts';
import { isOwner } from '../vfs/permission.ts';
import { Block, full, partial, type SyscallRow, type SysResult } from './define.ts';

const SETTABLE = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;
/** What O_PATH descriptors allow. */
const PATH_COMMANDS = new Set([F_DUPFD, F_DUPFD_CLOEXEC, F_DUPFD_QUERY, F_GETFD, F_SETFD, F_GETFL]);
/** F_GETFL shows it on 64-bit Linux. */
const O_LARGEFILE_SHOWN = 0o100000;

function close(task: Task, fd: number): number {
  task.files.close(fd);
  return 0;
}

function closeRange(task: Task, first: number, last: number, flags: number): number {
  const from = first >>> 0, to = last >>> 0;
  if (from > to || (flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)) !== 0) return -EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0 && task.files.shared) {
    const own = task.files.clone();
    task.files.release();
    task.files = own;
  }
  for (const fd of task.files.list()) {
    if (fd < from || fd > to) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) task.files.setCloexec(fd, true);
    else task.files.close(fd);
  }
  return 0;
}

function dup2(task: Task, fd: number, to: number): number {
  task.files.get(fd);
  return fd === to ? fd : task.files.dupTo(fd, to | 0, false);
}

function dup3(task: Task, fd: number, to: number, flags: number): number {
  if ((flags & ~O_CLOEXEC) !== 0 || fd === to) return -EINVAL;
  return task.files.dupTo(fd, to | 0, (flags & O_CLOEXEC) !== 0);
}

function fcntl(task: Task, fd: number, command: number, argument: number): SysResult {
  const file = task.files.get(fd);
  if ((file.flags & O_PATH) !== 0 && !PATH_COMMANDS.has(command)) return -EBADF;
  switch (command) {
    case F_DUPFD: return task.files.dup(fd, argument | 0, false);
    case F_DUPFD_CLOEXEC: return task.files.dup(fd, argument | 0, true);
    case F_DUPFD_QUERY: return task.files.peek(argument | 0) === file ? 1 : 0;
    case F_GETFD: return task.files.getCloexec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD: task.files.setCloexec(fd, (argument & FD_CLOEXEC) !== 0); return 0;
    case F_GETFL: return file.flags | (isRegular(file.inode.mode) || isDirectory(file.inode.mode) ? O_LARGEFILE_SHOWN : 0);
    case F_SETFL: return setFlags(task, file, argument);
    case F_GETLK: return getLock(task, file, argument, task.files);
    case F_SETLK: return setLock(task, file, argument, task.files, false);
    case F_SETLKW: return setLock(task, file, argument, task.files, true);
    case F_OFD_GETLK: return getLock(task, file, argument, file);
    case F_OFD_SETLK: return setLock(task, file, argument, file, false);
    case F_OFD_SETLKW: return setLock(task, file, argument, file, true);
    case F_SETOWN: return setOwner(task, file, argument | 0);
    case F_GETOWN: return file.ioOwner;
    case F_SETOWN_EX: {
      const type = task.mm.readI32(argument), id = task.mm.readI32(argument + 4);
      return type < 0 || type > 2 ? -EINVAL : setOwner(task, file, type === 2 ? -id : id);
    }
    case F_GETOWN_EX:
      task.mm.writeI32(argument, file.ioOwner < 0 ? 2 : 1);
      task.mm.writeI32(argument + 4, Math.abs(file.ioOwner));
      return 0;
    case F_SETSIG: return argument >= 0 && argument <= 64 ? ((file.ioSignal = argument), 0) : -EINVAL;
    case F_GETSIG: return file.ioSignal;
    case F_SETLEASE: return argument === F_UNLCK ? -EAGAIN : -EINVAL;
    case F_GETLEASE: return F_UNLCK;
    default: return file.fcntl(task, command, argument);
  }
}

function setFlags(task: Task, file: File, flags: number): number {
  if ((flags & O_NOATIME & ~file.flags) !== 0 && !isOwner(task.credentials, file.inode)) return -EPERM;
  file.flags = (file.flags & ~SETTABLE) | (flags & SETTABLE);
  return 0;
}

function setOwner(task: Task, file: File, owner: number): number {
  if (owner > 0 && !task.kernel.tasks.has(owner) && !task.kernel.processes.has(owner)) return -ESRCH;
  if (owner < 0 && !task.kernel.groups.has(-owner)) return -ESRCH;
  file.ioOwner = owner;
  return 0;
}

// Record locks

/** The lock a struct flock describes, in absolute offsets. */
function describe(task: Task, file: File, pointer: number, owner: object): RecordLock | number {
  const f = unpackFlock(task.mm.copyIn(pointer, FLOCK_SIZE));
  if (f.type !== F_RDLCK && f.type !== F_WRLCK && f.type !== F_UNLCK) return -EINVAL;
  if (owner === file && f.pid !== 0) return -EINVAL;
  const base = f.whence === SEEK_SET ? 0 : f.whence === SEEK_CUR ? file.position : f.whence === SEEK_END ? file.inode.size : NaN;
  let start = base + f.start, end = f.length === 0 ? Infinity : start + f.length;
  if (end < start) [start, end] = [end, start];
  if (!(start >= 0)) return -EINVAL;
  return { owner, pid: owner === file ? -1 : task.process.pid, type: f.type, start, end };
}

function getLock(task: Task, file: File, pointer: number, owner: object): number {
  const wanted = describe(task, file, pointer, owner);
  if (typeof wanted === 'number') return wanted;
  if (wanted.type === F_UNLCK) return -EINVAL;
  const found = file.inode.locks?.conflict(wanted);
  if (!found) { task.mm.writeU16(pointer, F_UNLCK); return 0; }
  task.mm.copyOut(pointer, packFlock({ type: found.type, whence: SEEK_SET, start: found.start, length: found.end === Infinity ? 0 : found.end - found.start, pid: found.pid }));
  return 0;
}

function setLock(task: Task, file: File, pointer: number, owner: object, wait: boolean): SysResult {
  const wanted = describe(task, file, pointer, owner);
  if (typeof wanted === 'number') return wanted;
  const access = file.flags & O_ACCMODE;
  if ((wanted.type === F_RDLCK && access === O_WRONLY) || (wanted.type === F_WRLCK && access === O_RDONLY)) return -EBADF;
  const locks = file.inode.locks ??= new FileLocks();
  if (locks.set(wanted)) return 0;
  if (!wait) return -EAGAIN;
  const deadlock = owner === file ? 0 : locks.wait(owner, locks.conflict(wanted)!.owner);
  if (deadlock !== 0) return deadlock;
  return new Block([locks.waiters], undefined, 'sys', undefined, () => { locks.stopWaiting(owner); return -EINTR; });
}

function flock(task: Task, fd: number, operation: number): SysResult {
  const file = task.files.get(fd), kind = operation & ~LOCK_NB;
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  if (kind === LOCK_UN) { file.inode.locks?.unflock(file); return 0; }
  if (kind !== LOCK_SH && kind !== LOCK_EX) return -EINVAL;
  const locks = file.inode.locks ??= new FileLocks();
  if (locks.flock(file, kind)) return 0;
  return (operation & LOCK_NB) !== 0 ? -EAGAIN : new Block([locks.waiters]);
}

const MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16;
/** NAME_MAX less `memfd:`. */
const MEMFD_NAME_MAX = 249;

function memfdCreate(task: Task, namePointer: number, flags: number): number {
  if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) !== 0) {
    if ((flags & MFD_HUGETLB) !== 0) task.kernel.log('kernel', `memfd_create: huge pages are not available, asked for by ${task.comm}`);
    return -EINVAL;
  }
  if ((flags & (MFD_NOEXEC_SEAL | MFD_EXEC)) === (MFD_NOEXEC_SEAL | MFD_EXEC)) return -EINVAL;
  const bytes = task.mm.readCString(namePointer, 4096);
  if (bytes.length > MEMFD_NAME_MAX) return -EINVAL;
  const noExec = (flags & MFD_NOEXEC_SEAL) !== 0;
  const file = createMemfd(task, task.kernel.vfs.shm.fs, decodeName(bytes), noExec || (flags & MFD_ALLOW_SEALING) !== 0, !noExec);
  return task.files.install(file, (flags & MFD_CLOEXEC) !== 0);
}

function ioctl(task: Task, fd: number, request: number, argument: number): SysResult {
  const file = task.files.get(fd), { mm } = task;
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  const code = request >>> 0;
  const toggle = (bit: number): number => {
    file.flags = mm.readI32(argument) !== 0 ? file.flags | bit : file.flags & ~bit;
    return 0;
  };
  switch (code) {
    case FIOCLEX: task.files.setCloexec(fd, true); return 0;
    case FIONCLEX: task.files.setCloexec(fd, false); return 0;
    case FIONBIO: return toggle(O_NONBLOCK);
    case FIOASYNC: return toggle(O_ASYNC);
  }
  if (code === FIONREAD && isRegular(file.inode.mode)) { mm.writeI32(argument, Math.max(0, file.inode.size - file.position)); return 0; }
  if (code === FIOQSIZE) {
    if (!isRegular(file.inode.mode) && !isDirectory(file.inode.mode)) return -ENOTTY;
    mm.writeU64(argument, file.inode.size);
    return 0;
  }
  return file.ioctl(task, code, argument);
}

export const fdCalls: readonly SyscallRow[] = [
  full(3, 'close', 'fd', close),
  full(436, 'close_range', 'uint,uint,uint', closeRange),
  full(32, 'dup', 'fd', (task, fd) => task.files.dup(fd, 0, false)),
  full(33, 'dup2', 'fd,fd', dup2),
  full(292, 'dup3', 'fd,fd,flags:O', dup3),
  partial(72, 'fcntl', 'fd,int,ptr', 'no SIGIO, no leases, no F_NOTIFY', fcntl),
  full(73, 'flock', 'fd,int', flock),
  full(319, 'memfd_create', 'str,uint', memfdCreate),
  full(16, 'ioctl', 'fd,ptr,ptr', ioctl),
];
