/** mount(2), umount2(2), pivot_root(2), and the mounts that the runtime makes. */
import { EBUSY, EINVAL, ENOTDIR, Errno } from '../../abi/errno.ts';
import { MNT_DETACH, MOUNT_ATTRIBUTES } from '../../abi/mount.ts';
import type { FsContext } from './fs-context.ts';
import { crossMounts, Mount, type MountNamespace } from './mount.ts';
import type { Path } from './path.ts';

/** Mounts on `at`. A directory goes on a directory, anything else on anything else. */
export function attach(namespace: MountNamespace, mount: Mount, at: Path): Mount {
  const point = crossMounts(at);
  if (mount.root.isDirectory !== point.dentry.isDirectory) throw new Errno(ENOTDIR);
  namespace.attach(mount, point);
  return mount;
}

/** MS_BIND: what is at `from` appears at `at` too; with `recursive` together with what is mounted below it. */
export function bind(namespace: MountNamespace, from: Path, at: Path, recursive: boolean): Mount {
  const copy = new Mount(from.dentry, from.mount.flags, from.mount.source, from.mount.options);
  const below = recursive ? [...namespace.mounts].filter((m) => m.parent === from.mount && from.dentry.contains(m.mountpoint!)) : [];
  attach(namespace, copy, at);
  for (const m of below) copyTree(namespace, m, copy);
  return copy;
}

function copyTree(namespace: MountNamespace, mount: Mount, parent: Mount): void {
  const children = [...namespace.mounts].filter((m) => m.parent === mount);
  const copy = new Mount(mount.root, mount.flags, mount.source, mount.options);
  namespace.attach(copy, { mount: parent, dentry: mount.mountpoint! });
  for (const child of children) copyTree(namespace, child, copy);
}

/** MS_REMOUNT: the attributes of a mount. */
export function remount(mount: Mount, flags: number): void {
  mount.flags = (mount.flags & ~MOUNT_ATTRIBUTES) | (flags & MOUNT_ATTRIBUTES);
}

/** MS_MOVE. */
export function move(namespace: MountNamespace, from: Path, at: Path): void {
  const { mount } = from;
  if (from.dentry !== mount.root || !mount.parent) throw new Errno(EINVAL);
  for (let m: Mount | undefined = at.mount; m; m = m.parent) if (m === mount) throw new Errno(EINVAL);
  mount.leave();
  attach(namespace, mount, at);
}

/** umount2(2) of the mount whose root is at `path`. `busy` says whether a task still uses a place in it. */
export function unmount(namespace: MountNamespace, path: Path, flags: number, busy: (mount: Mount) => boolean): void {
  const { mount } = path;
  if (path.dentry !== mount.root || mount === namespace.root) throw new Errno(EINVAL);
  const lazy = (flags & MNT_DETACH) !== 0;
  if (!lazy && busy(mount)) throw new Errno(EBUSY);
  namespace.detach(mount, lazy);
}

/**
 * pivot_root(2): `newRoot` becomes the root of the namespace, the old root appears at `putOld`; `everyone` whose root or
 * working directory was the old root gets the new one.
 */
export function pivotRoot(namespace: MountNamespace, newRoot: Path, putOld: Path, everyone: Iterable<FsContext>): void {
  const old = namespace.root;
  if (newRoot.dentry !== newRoot.mount.root || newRoot.mount === old) throw new Errno(newRoot.mount === old ? EBUSY : EINVAL);
  let inside = false;
  for (let m: Mount | undefined = putOld.mount; m; m = m.parent) inside ||= m === newRoot.mount;
  if (!inside) throw new Errno(EINVAL);

  newRoot.mount.leave();
  namespace.root = newRoot.mount;
  namespace.attach(old, putOld);
  const root: Path = { mount: newRoot.mount, dentry: newRoot.mount.root };
  for (const fs of everyone) {
    if (fs.root.mount === old && fs.root.dentry === old.root) fs.root = root;
    if (fs.cwd.mount === old && fs.cwd.dentry === old.root) fs.cwd = root;
  }
}

