/** Files of a container as tar entries: what docker cp, export and commit send. Times are whole seconds, as Docker's are. */
import { O_RDONLY } from '../abi/fcntl.ts';
import { isDirectory, isRegular, isSymlink, major, minor, S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT } from '../abi/stat.ts';
import type { TarType } from '../image/layer/tar-read.ts';
import { tarHeader, tarPadding, type TarHeader } from '../image/layer/tar-write.ts';
import type { Task } from '../kernel/task/task.ts';
import { File } from '../kernel/vfs/file.ts';
import type { Inode } from '../kernel/vfs/inode.ts';
import { contentOf } from './kernel-task.ts';

/** Names under which inodes with several links were sent already. */
export type SentLinks = Map<Inode, string>;

/** The entry of one inode, with its content. Sockets have no place in a tar: nothing is sent for them. */
export async function* tarEntry(task: Task, inode: Inode, name: string, links: SentLinks): AsyncGenerator<Uint8Array, void> {
  const type = typeOf(inode);
  if (!type) return;
  const first = links.get(inode);
  const xattrs = new Map(inode.listxattr().map((key) => [key, inode.getxattr(key)] as const));
  const base = { name, mode: inode.mode & 0o7777, uid: inode.uid, gid: inode.gid, mtimeSec: inode.mtime.sec, xattrs };
  if (first !== undefined) { yield tarHeader({ ...base, type: 'link', linkName: first }); return; }
  if (inode.nlink > 1 && type !== 'directory') links.set(inode, name);
  if (type === 'symlink') yield tarHeader({ ...base, type, linkName: inode.readlink(task) });
  else if (type === 'char' || type === 'block') yield tarHeader({ ...base, type, devMajor: major(inode.rdev), devMinor: minor(inode.rdev) });
  else if (type !== 'file') yield tarHeader({ ...base, type });
  else yield* regularEntry(task, inode, base);
}

/** A file may change while it is read: exactly the announced bytes are sent. */
async function* regularEntry(task: Task, inode: Inode, base: Omit<TarHeader, 'type'>): AsyncGenerator<Uint8Array, void> {
  const { size } = inode;
  yield tarHeader({ ...base, type: 'file', size });
  const file = inode.open(task, O_RDONLY, undefined);
  if (!(file instanceof File)) throw new Error('a regular file opens at once');
  let left = size;
  try {
    for await (const piece of contentOf(task, file)) {
      if (left === 0) break;
      const part = piece.length > left ? piece.subarray(0, left) : piece;
      left -= part.length;
      yield part;
    }
  } finally { file.release(); }
  for (; left > 0; left -= Math.min(left, 65536)) yield new Uint8Array(Math.min(left, 65536));
  yield tarPadding(size);
}

function typeOf(inode: Inode): TarType | undefined {
  if (isRegular(inode.mode)) return 'file';
  if (isDirectory(inode.mode)) return 'directory';
  if (isSymlink(inode.mode)) return 'symlink';
  switch (inode.mode & S_IFMT) {
    case S_IFCHR: return 'char';
    case S_IFBLK: return 'block';
    case S_IFIFO: return 'fifo';
    default: return undefined;
  }
}
