/** System calls of sockets: socket(2), bind(2), connect(2), accept(2), send(2), recv(2) and their kin. Protocols are in net/. */
import { EAFNOSUPPORT, EINVAL, EMSGSIZE, ENOBUFS, ENOTCONN, ENOTSOCK, Errno } from '../../abi/errno.ts';
import { O_NONBLOCK } from '../../abi/fcntl.ts';
import {
  AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, MSG_CMSG_CLOEXEC, MSG_DONTWAIT, MSG_WAITFORONE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_TYPE_MASK, decodeSockAddr, encodeSockAddr, type SockAddr,
} from '../../abi/socket.ts';
import { type Iovec, MAX_RW_COUNT, readIovecs, UserSink, UserSource } from '../mm/user-io.ts';
import { ControlWriter, parseControl } from '../net/ancillary.ts';
import { createPair, createSocket } from '../net/create.ts';
import { Socket, type Incoming } from '../net/socket.ts';
import type { Task } from '../task/task.ts';
import { alreadyMoved } from '../transfer.ts';
import { Block, full, partial, type SysResult, type SyscallRow } from './define.ts';

const ADDRESS_MAX = 128, CONTROL_MAX = 20480, OPTION_MAX = 4096;
const MSGHDR_SIZE = 56, MMSGHDR_SIZE = 64;

function socketOf(task: Task, fd: number): Socket {
  const file = task.files.get(fd);
  if (!(file instanceof Socket)) throw new Errno(ENOTSOCK);
  return file;
}

/** Throws Errno(EINVAL, EAFNOSUPPORT, EFAULT). */
function readAddress(task: Task, pointer: number, length: number): SockAddr {
  length |= 0;
  if (length < 2 || length > ADDRESS_MAX) throw new Errno(EINVAL);
  const bytes = task.mm.copyIn(pointer, length), address = decodeSockAddr(bytes);
  if (address) return address;
  throw new Errno([AF_UNIX, AF_INET, AF_INET6, AF_NETLINK].includes(bytes[0] | (bytes[1] << 8)) ? EINVAL : EAFNOSUPPORT);
}

/** Stores an address and its length; a buffer that is too short gets its beginning. */
function writeAddress(task: Task, address: SockAddr | undefined, pointer: number, lengthPointer: number): void {
  const room = task.mm.readI32(lengthPointer);
  if (room < 0) throw new Errno(EINVAL);
  const bytes = address ? encodeSockAddr(address) : new Uint8Array(0);
  task.mm.copyOut(pointer, bytes.subarray(0, room));
  task.mm.writeU32(lengthPointer, bytes.length);
}

function statusFlags(type: number): number { return type & SOCK_NONBLOCK ? O_NONBLOCK : 0; }
function badFlags(type: number): boolean { return (type & ~(SOCK_TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC)) !== 0; }

function socket(task: Task, family: number, type: number, protocol: number): number {
  if (badFlags(type)) return -EINVAL;
  const made = createSocket(task, family | 0, type & SOCK_TYPE_MASK, protocol | 0, statusFlags(type));
  return typeof made === 'number' ? made : task.files.install(made, (type & SOCK_CLOEXEC) !== 0);
}

function socketpair(task: Task, family: number, type: number, protocol: number, fds: number): number {
  if (badFlags(type)) return -EINVAL;
  const made = createPair(task, family | 0, type & SOCK_TYPE_MASK, protocol | 0, statusFlags(type));
  if (typeof made === 'number') return made;
  const cloexec = (type & SOCK_CLOEXEC) !== 0, first = task.files.install(made[0], cloexec);
  try {
    const second = task.files.install(made[1], cloexec);
    task.mm.copyOut(fds, new Uint8Array(Int32Array.of(first, second).buffer));
  } catch (e) {
    task.files.close(first);
    throw e;
  }
  return 0;
}

function bind(task: Task, fd: number, address: number, length: number): SysResult {
  const s = socketOf(task, fd);
  return s.bind(task, readAddress(task, address, length));
}

function connect(task: Task, fd: number, address: number, length: number): SysResult {
  const s = socketOf(task, fd);
  return s.connect(task, readAddress(task, address, length));
}

function listen(task: Task, fd: number, backlog: number): number { return socketOf(task, fd).listen(task, backlog | 0); }

function accept4(task: Task, fd: number, address: number, lengthPointer: number, flags: number): SysResult {
  if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) return -EINVAL;
  const accepted = socketOf(task, fd).accept(task, statusFlags(flags));
  if (!(accepted instanceof Socket)) return accepted;
  const made = task.files.install(accepted, (flags & SOCK_CLOEXEC) !== 0);
  if (address !== 0) {
    try {
      writeAddress(task, accepted.remoteAddress() ?? accepted.localAddress(), address, lengthPointer);
    } catch (e) {
      task.files.close(made);
      throw e;
    }
  }
  return made;
}

function getsockname(task: Task, fd: number, address: number, lengthPointer: number): number {
  writeAddress(task, socketOf(task, fd).localAddress(), address, lengthPointer);
  return 0;
}

function getpeername(task: Task, fd: number, address: number, lengthPointer: number): number {
  const remote = socketOf(task, fd).remoteAddress();
  if (!remote) return -ENOTCONN;
  writeAddress(task, remote, address, lengthPointer);
  return 0;
}

function setsockopt(task: Task, fd: number, level: number, name: number, value: number, length: number): number {
  length |= 0;
  if (length < 0) return -EINVAL;
  return socketOf(task, fd).setOption(task, level, name, task.mm.copyIn(value, Math.min(length, OPTION_MAX)));
}

function getsockopt(task: Task, fd: number, level: number, name: number, value: number, lengthPointer: number): number {
  const s = socketOf(task, fd), room = task.mm.readI32(lengthPointer);
  if (room < 0) return -EINVAL;
  const bytes = s.getOption(task, level, name);
  if (typeof bytes === 'number') return bytes;
  const given = bytes.subarray(0, room);
  task.mm.copyOut(value, given);
  task.mm.writeU32(lengthPointer, given.length);
  return 0;
}

function count(task: Task, result: SysResult, sent: boolean): SysResult {
  if (typeof result === 'number' && result > 0) {
    if (sent) { task.process.writtenBytes += result; task.kernel.writtenBytes += result; } else { task.process.readBytes += result; task.kernel.readBytes += result; }
  }
  return result;
}

function sendto(task: Task, fd: number, buffer: number, length: number, flags: number, address: number, addressLength: number): SysResult {
  const s = socketOf(task, fd);
  const to = address === 0 ? undefined : readAddress(task, address, addressLength);
  return count(task, s.send(task, UserSource.buffer(task.mm, buffer, length), { flags, to }), true);
}

function recvfrom(task: Task, fd: number, buffer: number, length: number, flags: number, address: number, lengthPointer: number): SysResult {
  const s = socketOf(task, fd), done = alreadyMoved(task);
  const message: Incoming = { flags, done, outFlags: 0, control: new ControlWriter(0) };
  const result = s.receive(task, UserSink.buffer(task.mm, buffer + done, Math.min(length, MAX_RW_COUNT) - done), message);
  if (typeof result === 'number' && result >= 0 && address !== 0) writeAddress(task, message.from, address, lengthPointer);
  return count(task, result, false);
}

/** struct msghdr. */
interface Header { name: number; nameLength: number; iovecs: Iovec[]; control: number; controlLength: number }

function readHeader(task: Task, pointer: number): Header {
  const v = new DataView(task.mm.copyIn(pointer, MSGHDR_SIZE).buffer), u64 = (at: number): number => Number(v.getBigUint64(at, true));
  const iovCount = u64(24);
  if (iovCount > 1024) throw new Errno(EMSGSIZE);
  const nameLength = v.getInt32(8, true);
  if (nameLength < 0) throw new Errno(EINVAL);
  return { name: u64(0), nameLength, iovecs: readIovecs(task.mm, u64(16), iovCount), control: u64(32), controlLength: u64(40) };
}

function sendMessage(task: Task, s: Socket, pointer: number, flags: number): SysResult {
  const h = readHeader(task, pointer);
  const to = h.name === 0 || h.nameLength === 0 ? undefined : readAddress(task, h.name, h.nameLength);
  if (h.controlLength > CONTROL_MAX) return -ENOBUFS;
  const control = h.controlLength > 0 ? parseControl(task.mm.copyIn(h.control, h.controlLength)) : [];
  return count(task, s.send(task, new UserSource(task.mm, h.iovecs), { flags, to, control }), true);
}

/** What is left of a list of buffers after the first `done` bytes. */
function advance(iovecs: Iovec[], done: number): Iovec[] {
  const out: Iovec[] = [];
  for (const v of iovecs) {
    const skipped = Math.min(done, v.length);
    done -= skipped;
    if (v.length > skipped) out.push({ base: v.base + skipped, length: v.length - skipped });
  }
  return out;
}

function receiveMessage(task: Task, s: Socket, pointer: number, flags: number): SysResult {
  const h = readHeader(task, pointer), done = alreadyMoved(task);
  const message: Incoming = { flags, done, outFlags: 0, control: new ControlWriter(h.control === 0 ? 0 : h.controlLength) };
  const result = s.receive(task, new UserSink(task.mm, advance(h.iovecs, done)), message);
  if (typeof result !== 'number' || result < 0) return result;
  const { mm } = task;
  if (h.name !== 0) {
    const name = message.from ? encodeSockAddr(message.from) : new Uint8Array(0);
    mm.copyOut(h.name, name.subarray(0, h.nameLength));
    mm.writeU32(pointer + 8, name.length);
  }
  const control = message.control.bytes();
  if (control.length > 0) mm.copyOut(h.control, control);
  mm.writeU64(pointer + 40, control.length);
  mm.writeI32(pointer + 48, message.outFlags | message.control.flags | (flags & MSG_CMSG_CLOEXEC));
  return count(task, result, false);
}

function sendmsg(task: Task, fd: number, pointer: number, flags: number): SysResult { return sendMessage(task, socketOf(task, fd), pointer, flags); }
function recvmsg(task: Task, fd: number, pointer: number, flags: number): SysResult { return receiveMessage(task, socketOf(task, fd), pointer, flags); }

/** Moves one message after the other; once one has been moved, the call ends where it would have to wait. */
function many(task: Task, pointer: number, length: number, each: (header: number, first: boolean) => SysResult): SysResult {
  length = Math.min(length >>> 0, 1024);
  for (let i = 0; i < length; i++) {
    const header = pointer + i * MMSGHDR_SIZE;
    let result: SysResult;
    try {
      result = each(header, i === 0);
    } catch (e) {
      if (!(e instanceof Errno) || i === 0) throw e;
      return i;
    }
    if (result instanceof Block || result < 0) return i > 0 ? i : result;
    task.mm.writeU32(header + MSGHDR_SIZE, result);
  }
  return length;
}

function sendmmsg(task: Task, fd: number, pointer: number, length: number, flags: number): SysResult {
  const s = socketOf(task, fd);
  return many(task, pointer, length, (header, first) => sendMessage(task, s, header, first ? flags : flags | MSG_DONTWAIT));
}

function recvmmsg(task: Task, fd: number, pointer: number, length: number, flags: number, timeout: number): SysResult {
  const s = socketOf(task, fd);
  if (timeout !== 0 && (task.mm.readI64(timeout) < 0 || task.mm.readI64(timeout + 8) < 0)) return -EINVAL;
  return many(task, pointer, length, (header, first) => receiveMessage(task, s, header, (first ? flags : flags | MSG_DONTWAIT) & ~MSG_WAITFORONE));
}

function shutdown(task: Task, fd: number, how: number): number { return socketOf(task, fd).shutdown(how | 0); }

export const socketCalls: readonly SyscallRow[] = [
  full(41, 'socket', 'int,int,int', socket),
  full(42, 'connect', 'fd,sockaddr,uint', connect),
  full(43, 'accept', 'fd,ptr,ptr', (task, fd, address, length) => accept4(task, fd, address, length, 0)),
  full(44, 'sendto', 'fd,buf:2,size,flags:MSG,sockaddr,uint', sendto),
  full(45, 'recvfrom', 'fd,out:2,size,flags:MSG,ptr,ptr', recvfrom),
  full(46, 'sendmsg', 'fd,ptr,flags:MSG', sendmsg),
  full(47, 'recvmsg', 'fd,ptr,flags:MSG', recvmsg),
  full(48, 'shutdown', 'fd,int', shutdown),
  full(49, 'bind', 'fd,sockaddr,uint', bind),
  full(50, 'listen', 'fd,int', listen),
  full(51, 'getsockname', 'fd,ptr,ptr', getsockname),
  full(52, 'getpeername', 'fd,ptr,ptr', getpeername),
  full(53, 'socketpair', 'int,int,int,ptr', socketpair),
  full(54, 'setsockopt', 'fd,int,int,ptr,uint', setsockopt),
  full(55, 'getsockopt', 'fd,int,int,ptr,ptr', getsockopt),
  full(288, 'accept4', 'fd,ptr,ptr,flags:SOCK', accept4),
  partial(299, 'recvmmsg', 'fd,ptr,uint,flags:MSG,ptr', 'returns once one message has come and no more are there, as with MSG_WAITFORONE', recvmmsg),
  full(307, 'sendmmsg', 'fd,ptr,uint,flags:MSG', sendmmsg),
];

