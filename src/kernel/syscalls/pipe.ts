/** System calls of pipes: pipe(2), splice(2), tee(2), vmsplice(2). */
import { EAGAIN, EBADF, EINVAL, ESPIPE } from '../../abi/errno.ts';
import { O_ACCMODE, O_APPEND, O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../abi/fcntl.ts';
import { PipeFile, PipeInode, brokenPipe } from '../fs/pipefs/pipe-file.ts';
import { Pipe } from '../fs/pipefs/pipe.ts';
import { KernelSink, KernelSource } from '../io.ts';
import { readIovecs, UserSink, UserSource } from '../mm/user-io.ts';
import type { Task } from '../task/task.ts';
import { alreadyMoved, waitToContinue } from '../transfer.ts';
import type { File } from '../vfs/file.ts';
import { Block, full, partial, type SysResult, type SyscallRow } from './define.ts';

const SPLICE_F_NONBLOCK = 2;
const SPLICE_FLAGS = 15;
/** Bytes moved by one step of splice. */
const STEP = 64 * 1024;

function pipe2(task: Task, fds: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) {
    if (flags & O_DIRECT) task.kernel.log('kernel', `pipe2: packet mode (O_DIRECT) is not implemented, asked for by ${task.comm}`);
    return -EINVAL;
  }
  const pipe = new Pipe(), inode = new PipeInode(task.kernel.io.pipefs, pipe, task), status = flags & O_NONBLOCK;
  const cloexec = (flags & O_CLOEXEC) !== 0;
  const writer = new PipeFile(pipe, inode, O_WRONLY | status);
  const readFd = task.files.install(new PipeFile(pipe, inode, O_RDONLY | status), cloexec);
  try {
    const writeFd = task.files.install(writer, cloexec);
    task.mm.copyOut(fds, new Uint8Array(Int32Array.of(readFd, writeFd).buffer));
  } catch (e) {
    task.files.close(readFd);
    throw e;
  }
  return 0;
}

function readable(file: File): boolean { return (file.flags & O_ACCMODE) !== O_WRONLY; }
function writable(file: File): boolean { return (file.flags & O_ACCMODE) !== O_RDONLY; }

/** Waits for data or room in a pipe unless told not to. */
function waitFor(file: PipeFile, flags: number): SysResult {
  return flags & SPLICE_F_NONBLOCK || file.flags & O_NONBLOCK ? -EAGAIN : waitToContinue(file.waiters, 0);
}

function splice(task: Task, fdIn: number, offIn: number, fdOut: number, offOut: number, length: number, flags: number): SysResult {
  if (flags & ~SPLICE_FLAGS) return -EINVAL;
  const from = task.files.get(fdIn), to = task.files.get(fdOut);
  if (!readable(from) || !writable(to)) return -EBADF;
  if (length === 0) return 0;
  if ((from instanceof PipeFile && offIn !== 0) || (to instanceof PipeFile && offOut !== 0)) return -ESPIPE;
  if (from instanceof PipeFile) return drain(task, from, to, offOut, length, flags);
  if (to instanceof PipeFile) return fill(task, from, to, offIn, length, flags);
  return -EINVAL;
}

/** From a pipe to anything. Bytes leave the pipe once they have been written. */
function drain(task: Task, from: PipeFile, to: File, offsetPointer: number, length: number, flags: number): SysResult {
  const { pipe } = from;
  if (to instanceof PipeFile && to.pipe === pipe) return -EINVAL;
  if (to.flags & O_APPEND) return -EINVAL;
  if (pipe.length === 0) return pipe.writers === 0 ? 0 : waitFor(from, flags);
  const offset = offsetPointer === 0 ? undefined : task.mm.readI64(offsetPointer);
  let bytes = pipe.copy(Math.min(length, STEP));
  if (to instanceof PipeFile && to.pipe.readers > 0) {
    if (to.pipe.room === 0) return waitFor(to, flags);
    bytes = bytes.subarray(0, to.pipe.room);
  }
  const written = to.write(task, new KernelSource(bytes), offset);
  if (written instanceof Block) {
    return new Block(written.queues, written.deadline, written.restart, written.state, (t) => {
      const n = written.abandoned?.(t) ?? -EINVAL;
      if (n > 0) pipe.take(n);
      return n;
    });
  }
  if (written > 0) {
    pipe.take(written);
    if (offset !== undefined) task.mm.writeU64(offsetPointer, offset + written);
  }
  return written;
}

/** From a file, terminal or socket to a pipe. */
function fill(task: Task, from: File, to: PipeFile, offsetPointer: number, length: number, flags: number): SysResult {
  const { pipe } = to;
  if (pipe.readers === 0) return brokenPipe(task);
  if (pipe.room === 0) return waitFor(to, flags);
  const offset = offsetPointer === 0 ? undefined : task.mm.readI64(offsetPointer);
  const buffer = new Uint8Array(Math.min(length, pipe.room)), sink = new KernelSink(buffer);
  const got = from.read(task, sink, offset);
  if (got instanceof Block || got <= 0) return got;
  pipe.write(new KernelSource(buffer.subarray(0, got)), got);
  if (offset !== undefined) task.mm.writeU64(offsetPointer, offset + got);
  return got;
}

function tee(task: Task, fdIn: number, fdOut: number, length: number, flags: number): SysResult {
  if (flags & ~SPLICE_FLAGS) return -EINVAL;
  const from = task.files.get(fdIn), to = task.files.get(fdOut);
  if (!readable(from) || !writable(to)) return -EBADF;
  if (!(from instanceof PipeFile) || !(to instanceof PipeFile) || from.pipe === to.pipe) return -EINVAL;
  if (length === 0) return 0;
  if (from.pipe.length === 0) return from.pipe.writers === 0 ? 0 : waitFor(from, flags);
  if (to.pipe.readers === 0) return brokenPipe(task);
  if (to.pipe.room === 0) return waitFor(to, flags);
  const bytes = from.pipe.copy(Math.min(length, to.pipe.room));
  return to.pipe.write(new KernelSource(bytes), bytes.length);
}

function vmsplice(task: Task, fd: number, iov: number, count: number, flags: number): SysResult {
  if (flags & ~SPLICE_FLAGS) return -EINVAL;
  const file = task.files.get(fd);
  if (!(file instanceof PipeFile)) return -EBADF;
  const iovecs = readIovecs(task.mm, iov, count);
  const result = file.writes ? file.write(task, new UserSource(task.mm, iovecs)) : file.read(task, new UserSink(task.mm, iovecs));
  return result instanceof Block && flags & SPLICE_F_NONBLOCK ? alreadyMoved(task) || -EAGAIN : result;
}

export const pipeCalls: readonly SyscallRow[] = [
  full(22, 'pipe', 'fds', (task, fds) => pipe2(task, fds, 0)),
  partial(293, 'pipe2', 'fds,flags:O', 'packet mode (O_DIRECT) is EINVAL', pipe2),
  full(275, 'splice', 'fd,ptr,fd,ptr,size,uint', splice),
  full(276, 'tee', 'fd,fd,size,uint', tee),
  full(278, 'vmsplice', 'fd,ptr,uint,uint', vmsplice),
];
