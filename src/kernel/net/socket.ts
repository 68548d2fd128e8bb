/** A socket as the system calls see it (socket(7)); protocols subclass it. An operation that a protocol lacks fails as on Linux. */
import { EAGAIN, ENOPROTOOPT, EOPNOTSUPP, EPIPE, ESPIPE } from '../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL, SOL_SOCKET, type SockAddr } from '../../abi/socket.ts';
import { S_IFSOCK } from '../../abi/stat.ts';
import { brokenPipe } from '../fs/pipefs/pipe-file.ts';
import { PseudoInode } from '../fs/pseudo.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { Kernel } from '../kernel.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { transferDeadline, waitToContinue } from '../transfer.ts';
import { File } from '../vfs/file.ts';
import { WaitQueue } from '../wait-queue.ts';
import { type ControlMessage, ControlWriter } from './ancillary.ts';
import { interfaceIoctl } from './interface-ioctl.ts';
import type { NetNamespace } from './netns.ts';
import { SocketOptions } from './options.ts';

/** What sendmsg adds to the bytes. */
export interface Outgoing { flags: number; to?: SockAddr; control?: readonly ControlMessage[] }

/** What recvmsg asks for and gets beside the bytes. */
export interface Incoming {
  readonly flags: number;
  /** Bytes that earlier rounds of MSG_WAITALL have stored. */
  readonly done: number;
  from?: SockAddr;
  /** MSG_TRUNC, MSG_EOR … for msg_flags. */
  outFlags: number;
  readonly control: ControlWriter;
}

/** What a socket is made of: by socket(2), socketpair(2) and accept(2). */
export interface SocketSpec { kernel: Kernel; netns: NetNamespace; family: number; type: number; protocol: number; flags: number; task?: Task }

export abstract class Socket extends File {
  override readonly waiters: WaitQueue;
  readonly kernel: Kernel;
  readonly netns: NetNamespace;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly options: SocketOptions;

  constructor(spec: SocketSpec, buffers = { send: 212992, receive: 212992 }, waiters = new WaitQueue()) {
    super(new PseudoInode(spec.kernel.io.sockfs, S_IFSOCK | 0o777, 'socket:[%]', spec.task), O_RDWR | (spec.flags & O_NONBLOCK));
    this.waiters = waiters;
    this.kernel = spec.kernel;
    this.netns = spec.netns;
    this.family = spec.family;
    this.type = spec.type;
    this.protocol = spec.protocol;
    this.options = new SocketOptions(buffers.send, buffers.receive);
  }

  /** How another socket of the same kind is made, by accept(2). */
  protected get spec(): SocketSpec {
    return { kernel: this.kernel, netns: this.netns, family: this.family, type: this.type, protocol: this.protocol, flags: 0 };
  }

  // ---- what protocols implement ----

  bind(_task: Task, _address: SockAddr): SysResult { return -EOPNOTSUPP; }
  listen(_task: Task, _backlog: number): number { return -EOPNOTSUPP; }
  /** A new connected socket, or an errno, or Block. */
  accept(_task: Task, _flags: number): Socket | SysResult { return -EOPNOTSUPP; }
  connect(_task: Task, _address: SockAddr): SysResult { return -EOPNOTSUPP; }
  abstract send(task: Task, from: IoSource, message: Outgoing): SysResult;
  abstract receive(task: Task, into: IoSink, message: Incoming): SysResult;
  shutdown(_how: number): number { return -EOPNOTSUPP; }
  abstract localAddress(): SockAddr;
  /** undefined when not connected. */
  remoteAddress(): SockAddr | undefined { return undefined; }
  get listening(): boolean { return false; }
  /** Gives and clears the pending error, a positive errno or 0. */
  takeError(): number { return 0; }

  setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return level === SOL_SOCKET ? this.options.set(task, this, name, value) : -ENOPROTOOPT;
  }
  getOption(_task: Task, level: number, name: number): Uint8Array | number {
    return level === SOL_SOCKET ? this.options.get(this, name) : -EOPNOTSUPP;
  }

  // ---- as a file ----

  read(task: Task, into: IoSink, offset?: number): SysResult {
    if (offset !== undefined) return -ESPIPE;
    return this.receive(task, into, { flags: 0, done: 0, outFlags: 0, control: noControl });
  }

  write(task: Task, from: IoSource, offset?: number): SysResult {
    if (offset !== undefined) return -ESPIPE;
    return this.send(task, from, { flags: 0 });
  }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    return interfaceIoctl(task, this.netns, request, argument) ?? super.ioctl(task, request, argument);
  }

  // ---- for protocols ----

  protected nonblocking(flags: number): boolean { return (this.flags & O_NONBLOCK) !== 0 || (flags & MSG_DONTWAIT) !== 0; }

  /** Waits for data or room with the socket's timeout; `done` bytes have been moved already. */
  protected wait(task: Task, flags: number, timeout: number, done = 0, queue = this.waiters): SysResult {
    if (this.nonblocking(flags)) return done > 0 ? done : -EAGAIN;
    if (timeout === 0) return waitToContinue(queue, done);
    if (task.timedOut) return done > 0 ? done : -EAGAIN;
    return waitToContinue(queue, done, transferDeadline(task) ?? task.kernel.deadline(timeout), 'nohand');
  }

  protected pipeError(task: Task, flags: number): number { return flags & MSG_NOSIGNAL ? -EPIPE : brokenPipe(task); }
}

/** read(2) has no room for control messages. */
const noControl = new ControlWriter(0);

