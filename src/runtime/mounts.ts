/**
 * Everything mounted over a container's root, in runc's order: kernel filesystems, the generated files, then what the user
 * asked for. Reference: moby oci/defaults.go, runc libcontainer/rootfs_linux.go.
 */
import { Errno, EEXIST, ENOENT } from '../abi/errno.ts';
import { AT_FDCWD, O_CREAT, O_EXCL, O_WRONLY } from '../abi/fcntl.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME, MS_STRICTATIME } from '../abi/mount.ts';
import { isDirectory, makedev, S_IFCHR } from '../abi/stat.ts';
import type { HostFs, KeyValueStore } from '../host/ports.ts';
import { HostDirectoryFs } from '../kernel/fs/hostfs/hostfs.ts';
import { PersistentFs, type PersistentOptions } from '../kernel/fs/persistent/persistent-fs.ts';
import { parseTmpFsOptions, TmpFs } from '../kernel/fs/tmpfs/tmpfs.ts';
import type { Task } from '../kernel/task/task.ts';
import { mkdir, mknod, symlink } from '../kernel/vfs/create.ts';
import type { FileSystem } from '../kernel/vfs/inode.ts';
import { Mount } from '../kernel/vfs/mount.ts';
import { attach, bind } from '../kernel/vfs/mounting.ts';
import { locate, resolve } from '../kernel/vfs/namei.ts';
import type { Path } from '../kernel/vfs/path.ts';
import { copyTree } from './copy-tree.ts';
import { openName, writeAll } from './kernel-task.ts';
import type { MountSpec, SandboxSpec } from './sandbox-api.ts';

const DEVICES: readonly (readonly [name: string, major: number, minor: number])[] = [
  ['null', 1, 3], ['zero', 1, 5], ['full', 1, 7], ['random', 1, 8], ['urandom', 1, 9], ['tty', 5, 0],
];
const DEVICE_LINKS = { fd: '/proc/self/fd', stdin: '/proc/self/fd/0', stdout: '/proc/self/fd/1', stderr: '/proc/self/fd/2', core: '/proc/kcore', ptmx: 'pts/ptmx' };
const LOCKED = MS_NOSUID | MS_NOEXEC | MS_NODEV;

/** moby oci/defaults.go: MaskedPaths, ReadonlyPaths. */
const MASKED = ['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface MountContext {
  task: Task;
  store: KeyValueStore;
  hostFs?: HostFs;
  persistence: PersistentOptions;
  /** Filesystems to flush at the end. */
  opened(fs: PersistentFs): void;
}

export async function mountAll(context: MountContext, spec: SandboxSpec): Promise<void> {
  const { task } = context;
  mountKernelFilesystems(task, spec);
  await mountFiles(task, spec.files);
  /** Volumes of this container by store prefix: one that is mounted at several places is one filesystem. */
  const volumes = new Map<string, PersistentFs>();
  // Parents first, so that a mount below another one is not covered by it.
  const depth = (m: MountSpec): number => m.target.split('/').filter((p) => p !== '').length;
  for (const mount of [...spec.mounts].sort((a, b) => depth(a) - depth(b))) await mountOne(context, mount, volumes);
  await setSysctls(task, spec.sysctls);
  protectKernelFiles(task);
  if (spec.rootfs.readonly) task.fs.namespace.root.flags |= MS_RDONLY;
}

async function setSysctls(task: Task, sysctls: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(sysctls)) {
    try {
      const file = openName(task, `/proc/sys/${name.replaceAll('.', '/')}`, O_WRONLY, 0);
      try { await writeAll(task, file, new TextEncoder().encode(value)); } finally { file.release(); }
    } catch (e) {
      throw new Error(`open /proc/sys/${name.replaceAll('.', '/')}: ${(e as Error).message}`);
    }
  }
}

/** What an unprivileged container must not see or change: an empty file or directory over it, or itself read-only. */
function protectKernelFiles(task: Task): void {
  const { vfs } = task.kernel, { namespace } = task.fs, nothing = resolve(task, AT_FDCWD, '/dev/null');
  for (const path of MASKED) {
    const at = tryResolve(task, path);
    if (!at) continue;
    if (isDirectory(at.dentry.inode.mode)) mountOn(task, vfs.mount(new TmpFs(vfs, { size: 0 }), 'tmpfs', MS_RDONLY), at);
    else bind(namespace, nothing, at, false);
  }
  for (const path of READ_ONLY) {
    const at = tryResolve(task, path);
    if (at) bind(namespace, at, at, true).flags |= MS_RDONLY;
  }
}

function mountKernelFilesystems(task: Task, spec: SandboxSpec): void {
  const { vfs } = task.kernel;
  const put = (type: string, source: string, target: string, flags: number, data = ''): void => {
    mountAt(task, vfs.create(type, { source, flags, data }), source, target, flags);
  };
  put('proc', 'proc', '/proc', LOCKED);
  mountAt(task, new TmpFs(vfs, { mode: 0o755, size: 64 << 20 }), 'tmpfs', '/dev', MS_NOSUID | MS_STRICTATIME);
  for (const [name, major, minor] of DEVICES) mknod(task, AT_FDCWD, `/dev/${name}`, S_IFCHR | 0o666, makedev(major, minor));
  for (const [name, target] of Object.entries(DEVICE_LINKS)) symlink(task, target, AT_FDCWD, `/dev/${name}`);
  put('devpts', 'devpts', '/dev/pts', MS_NOSUID | MS_NOEXEC, 'gid=5,mode=620,ptmxmode=666');
  put('sysfs', 'sysfs', '/sys', LOCKED | MS_RDONLY);
  put('cgroup2', 'cgroup', '/sys/fs/cgroup', LOCKED | MS_RDONLY);
  put('mqueue', 'mqueue', '/dev/mqueue', LOCKED);
  mountAt(task, new TmpFs(vfs, { mode: 0o1777, size: spec.resources.shmSize }), 'shm', '/dev/shm', LOCKED);
}

/** /etc/hosts and its like: files of a small tmpfs, each mounted over its name. */
async function mountFiles(task: Task, files: SandboxSpec['files']): Promise<void> {
  const { vfs } = task.kernel, fs = new TmpFs(vfs, { mode: 0o755 }), owner = { uid: 0, gid: 0 };
  const holder = vfs.mount(fs, 'tmpfs', MS_RELATIME);
  for (const [i, { path, content, mode }] of files.entries()) {
    const inode = fs.root.create(String(i), 0o100000 | mode, owner), dentry = holder.root.add(String(i), inode);
    const file = inode.open(task, O_WRONLY, { mount: holder, dentry });
    if (!('write' in file)) throw new Error('a file of tmpfs opens at once');
    await writeAll(task, file, content);
    file.release();
    attach(task.fs.namespace, new Mount(dentry, MS_RELATIME, 'tmpfs'), mountPoint(task, path, false));
  }
}

async function mountOne(context: MountContext, mount: MountSpec, volumes: Map<string, PersistentFs>): Promise<void> {
  const { task, store } = context, { vfs } = task.kernel;
  const readonly = mount.readonly ? MS_RDONLY : 0;
  switch (mount.type) {
    case 'tmpfs': {
      const { flags, data } = tmpfsOptions(mount.options);
      const fs = new TmpFs(vfs, { mode: 0o1777, ...parseTmpFsOptions(data, vfs.pages.limit * 4096), ...(mount.size !== undefined && { size: mount.size }), ...(mount.mode !== undefined && { mode: mount.mode }) });
      const at = mountPoint(task, mount.target, true);
      if (mount.options.includes('tmpcopyup')) await copyTree(task, at.dentry.inode, fs.root);
      mountOn(task, vfs.mount(fs, 'tmpfs', flags | readonly), at);
      return;
    }
    case 'volume': {
      let fs = volumes.get(mount.upper);
      if (!fs) {
        fs = await PersistentFs.load(vfs, store, mount.upper, { ...context.persistence, exclusive: false });
        volumes.set(mount.upper, fs);
        context.opened(fs);
      }
      const at = mountPoint(task, mount.target, true);
      if (mount.copyUp && fs.root.list().length === 0) {
        await copyTree(task, at.dentry.inode, fs.root);
        await fs.flush();
      }
      mountOn(task, vfs.mount(fs, 'volume', MS_RELATIME | readonly), at);
      return;
    }
    case 'bind': {
      if (!context.hostFs) throw new Error(`invalid mount config for type "bind": bind source path does not exist: ${mount.source}`);
      const fs = new HostDirectoryFs(vfs, context.hostFs, mount.source);
      mountOn(task, vfs.mount(fs, mount.source, MS_RELATIME | readonly), mountPoint(task, mount.target, isDirectory(fs.root.mode)));
    }
  }
}

function mountAt(task: Task, fs: FileSystem, source: string, target: string, flags: number): void {
  mountOn(task, task.kernel.vfs.mount(fs, source, flags), mountPoint(task, target, true));
}

function mountOn(task: Task, mount: Mount, at: Path): void { attach(task.fs.namespace, mount, at); }

/** The place of a mount; it is made when missing, with the directories above it. */
export function mountPoint(task: Task, target: string, directory: boolean): Path {
  const found = tryResolve(task, target);
  if (found) return found;
  const parts = target.split('/').filter((p) => p !== '');
  makeDirectories(task, `/${(directory ? parts : parts.slice(0, -1)).join('/')}`, 0o755);
  if (!directory) openName(task, target, O_WRONLY | O_CREAT | O_EXCL, 0o755).release();
  return resolve(task, AT_FDCWD, target);
}

/** mkdir -p: links on the way are followed. Throws Errno(ENOTDIR). */
export function makeDirectories(task: Task, path: string, mode: number): void {
  let at = '';
  for (const part of path.split('/').filter((p) => p !== '')) {
    at += `/${part}`;
    if (tryResolve(task, at)) continue;
    try { mkdir(task, AT_FDCWD, at, mode); } catch (e) {
      if (!(e instanceof Errno) || e.code !== EEXIST) throw e;
      // A dangling link: its target is made instead.
      const link = locate(task, AT_FDCWD, at, 1).path!.dentry.inode.readlink(task);
      makeDirectories(task, link.startsWith('/') ? link : `${at.slice(0, at.lastIndexOf('/'))}/${link}`, mode);
    }
  }
}

export function tryResolve(task: Task, path: string): Path | undefined {
  try { return resolve(task, AT_FDCWD, path); } catch (e) {
    if (e instanceof Errno && e.code === ENOENT) return undefined;
    throw e;
  }
}

/** Options of --tmpfs: mount flags as words, the rest for the filesystem. */
function tmpfsOptions(options: readonly string[]): { flags: number; data: string } {
  let flags = LOCKED;
  const data: string[] = [];
  const words: Record<string, [set: number, clear: number]> = {
    exec: [0, MS_NOEXEC], noexec: [MS_NOEXEC, 0], suid: [0, MS_NOSUID], nosuid: [MS_NOSUID, 0], dev: [0, MS_NODEV], nodev: [MS_NODEV, 0], ro: [MS_RDONLY, 0], rw: [0, MS_RDONLY],
  };
  for (const option of options.flatMap((o) => o.split(','))) {
    const word = words[option];
    if (word) flags = (flags | word[0]) & ~word[1];
    else if (!/^(?:async|sync|atime|noatime|relatime|norelatime|private|rprivate|defaults|tmpcopyup)$/.test(option)) data.push(option);
  }
  return { flags, data: data.join(',') };
}
