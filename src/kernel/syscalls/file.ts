/** System calls that move bytes of open files: read, write and their kin, lseek, sendfile, copy_file_range, fsync, ftruncate, fallocate. */
import { EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, ESPIPE, EXDEV } from '../../abi/errno.ts';
import { O_ACCMODE, O_APPEND, O_PATH, O_RDONLY, O_WRONLY, SEEK_CUR } from '../../abi/fcntl.ts';
import { RLIMIT_FSIZE } from '../../abi/resource.ts';
import { isDirectory, isRegular } from '../../abi/stat.ts';
import { SIGXFSZ } from '../../abi/signal.ts';
import { type IoSink, type IoSource, KernelSink, KernelSource } from '../io.ts';
import { MAX_RW_COUNT, readIovecs, UserSink, UserSource } from '../mm/user-io.ts';
import { kernelSignal } from '../task/signal-state.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { IN_ACCESS, IN_MODIFY, notifyObject } from '../vfs/notify.ts';
import { settle } from '../vfs/settle.ts';
import { Block, full, partial, stub, type SyscallRow, type SysResult } from './define.ts';

const RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4, RWF_NOWAIT = 8, RWF_APPEND = 16;
/** Bytes that sendfile and copy_file_range move at a time. */
const STEP = 256 * 1024;

function readable(task: Task, fd: number): File | undefined {
  const file = task.files.get(fd);
  return (file.flags & O_ACCMODE) === O_WRONLY || (file.flags & O_PATH) !== 0 ? undefined : file;
}
function writable(task: Task, fd: number): File | undefined {
  const file = task.files.get(fd);
  return (file.flags & O_ACCMODE) === O_RDONLY || (file.flags & O_PATH) !== 0 ? undefined : file;
}

function doRead(task: Task, file: File, into: IoSink, offset?: number): SysResult {
  const n = file.read(task, into, offset);
  if (typeof n !== 'number' || n <= 0) return n;
  task.process.readBytes += n;
  task.kernel.readBytes += n;
  if (file.path) notifyObject(file.path.dentry, IN_ACCESS);
  return n;
}

function doWrite(task: Task, file: File, from: IoSource, offset?: number): SysResult {
  if (isRegular(file.inode.mode) && exceedsLimit(task, file, offset)) return -EFBIG;
  const n = file.write(task, from, offset);
  if (typeof n !== 'number' || n <= 0) return n;
  task.process.writtenBytes += n;
  task.kernel.writtenBytes += n;
  if (file.path) notifyObject(file.path.dentry, IN_MODIFY);
  return n;
}

/** RLIMIT_FSIZE: a write that starts at or beyond it raises SIGXFSZ. */
function exceedsLimit(task: Task, file: File, offset: number | undefined): boolean {
  const limit = task.process.rlimits.soft(RLIMIT_FSIZE);
  if (limit === Infinity || limit < 0) return false;
  const at = file.flags & O_APPEND ? file.inode.size : offset ?? file.position;
  if (at < limit) return false;
  task.kernel.signals.sendToTask(task, kernelSignal(SIGXFSZ));
  return true;
}

/** Does it have positions: can pread and pwrite work on it? */
function seekable(task: Task, file: File): boolean { return file.seek(task, 0, SEEK_CUR) !== -ESPIPE; }

function read(task: Task, fd: number, buffer: number, count: number): SysResult {
  const file = readable(task, fd);
  return file ? doRead(task, file, UserSink.buffer(task.mm, buffer, count)) : -EBADF;
}

function write(task: Task, fd: number, buffer: number, count: number): SysResult {
  const file = writable(task, fd);
  return file ? doWrite(task, file, UserSource.buffer(task.mm, buffer, count)) : -EBADF;
}

function pread64(task: Task, fd: number, buffer: number, count: number, offset: number): SysResult {
  if (offset < 0) return -EINVAL;
  const file = readable(task, fd);
  if (!file) return -EBADF;
  return seekable(task, file) ? doRead(task, file, UserSink.buffer(task.mm, buffer, count), offset) : -ESPIPE;
}

function pwrite64(task: Task, fd: number, buffer: number, count: number, offset: number): SysResult {
  if (offset < 0) return -EINVAL;
  const file = writable(task, fd);
  if (!file) return -EBADF;
  return seekable(task, file) ? doWrite(task, file, UserSource.buffer(task.mm, buffer, count), offset) : -ESPIPE;
}

function readv(task: Task, fd: number, iov: number, count: number): SysResult {
  const file = readable(task, fd);
  return file ? doRead(task, file, new UserSink(task.mm, readIovecs(task.mm, iov, count))) : -EBADF;
}

function writev(task: Task, fd: number, iov: number, count: number): SysResult {
  const file = writable(task, fd);
  return file ? doWrite(task, file, new UserSource(task.mm, readIovecs(task.mm, iov, count))) : -EBADF;
}

function preadv2(task: Task, fd: number, iov: number, count: number, offset: number, _high: number, flags: number): SysResult {
  if ((flags & ~(RWF_HIPRI | RWF_NOWAIT)) !== 0) return -EOPNOTSUPP;
  if (offset === -1) return readv(task, fd, iov, count);
  if (offset < 0) return -EINVAL;
  const file = readable(task, fd);
  if (!file) return -EBADF;
  return seekable(task, file) ? doRead(task, file, new UserSink(task.mm, readIovecs(task.mm, iov, count)), offset) : -ESPIPE;
}

function pwritev2(task: Task, fd: number, iov: number, count: number, offset: number, _high: number, flags: number): SysResult {
  if ((flags & ~(RWF_HIPRI | RWF_NOWAIT | RWF_DSYNC | RWF_SYNC | RWF_APPEND)) !== 0) return -EOPNOTSUPP;
  const file = writable(task, fd);
  if (!file) return -EBADF;
  if (offset < -1) return -EINVAL;
  if (offset !== -1 && !seekable(task, file)) return -ESPIPE;
  const from = new UserSource(task.mm, readIovecs(task.mm, iov, count));
  const n = doWrite(task, file, from, flags & RWF_APPEND ? file.inode.size : offset === -1 ? undefined : offset);
  if (typeof n === 'number' && n > 0 && offset === -1 && (flags & RWF_APPEND) !== 0) file.position = file.inode.size;
  return n;
}

function lseek(task: Task, fd: number, offset: number, whence: number): SysResult {
  return task.files.get(fd).seek(task, offset, whence >>> 0);
}

/** Copies between files in kernel memory until `count` bytes are moved, the source ends, or one of them would block. */
function transfer(task: Task, from: File, to: File, count: number, inAt: number | undefined, outAt: number | undefined): SysResult {
  const start = inAt ?? from.position, positioned = seekable(task, from);
  let done = 0;
  while (done < count) {
    const buffer = new Uint8Array(Math.min(STEP, count - done)), sink = new KernelSink(buffer);
    const got = from.read(task, sink, positioned ? start + done : undefined);
    if (typeof got !== 'number' || got <= 0) return done > 0 ? done : got;
    const put = doWrite(task, to, new KernelSource(buffer.subarray(0, got)), outAt === undefined ? undefined : outAt + done);
    if (put instanceof Block || put <= 0) return done > 0 ? done : put;
    done += put;
    if (positioned && inAt === undefined) from.position = start + done;
    if (put < got || !isRegular(to.inode.mode)) break;
  }
  return done;
}

function sendfile(task: Task, outFd: number, inFd: number, offsetPointer: number, count: number): SysResult {
  const from = readable(task, inFd), to = writable(task, outFd);
  if (!from || !to) return -EBADF;
  if (isDirectory(from.inode.mode) || (to.flags & O_APPEND) !== 0) return -EINVAL;
  const offset = offsetPointer === 0 ? undefined : task.mm.readI64(offsetPointer);
  if (offset !== undefined && !seekable(task, from)) return -ESPIPE;
  if (offset !== undefined && offset < 0) return -EINVAL;
  if (!seekable(task, from)) return -EINVAL;
  const n = transfer(task, from, to, Math.min(count, MAX_RW_COUNT), offset, undefined);
  if (typeof n === 'number' && n > 0 && offset !== undefined) task.mm.writeU64(offsetPointer, offset + n);
  return n;
}

function copyFileRange(task: Task, inFd: number, inPointer: number, outFd: number, outPointer: number, count: number, flags: number): SysResult {
  if (flags !== 0) return -EINVAL;
  const from = readable(task, inFd), to = writable(task, outFd);
  if (!from || !to || (to.flags & O_APPEND) !== 0) return -EBADF;
  if (isDirectory(from.inode.mode) || isDirectory(to.inode.mode)) return -EISDIR;
  if (!isRegular(from.inode.mode) || !isRegular(to.inode.mode)) return -EINVAL;
  if (from.inode.fs !== to.inode.fs) return -EXDEV;
  const inAt = inPointer === 0 ? undefined : task.mm.readI64(inPointer), outAt = outPointer === 0 ? undefined : task.mm.readI64(outPointer);
  if ((inAt ?? 0) < 0 || (outAt ?? 0) < 0) return -EINVAL;
  if (from.inode === to.inode) {
    const a = inAt ?? from.position, b = outAt ?? to.position;
    if (a < b + count && b < a + count) return -EINVAL;
  }
  const n = transfer(task, from, to, Math.min(count, MAX_RW_COUNT), inAt, outAt);
  if (typeof n === 'number' && n > 0) {
    if (inAt !== undefined) task.mm.writeU64(inPointer, inAt + n);
    if (outAt !== undefined) task.mm.writeU64(outPointer, outAt + n);
  }
  return n;
}

function fsync(task: Task, fd: number): SysResult {
  const file = task.files.get(fd);
  return file.flags & O_PATH ? -EBADF : file.fsync(task);
}

function syncfs(task: Task, fd: number): SysResult {
  const { fs } = task.files.get(fd).inode;
  return settle(task, () => fs.sync?.() ?? Promise.resolve());
}

function ftruncate(task: Task, fd: number, size: number): SysResult {
  if (size < 0) return -EINVAL;
  const file = task.files.get(fd);
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  if ((file.flags & O_ACCMODE) === O_RDONLY || !isRegular(file.inode.mode)) return -EINVAL;
  const n = file.truncate(task, size);
  if (n === 0 && file.path) notifyObject(file.path.dentry, IN_MODIFY);
  return n;
}

function fallocate(task: Task, fd: number, mode: number, offset: number, length: number): SysResult {
  if (offset < 0 || length <= 0) return -EINVAL;
  const file = writable(task, fd);
  if (!file) return -EBADF;
  if (isDirectory(file.inode.mode)) return -EISDIR;
  if (!isRegular(file.inode.mode)) return file.seek(task, 0, SEEK_CUR) === -ESPIPE ? -ESPIPE : -ENODEV;
  const n = file.allocate(task, mode, offset, length);
  if (n === 0) {
    const now = task.kernel.vfs.now();
    file.inode.setattr({ mtime: now, ctime: now });
  }
  return n;
}

function fadvise64(task: Task, fd: number, _offset: number, _length: number, advice: number): SysResult {
  const file = task.files.get(fd);
  if (!isRegular(file.inode.mode) && !isDirectory(file.inode.mode) && file.seek(task, 0, SEEK_CUR) === -ESPIPE) return -ESPIPE;
  return advice >= 0 && advice <= 5 ? 0 : -EINVAL;
}

function readahead(task: Task, fd: number): SysResult {
  const file = readable(task, fd);
  if (!file) return -EBADF;
  return isRegular(file.inode.mode) ? 0 : -EINVAL;
}

function syncFileRange(task: Task, fd: number, offset: number, length: number, flags: number): SysResult {
  const file = task.files.get(fd);
  if (offset < 0 || length < 0 || (flags & ~7) !== 0) return -EINVAL;
  if (!isRegular(file.inode.mode)) return -ESPIPE;
  return flags === 0 ? 0 : file.fsync(task);
}

export const fileCalls: readonly SyscallRow[] = [
  full(0, 'read', 'fd,out:2,size', read),
  full(1, 'write', 'fd,buf:2,size', write),
  full(8, 'lseek', 'fd,off,int', lseek),
  full(17, 'pread64', 'fd,out:2,size,off', pread64),
  full(18, 'pwrite64', 'fd,buf:2,size,off', pwrite64),
  full(19, 'readv', 'fd,ptr,int', readv),
  full(20, 'writev', 'fd,ptr,int', writev),
  full(40, 'sendfile', 'fd,fd,ptr,size', sendfile),
  full(74, 'fsync', 'fd', fsync),
  full(75, 'fdatasync', 'fd', fsync),
  full(77, 'ftruncate', 'fd,off', ftruncate),
  full(162, 'sync', '', (task) => settle(task, () => task.kernel.vfs.sync().catch(() => {}))),
  stub(187, 'readahead', 'fd,off,size', 'chunks of 256 KiB are read ahead anyway', readahead),
  stub(221, 'fadvise64', 'fd,off,size,int', 'advice does not change what is cached', fadvise64),
  full(277, 'sync_file_range', 'fd,off,off,uint', syncFileRange),
  partial(285, 'fallocate', 'fd,int,off,off', 'space is not reserved; collapse and insert range are EOPNOTSUPP', fallocate),
  full(295, 'preadv', 'fd,ptr,int,off', (task, fd, iov, count, offset) => offset < 0 ? -EINVAL : preadv2(task, fd, iov, count, offset, 0, 0)),
  full(296, 'pwritev', 'fd,ptr,int,off', (task, fd, iov, count, offset) => offset < 0 ? -EINVAL : pwritev2(task, fd, iov, count, offset, 0, 0)),
  full(306, 'syncfs', 'fd', syncfs),
  full(326, 'copy_file_range', 'fd,ptr,fd,ptr,size,uint', copyFileRange),
  full(327, 'preadv2', 'fd,ptr,int,off,off,uint', preadv2),
  partial(328, 'pwritev2', 'fd,ptr,int,off,off,uint', 'RWF_SYNC and RWF_DSYNC do not wait for the store', pwritev2),
];
