/** Names of unix sockets (unix(7)): files of the filesystem, and the abstract namespace. */
import { EACCES, EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENOENT, EPROTOTYPE, Errno } from '../../abi/errno.ts';
import { AT_FDCWD, W_OK } from '../../abi/fcntl.ts';
import { AF_UNIX, type SockAddr, type UnixAddr } from '../../abi/socket.ts';
import { S_IFMT, S_IFSOCK } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { mknod } from '../vfs/create.ts';
import type { Inode } from '../vfs/inode.ts';
import { decodeName } from '../vfs/name.ts';
import { locate, resolve } from '../vfs/namei.ts';
import { mayAccess } from '../vfs/permission.ts';
import type { NetNamespace } from './netns.ts';
import type { Socket } from './socket.ts';

export const UNNAMED: UnixAddr = { family: AF_UNIX, path: new Uint8Array(0) };

/** What a socket's name occupies, to be given back at close. */
export interface NameClaim { address: UnixAddr; release(): void }

function keyOf(path: Uint8Array): string { return String.fromCharCode(...path); }

/** bind(2) of a unix socket; an address of no bytes gets an abstract name of five hex digits. Throws Errno. */
export function claimName(task: Task, socket: Socket, address: SockAddr): NameClaim {
  if (address.family !== AF_UNIX) throw new Errno(EINVAL);
  const { netns } = socket;
  if (address.path.length === 0) return claimAbstract(netns, socket, freeName(netns));
  if (address.path[0] === 0) return claimAbstract(netns, socket, address.path);
  let inode: Inode;
  try {
    inode = mknod(task, AT_FDCWD, decodeName(address.path), S_IFSOCK | 0o777, 0).dentry.inode;
  } catch (e) {
    if (e instanceof Errno && e.code === EEXIST) throw new Errno(EADDRINUSE);
    throw e;
  }
  netns.pathSockets.set(inode, socket);
  return { address, release: () => { netns.pathSockets.delete(inode); } };
}

/** bind(2) of a socket that has a name: EINVAL, or EADDRINUSE for a pathname that exists, which is found first. */
export function boundAgain(task: Task, address: SockAddr): number {
  if (address.family !== AF_UNIX || address.path.length === 0 || address.path[0] === 0) return -EINVAL;
  return locate(task, AT_FDCWD, decodeName(address.path)).path ? -EADDRINUSE : -EINVAL;
}

function claimAbstract(netns: NetNamespace, socket: Socket, path: Uint8Array): NameClaim {
  const key = keyOf(path);
  if (netns.abstractSockets.has(key)) throw new Errno(EADDRINUSE);
  netns.abstractSockets.set(key, socket);
  return { address: { family: AF_UNIX, path }, release: () => { netns.abstractSockets.delete(key); } };
}

function freeName(netns: NetNamespace): Uint8Array {
  for (let n = 1; ; n++) {
    const path = new TextEncoder().encode(`\0${n.toString(16).padStart(5, '0')}`);
    if (!netns.abstractSockets.has(keyOf(path))) return path;
  }
}

/** The socket that `address` names. Throws Errno(ECONNREFUSED) when nobody has it open, ENOENT, EACCES, EPROTOTYPE. */
export function findSocket(task: Task, netns: NetNamespace, address: SockAddr, type: number): Socket {
  if (address.family !== AF_UNIX || address.path.length === 0) throw new Errno(EINVAL);
  let found: Socket | undefined;
  if (address.path[0] === 0) {
    found = netns.abstractSockets.get(keyOf(address.path)) as Socket | undefined;
  } else {
    const name = decodeName(address.path);
    if (name === '') throw new Errno(ENOENT);
    const { inode } = resolve(task, AT_FDCWD, name).dentry;
    if (!mayAccess(task.credentials, inode, W_OK)) throw new Errno(EACCES);
    if ((inode.mode & S_IFMT) !== S_IFSOCK) throw new Errno(ECONNREFUSED);
    found = netns.pathSockets.get(inode) as Socket | undefined;
  }
  if (!found) throw new Errno(ECONNREFUSED);
  if (found.type !== type) throw new Errno(EPROTOTYPE);
  return found;
}
