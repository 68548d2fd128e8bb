/** Filesystem events (inotify(7)): the vfs reports them here, watchers hang on inodes. */
import { O_ACCMODE, O_RDONLY } from '../../abi/fcntl.ts';
import { isDirectory } from '../../abi/stat.ts';
import type { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import type { Path } from './path.ts';

export const IN_ACCESS = 0x1;
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_OPEN = 0x20;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_UNMOUNT = 0x2000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
export const IN_ISDIR = 0x40000000;

/** One watch on one inode. */
export interface Watch { notify(mask: number, cookie: number, name: string): void }
export type Watches = Set<Watch>;

/** Watches in existence: while there are none, reporting costs one comparison. */
let active = 0;
export function watch(inode: Inode, w: Watch): void { (inode.watches ??= new Set()).add(w); active++; }
export function unwatch(inode: Inode, w: Watch): void { if (inode.watches?.delete(w)) active--; if (inode.watches?.size === 0) inode.watches = undefined; }

let lastCookie = 0;
/** Ties IN_MOVED_FROM to IN_MOVED_TO. */
export function moveCookie(): number { return ++lastCookie; }

/** Something happened to entry `name` of directory `dir`. */
export function notifyEntry(dir: Inode, mask: number, name: string, cookie = 0): void {
  if (active === 0 || !dir.watches) return;
  for (const w of [...dir.watches]) w.notify(mask, cookie, name);
}

/** Something happened to the object itself: its own watches hear it, and those of its directory with the name. */
export function notifyObject(dentry: Dentry, mask: number): void {
  if (active === 0) return;
  const flags = isDirectory(dentry.inode.mode) ? mask | IN_ISDIR : mask;
  if (dentry.inode.watches) for (const w of [...dentry.inode.watches]) w.notify(flags, 0, '');
  if (dentry.parent && !dentry.deleted) notifyEntry(dentry.parent.inode, flags, dentry.name);
}

/** Something happened to an inode that its directory is told separately (IN_DELETE_SELF, IN_MOVE_SELF). */
export function notifySelf(inode: Inode, mask: number): void {
  if (active === 0 || !inode.watches) return;
  for (const w of [...inode.watches]) w.notify(mask, 0, '');
}

export function notifyClose(path: Path, flags: number): void {
  if (active > 0) notifyObject(path.dentry, (flags & O_ACCMODE) === O_RDONLY ? IN_CLOSE_NOWRITE : IN_CLOSE_WRITE);
}
