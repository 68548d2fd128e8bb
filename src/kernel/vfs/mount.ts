/** Mounts and the tree of them that processes share (mount_namespaces(7)). */
import { EBUSY, EINVAL } from '../../abi/errno.ts';
import { Errno } from '../../abi/errno.ts';
import { MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME } from '../../abi/mount.ts';
import type { Dentry } from './dentry.ts';
import type { FileSystem } from './inode.ts';
import type { Path } from './path.ts';

let nextId = 20;

export class Mount {
  readonly id = nextId++;
  parent: Mount | undefined;
  mountpoint: Dentry | undefined;
  /** Of a filesystem that is never in the tree (pipefs, memfd): names in it have no "(unreachable)". */
  internal = false;

  /**
   * @param root the directory (or file, for a bind mount) that appears at the mount point
   * @param flags MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_RELATIME
   * @param source first column of /proc/mounts
   * @param options filesystem options for /proc/mounts, comma separated, without the generic ones
   */
  constructor(readonly root: Dentry, public flags: number, readonly source: string, readonly options = '') {}

  get fs(): FileSystem { return this.root.inode.fs; }
  get readonly(): boolean { return (this.flags & MS_RDONLY) !== 0 || this.fs.readonly; }

  /** Takes it off its mount point, with what is mounted below it. */
  leave(): void {
    const point = this.mountpoint;
    if (!point?.mounts) return;
    point.mounts = point.mounts.filter((m) => m !== this);
    if (point.mounts.length === 0) point.mounts = undefined;
    this.parent = this.mountpoint = undefined;
  }

  /** `rw,nosuid,relatime`: the options of the mount itself. */
  get attributes(): string {
    const out = [this.flags & MS_RDONLY ? 'ro' : 'rw'];
    if (this.flags & MS_NOSUID) out.push('nosuid');
    if (this.flags & MS_NODEV) out.push('nodev');
    if (this.flags & MS_NOEXEC) out.push('noexec');
    if (this.flags & MS_NOATIME) out.push('noatime');
    if (this.flags & MS_NODIRATIME) out.push('nodiratime');
    if (this.flags & MS_RELATIME) out.push('relatime');
    return out.join(',');
  }
}

export class MountNamespace {
  /** In the order of mounting, parents first. */
  readonly mounts = new Set<Mount>();

  constructor(public root: Mount) { this.mounts.add(root); }

  /** Puts `mount` on top of what is at `at`. */
  attach(mount: Mount, at: Path): void {
    mount.parent = at.mount;
    mount.mountpoint = at.dentry;
    (at.dentry.mounts ??= []).push(mount);
    this.mounts.add(mount);
  }

  /** Takes `mount` out of the tree; EBUSY when other mounts are on it, unless `lazy` (MNT_DETACH), which takes those too. */
  detach(mount: Mount, lazy: boolean): void {
    if (mount === this.root || !this.mounts.has(mount)) throw new Errno(EINVAL);
    const below = [...this.mounts].filter((m) => m.parent === mount);
    if (below.length > 0 && !lazy) throw new Errno(EBUSY);
    for (const m of below) this.detach(m, true);
    mount.leave();
    this.mounts.delete(mount);
  }
}

/** What is mounted at `path`, followed to the topmost mount; `path` itself when nothing is. */
export function crossMounts(path: Path): Path {
  let { mount, dentry } = path;
  while (dentry.mounts) {
    const over = dentry.mounts.findLast((m) => m.parent === mount);
    if (!over) break;
    mount = over;
    dentry = over.root;
  }
  return mount === path.mount && dentry === path.dentry ? path : { mount, dentry };
}

/** The absolute name of `path` as seen from `root` (d_path): `(unreachable)/…` when outside it, ` (deleted)` appended for removed names. */
export function pathName(path: Path, root: Path): string {
  let { mount, dentry } = path;
  const deleted = dentry.deleted;
  let out = '';
  for (;;) {
    if (mount === root.mount && dentry === root.dentry) break;
    if (dentry === mount.root || !dentry.parent) {
      if (!mount.parent) { if (!mount.internal) out = `(unreachable)${out || '/'}`; break; }
      dentry = mount.mountpoint!;
      mount = mount.parent;
      continue;
    }
    out = `/${dentry.name}${out}`;
    dentry = dentry.parent;
  }
  return (out || '/') + (deleted ? ' (deleted)' : '');
}
