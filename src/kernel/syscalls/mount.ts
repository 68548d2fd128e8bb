/** mount(2), umount2(2), pivot_root(2), and the calls of the newer mount interface, which containers are refused. */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EBUSY, EFAULT, EINVAL, ENOENT, ENOSYS, ENOTDIR, EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import {
  MNT_DETACH, MNT_EXPIRE, MNT_FORCE, MOUNT_ATTRIBUTES, MS_BIND, MS_MOVE, MS_NOATIME, MS_PRIVATE, MS_REC, MS_REMOUNT, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, UMOUNT_NOFOLLOW,
} from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import type { FsContext } from '../vfs/fs-context.ts';
import type { Mount } from '../vfs/mount.ts';
import { attach, bind, move, pivotRoot, remount, unmount } from '../vfs/mounting.ts';
import { resolve, Walk } from '../vfs/namei.ts';
import { full, partial, refuse, type SyscallRow } from './define.ts';

function mount(task: Task, source: number, target: number, type: number, flags: number, data: number): number {
  const { mm } = task, at = resolve(task, AT_FDCWD, mm.readString(target));
  if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
  const { namespace } = task.fs;
  if ((flags & MS_REMOUNT) !== 0) {
    if (at.dentry !== at.mount.root) return -EINVAL;
    remount(at.mount, flags);
    return 0;
  }
  if ((flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) !== 0) return at.dentry === at.mount.root ? 0 : -EINVAL;
  if ((flags & (MS_BIND | MS_MOVE)) !== 0) {
    if (source === 0) return -EINVAL;
    const from = resolve(task, AT_FDCWD, mm.readString(source));
    if ((flags & MS_MOVE) !== 0) move(namespace, from, at);
    else bind(namespace, from, at, (flags & MS_REC) !== 0);
    return 0;
  }
  if (type === 0) return -EFAULT;
  const name = source === 0 ? 'none' : mm.readString(source), fsType = mm.readString(type);
  const fs = task.kernel.vfs.create(fsType, { source: name, flags, data: data === 0 ? '' : mm.readString(data) });
  attach(namespace, task.kernel.vfs.mount(fs, name, (flags & MOUNT_ATTRIBUTES) | MS_NOATIME), at);
  return 0;
}

/** Does any task have its root, its working directory or an open file in `mount`? */
function inUse(task: Task, mount: Mount): boolean {
  for (const t of task.kernel.tasks.values()) {
    if (t.fs.root.mount === mount || t.fs.cwd.mount === mount) return true;
    for (const fd of t.files.list()) if (t.files.get(fd).path?.mount === mount) return true;
  }
  return false;
}

function umount2(task: Task, target: number, flags: number): number {
  if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) !== 0) return -EINVAL;
  if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
  const at = resolve(task, AT_FDCWD, task.mm.readString(target), flags & UMOUNT_NOFOLLOW ? Walk.NoFollow : 0);
  unmount(task.fs.namespace, at, flags, (m) => inUse(task, m));
  return 0;
}

function pivot(task: Task, newRoot: number, putOld: number): number {
  if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
  const to = resolve(task, AT_FDCWD, task.mm.readString(newRoot)), old = resolve(task, AT_FDCWD, task.mm.readString(putOld));
  if (!to.dentry.isDirectory || !old.dentry.isDirectory) return -ENOTDIR;
  if (to.dentry.deleted || old.dentry.deleted) return -ENOENT;
  if (to.mount === task.fs.root.mount || old.mount === task.fs.root.mount) return -EBUSY;
  const contexts = new Set<FsContext>([...task.kernel.tasks.values()].map((t) => t.fs));
  pivotRoot(task.fs.namespace, to, old, contexts);
  return 0;
}

export const mountCalls: readonly SyscallRow[] = [
  partial(165, 'mount', 'path,path,str,flags:MS,ptr', 'propagation types are accepted and are all private', mount),
  full(166, 'umount2', 'path,flags:MNT', umount2),
  full(155, 'pivot_root', 'path,path', pivot),
  refuse(303, 'name_to_handle_at', EOPNOTSUPP, 'file handles are not supported by these filesystems'),
  refuse(304, 'open_by_handle_at', EPERM, 'needs CAP_DAC_READ_SEARCH over the host, which containers lack'),
  refuse(428, 'open_tree', ENOSYS, 'libmount falls back to mount'),
  refuse(429, 'move_mount', ENOSYS, 'libmount falls back to mount'),
  refuse(430, 'fsopen', ENOSYS, 'libmount falls back to mount'),
  refuse(431, 'fsconfig', ENOSYS, 'libmount falls back to mount'),
  refuse(432, 'fsmount', ENOSYS, 'libmount falls back to mount'),
  refuse(433, 'fspick', ENOSYS, 'libmount falls back to mount'),
  refuse(442, 'mount_setattr', ENOSYS, 'libmount falls back to mount'),
  refuse(167, 'swapon', EPERM, 'no swap in a container'),
  refuse(168, 'swapoff', EPERM, 'no swap in a container'),
  refuse(179, 'quotactl', ENOSYS, 'no disk quotas'),
  refuse(443, 'quotactl_fd', ENOSYS, 'no disk quotas'),
];
