/** Copies what one directory holds, and its own attributes, into another: image content into a new volume, tmpcopyup. */
import { O_RDONLY, O_WRONLY } from '../abi/fcntl.ts';
import { isDirectory, isRegular, isSymlink } from '../abi/stat.ts';
import type { Task } from '../kernel/task/task.ts';
import { File } from '../kernel/vfs/file.ts';
import type { Inode } from '../kernel/vfs/inode.ts';
import { contentOf, writeAll } from './kernel-task.ts';

export async function copyTree(task: Task, from: Inode, to: Inode): Promise<void> {
  await copyDirectory(task, from, to, new Map());
}

async function copyDirectory(task: Task, from: Inode, to: Inode, links: Map<Inode, Inode>): Promise<void> {
  for (const { name } of from.list(task)) {
    const source = from.lookup(name);
    if (!source) continue;
    const known = links.get(source), owner = { uid: source.uid, gid: source.gid };
    if (known) { to.link(name, known); continue; }
    if (isDirectory(source.mode)) {
      await copyDirectory(task, source, to.mkdir(name, source.mode, owner), links);
      continue;
    }
    const copy = isRegular(source.mode) ? to.create(name, source.mode, owner)
      : isSymlink(source.mode) ? to.symlink(name, source.readlink(task), owner)
      : to.mknod(name, source.mode, source.rdev, owner);
    if (source.nlink > 1) links.set(source, copy);
    if (isRegular(source.mode)) await copyContent(task, source, copy);
    copyAttributes(source, copy);
  }
  copyAttributes(from, to);
}

async function copyContent(task: Task, from: Inode, to: Inode): Promise<void> {
  const input = from.open(task, O_RDONLY, undefined), output = to.open(task, O_WRONLY, undefined);
  if (!(input instanceof File) || !(output instanceof File)) throw new Error('regular files open at once');
  try { for await (const piece of contentOf(task, input)) await writeAll(task, output, piece); } finally { input.release(); output.release(); }
}

function copyAttributes(from: Inode, to: Inode): void {
  for (const name of from.listxattr()) to.setxattr(name, from.getxattr(name), 0);
  to.setattr({ mode: from.mode, uid: from.uid, gid: from.gid, atime: from.atime, mtime: from.mtime, ctime: from.ctime });
}
