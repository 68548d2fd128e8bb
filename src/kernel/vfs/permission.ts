/** Who may do what to an inode: permission bits and the capabilities that override them (path_resolution(7), capabilities(7)). */
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER } from '../../abi/capability.ts';
import { EACCES, EPERM, Errno } from '../../abi/errno.ts';
import { R_OK, W_OK, X_OK } from '../../abi/fcntl.ts';
import { isDirectory, S_ISVTX } from '../../abi/stat.ts';
import type { Inode } from './inode.ts';

/** What of the caller's credentials file access looks at; task/credentials.ts satisfies it. */
export interface Actor {
  readonly fsuid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  /** Is the capability in the effective set? */
  has(capability: number): boolean;
}

export function inGroup(who: Actor, gid: number): boolean {
  return who.fsgid === gid || who.groups.includes(gid);
}

/** True when `who` may access `inode` in all the ways of `mask` (R_OK, W_OK, X_OK). */
export function mayAccess(who: Actor, inode: Inode, mask: number): boolean {
  const mode = inode.mode;
  const shift = who.fsuid === inode.uid ? 6 : inGroup(who, inode.gid) ? 3 : 0;
  if (((mode >>> shift) & mask) === mask) return true;
  if (isDirectory(mode)) {
    if ((mask & W_OK) === 0 && who.has(CAP_DAC_READ_SEARCH)) return true;
    return who.has(CAP_DAC_OVERRIDE);
  }
  if (mask === R_OK && who.has(CAP_DAC_READ_SEARCH)) return true;
  return who.has(CAP_DAC_OVERRIDE) && ((mask & X_OK) === 0 || (mode & 0o111) !== 0);
}

/** Throws EACCES unless mayAccess. */
export function permit(who: Actor, inode: Inode, mask: number): void {
  if (!mayAccess(who, inode, mask)) throw new Errno(EACCES);
}

export function isOwner(who: Actor, inode: Inode): boolean {
  return who.fsuid === inode.uid || who.has(CAP_FOWNER);
}

/** Throws EPERM unless `who` owns the inode or has CAP_FOWNER: chmod, utimes with times, xattrs of the system. */
export function permitOwner(who: Actor, inode: Inode): void {
  if (!isOwner(who, inode)) throw new Errno(EPERM);
}

/** May `who` take `victim` out of directory `dir`? Write permission, and the sticky bit (may_delete). */
export function permitRemoval(who: Actor, dir: Inode, victim: Inode): void {
  permit(who, dir, W_OK | X_OK);
  if ((dir.mode & S_ISVTX) !== 0 && who.fsuid !== victim.uid && who.fsuid !== dir.uid && !who.has(CAP_FOWNER)) throw new Errno(EPERM);
}
