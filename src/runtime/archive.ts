/**
 * docker cp and export on the files of a sandbox: metadata of a path, a tree as a tar, a tar unpacked. Paths are the
 * container's own, links are followed inside it. Reference: moby daemon/archive_unix.go, pkg/archive.
 */
import { EEXIST, EINVAL, ELOOP, ENOENT, ENOTDIR, Errno } from '../abi/errno.ts';
import { AT_FDCWD, O_CREAT, O_EXCL, O_WRONLY } from '../abi/fcntl.ts';
import { isDirectory, isSymlink, makedev, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFSOCK, S_ISGID, S_ISUID, S_ISVTX } from '../abi/stat.ts';
import { decompress } from '../image/layer/inflate.ts';
import { TarReader, type TarEntry } from '../image/layer/tar-read.ts';
import { TAR_END } from '../image/layer/tar-write.ts';
import type { Task } from '../kernel/task/task.ts';
import { link, mkdir, mknod, symlink } from '../kernel/vfs/create.ts';
import type { Inode, Timespec } from '../kernel/vfs/inode.ts';
import { crossMounts, pathName } from '../kernel/vfs/mount.ts';
import { locate, resolve, Walk } from '../kernel/vfs/namei.ts';
import type { Path } from '../kernel/vfs/path.ts';
import { rmdir, unlink } from '../kernel/vfs/remove.ts';
import { openName, writeAll } from './kernel-task.ts';
import { makeDirectories } from './mounts.ts';
import type { PathStat } from './sandbox-api.ts';
import { tarEntry, type SentLinks } from './tar-tree.ts';

const MAX_LINKS = 255;

/** What is at `path`, not following a link at its end unless a slash or /. follows. */
function find(task: Task, path: string): Path {
  const place = locate(task, AT_FDCWD, absolute(path), Walk.NoFollow).path;
  if (!place) throw new Errno(ENOENT);
  return place;
}

function absolute(path: string): string { return path.startsWith('/') ? path : `/${path}`; }

/** filepath.Base of the cleaned path; `.` stays when the path ends in it. */
function baseName(path: string): string {
  if (/\/\.$/.test(path)) return '.';
  const out: string[] = [];
  for (const part of path.split('/')) { if (part === '..') out.pop(); else if (part !== '' && part !== '.') out.push(part); }
  return out.at(-1) ?? '/';
}

export function statPath(task: Task, path: string): PathStat {
  const { inode } = find(task, path).dentry;
  return { name: baseName(path), size: inode.size, mode: goFileMode(inode.mode), mtime: rfc3339(inode.mtime), linkTarget: isSymlink(inode.mode) ? linkTarget(task, path) : '' };
}

/** Where a link finally leads, as an absolute path; parts that do not exist stay as they are written (moby symlink.FollowSymlinkInScope). */
function linkTarget(task: Task, path: string): string {
  const pending = path.split('/').reverse();
  let out: string[] = [];
  for (let part = pending.pop(), links = 0; part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') { out.pop(); continue; }
    out.push(part);
    const target = linkText(task, `/${out.join('/')}`);
    if (target === undefined) continue;
    if (++links > MAX_LINKS) throw new Errno(ELOOP);
    out.pop();
    if (target.startsWith('/')) out = [];
    pending.push(...target.split('/').reverse());
  }
  return `/${out.join('/')}`;
}

function linkText(task: Task, path: string): string | undefined {
  try {
    const inode = locate(task, AT_FDCWD, path, Walk.NoFollow).path?.dentry.inode;
    return inode && isSymlink(inode.mode) ? inode.readlink(task) : undefined;
  } catch (e) {
    if (e instanceof Errno) return undefined;
    throw e;
  }
}

/** os.FileMode of Go: its own bits for types and set-id. */
function goFileMode(mode: number): number {
  const types: Record<number, number> = { [S_IFDIR]: 0x80000000, [S_IFLNK]: 0x08000000, [S_IFBLK]: 0x04000000, [S_IFCHR]: 0x04200000, [S_IFIFO]: 0x02000000, [S_IFSOCK]: 0x01000000 };
  return (mode & 0o777) + (types[mode & S_IFMT] ?? 0) + (mode & S_ISUID ? 0x00800000 : 0) + (mode & S_ISGID ? 0x00400000 : 0) + (mode & S_ISVTX ? 0x00100000 : 0);
}

function rfc3339(time: Timespec): string {
  const seconds = new Date(time.sec * 1000).toISOString().slice(0, 19);
  return time.nsec === 0 ? `${seconds}Z` : `${seconds}.${String(time.nsec).padStart(9, '0').replace(/0+$/, '')}Z`;
}

/** The tree at `path`, its names starting with the path's base name. The root is sent without one, and without what is mounted on it. */
export async function* readTree(task: Task, path: string): AsyncGenerator<Uint8Array, void> {
  const place = find(task, path), base = baseName(path), links: SentLinks = new Map();
  if (base === '/' || (base === '.' && place.dentry === task.fs.root.dentry)) yield* below(task, { mount: task.fs.root.mount, dentry: task.fs.root.dentry }, '', links, false);
  else yield* walk(task, place, base, links, true);
  yield TAR_END;
}

async function* walk(task: Task, place: Path, name: string, links: SentLinks, over: boolean): AsyncGenerator<Uint8Array, void> {
  yield* tarEntry(task, place.dentry.inode, name, links);
  if (isDirectory(place.dentry.inode.mode)) yield* below(task, place, `${name}/`, links, over);
}

async function* below(task: Task, place: Path, prefix: string, links: SentLinks, over: boolean): AsyncGenerator<Uint8Array, void> {
  const names = place.dentry.inode.list(task).map((n) => n.name).sort();
  for (const name of names) {
    const dentry = place.dentry.lookup(name);
    if (!dentry) continue;
    const child = { mount: place.mount, dentry };
    yield* walk(task, over ? crossMounts(child) : child, prefix + name, links, over);
  }
}

/** Unpacks a tar, plain or compressed, below directory `path`. */
export async function writeTree(task: Task, path: string, tar: AsyncIterable<Uint8Array>, options: { noOverwriteDirNonDir: boolean }): Promise<void> {
  const place = resolve(task, AT_FDCWD, absolute(path));
  if (!isDirectory(place.dentry.inode.mode)) throw new Errno(ENOTDIR);
  const root = pathName(place, task.fs.root).replace(/\/$/, '');
  const reader = new TarReader(decompress(tar)), directories: [Inode, Timespec][] = [];
  try {
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      const name = entryPath(entry.name);
      if (name === '') continue;
      const inode = await unpackEntry(task, root, name, entry, reader, options);
      if (entry.type === 'directory') directories.push([inode, { sec: entry.mtimeSec, nsec: entry.mtimeNsec }]);
    }
    // What was put into them has changed their times.
    for (const [inode, mtime] of directories.reverse()) inode.setattr({ mtime, atime: mtime, ctime: task.kernel.vfs.now() });
  } finally {
    await reader.close();
  }
}

async function unpackEntry(task: Task, root: string, name: string, entry: TarEntry, reader: TarReader, options: { noOverwriteDirNonDir: boolean }): Promise<Inode> {
  const target = `${root}/${name}`;
  const slash = target.lastIndexOf('/');
  if (slash > root.length) makeDirectories(task, target.slice(0, slash), 0o755);
  const existing = locate(task, AT_FDCWD, target, Walk.NoFollow).path;
  let keep = false;
  if (existing) {
    const isDir = isDirectory(existing.dentry.inode.mode), wantsDir = entry.type === 'directory';
    if (options.noOverwriteDirNonDir && isDir && !wantsDir) throw conflict(`cannot overwrite directory "${target}" with non-directory "${root || '/'}"`);
    if (options.noOverwriteDirNonDir && !isDir && wantsDir) throw conflict(`cannot overwrite non-directory "${target}" with directory "${root || '/'}"`);
    keep = isDir && wantsDir;
    if (!keep) removeTree(task, target);
  }
  if (!keep) await create(task, root, target, entry, reader);
  const { inode } = locate(task, AT_FDCWD, target, Walk.NoFollow).path!.dentry;
  if (entry.type === 'link') return inode;
  const mtime = { sec: entry.mtimeSec, nsec: entry.mtimeNsec };
  inode.setattr({ uid: entry.uid, gid: entry.gid, atime: mtime, mtime, ctime: task.kernel.vfs.now() });
  if (entry.type !== 'symlink') inode.setattr({ mode: entry.mode, ctime: task.kernel.vfs.now() });
  for (const [key, value] of entry.xattrs) inode.setxattr(key, value, 0);
  return inode;
}

async function create(task: Task, root: string, target: string, entry: TarEntry, reader: TarReader): Promise<void> {
  switch (entry.type) {
    case 'directory': mkdir(task, AT_FDCWD, target, entry.mode); return;
    case 'symlink': symlink(task, entry.linkName, AT_FDCWD, target); return;
    case 'link': link(task, resolveLink(task, root, entry), AT_FDCWD, target); return;
    case 'char': mknod(task, AT_FDCWD, target, S_IFCHR | entry.mode, makedev(entry.devMajor, entry.devMinor)); return;
    case 'block': mknod(task, AT_FDCWD, target, S_IFBLK | entry.mode, makedev(entry.devMajor, entry.devMinor)); return;
    case 'fifo': mknod(task, AT_FDCWD, target, S_IFIFO | entry.mode, 0); return;
    case 'file': {
      const file = openName(task, target, O_WRONLY | O_CREAT | O_EXCL, entry.mode);
      try { for (let piece = await reader.read(); piece; piece = await reader.read()) await writeAll(task, file, piece); } finally { file.release(); }
    }
  }
}

function resolveLink(task: Task, root: string, entry: TarEntry): Path {
  const place = locate(task, AT_FDCWD, `${root}/${entryPath(entry.linkName)}`, Walk.NoFollow).path;
  if (!place) throw new Errno(ENOENT);
  return place;
}

/** A name in the archive, cleaned; throws when it leads out of the directory. */
function entryPath(name: string): string {
  const out: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') out.push(part);
    else if (out.pop() === undefined && !name.startsWith('/')) throw Object.assign(new Errno(EINVAL), { message: `"${name}" is outside of the archive's directory` });
  }
  return out.join('/');
}

function removeTree(task: Task, path: string): void {
  const place = locate(task, AT_FDCWD, path, Walk.NoFollow).path!;
  if (!isDirectory(place.dentry.inode.mode)) { unlink(task, AT_FDCWD, path); return; }
  for (const { name } of place.dentry.inode.list(task)) removeTree(task, `${path}/${name}`);
  rmdir(task, AT_FDCWD, path);
}

function conflict(message: string): Errno { return Object.assign(new Errno(EEXIST), { message }); }
