/** /proc/PID, /proc/PID/task/TID and what lies below: fd, fdinfo, ns, magic links. */
import { EACCES, EINVAL, ENOENT, EPERM, ESRCH, Errno } from '../../../abi/errno.ts';
import { CAP_SYS_PTRACE, CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { O_ACCMODE, O_PATH, O_RDONLY, O_WRONLY } from '../../../abi/fcntl.ts';
import { DT_LNK, DT_REG } from '../../../abi/stat.ts';
import type { Process } from '../../task/process.ts';
import type { Task } from '../../task/task.ts';
import { Dentry } from '../../vfs/dentry.ts';
import type { File } from '../../vfs/file.ts';
import type { Inode, ListedName } from '../../vfs/inode.ts';
import { pathName } from '../../vfs/mount.ts';
import type { Path } from '../../vfs/path.ts';
import { type Content, GeneratedDirectory, GeneratedFile, type GeneratedFs, GeneratedLink, listed, numberStore } from '../generated/generated.ts';
import { PseudoInode } from '../pseudo.ts';
import { addNetFiles } from './net-files.ts';
import * as files from './process-files.ts';

/** Namespace identifiers as a host would number them. */
const NAMESPACES: readonly (readonly [string, number])[] = [
  ['cgroup', 4026531835], ['ipc', 4026531839], ['mnt', 4026531841], ['net', 4026531840], ['pid', 4026531836], ['pid_for_children', 4026531836], ['time', 4026531834], ['time_for_children', 4026531834],
  ['user', 4026531837], ['uts', 4026531838],
];

/** May `reader` look into `task` (ptrace(2), PTRACE_MODE_READ)? */
function mayInspect(reader: Task, task: Task): boolean {
  const a = reader.credentials, b = task.credentials;
  return reader.process === task.process || (a.fsuid === b.uid && a.fsuid === b.euid && a.fsuid === b.suid) || a.has(CAP_SYS_PTRACE);
}

/** A directory about one task; its owner is the task's user. */
abstract class TaskDirectory extends GeneratedDirectory {
  constructor(fs: GeneratedFs, private readonly subject: () => Task, permissions = 0o555) { super(fs, permissions); }
  protected get task(): Task { return this.subject(); }

  /** Brings owners up to date. */
  protected own<T extends Inode>(inode: T): T {
    const { euid, egid } = this.task.credentials;
    inode.uid = euid;
    inode.gid = egid;
    return inode;
  }
  override lookup(name: string): Inode | undefined {
    const inode = super.lookup(name);
    return inode && this.own(inode);
  }
}

class DescriptorDirectory extends TaskDirectory {
  private readonly known = new Map<number, { file: File; inode: Inode }>();
  constructor(fs: GeneratedFs, subject: () => Task, private readonly make: (fd: number, file: File) => Inode, private readonly type: number) { super(fs, subject, 0o500); }

  override lookup(name: string): Inode | undefined {
    if (!/^(0|[1-9]\d*)$/.test(name) || !this.task.alive) return undefined;
    const fd = Number(name), file = this.task.files.peek(fd);
    if (!file) { this.known.delete(fd); return undefined; }
    const known = this.known.get(fd);
    if (known?.file === file) return this.own(known.inode);
    const inode = this.make(fd, file);
    this.known.set(fd, { file, inode });
    return this.own(inode);
  }

  override list(reader: Task): ListedName[] {
    if (!mayInspect(reader, this.task)) throw new Errno(EACCES);
    return this.task.alive ? this.task.files.list().map((fd) => ({ name: String(fd), ino: this.ino + fd + 1, type: this.type })) : [];
  }
}

/** Where an open file is, for display. */
function fileName(file: File, reader: Task): string {
  if (file.inode instanceof PseudoInode) return file.inode.label;
  return file.path ? pathName(file.path, reader.fs.root) : `${file.inode.fs.type}:[${file.inode.ino}]`;
}

/** Where a magic link to an open file leads: its place, or one made up for files without names. */
function filePlace(file: File, reader: Task): Path {
  if (file.path) return file.path;
  const mount = reader.kernel.vfs.internalMount(file.inode.fs);
  return { mount, dentry: new Dentry(fileName(file, reader), undefined, file.inode) };
}

function linkPermissions(file: File): number {
  if ((file.flags & O_PATH) !== 0) return 0;
  const access = file.flags & O_ACCMODE;
  return (access !== O_WRONLY ? 0o500 : 0) | (access !== O_RDONLY ? 0o300 : 0);
}

/** What /proc/PID and /proc/PID/task/TID have in common. */
class OneTaskDirectory extends TaskDirectory {
  constructor(fs: GeneratedFs, subject: () => Task, whole: boolean) {
    super(fs, subject);
    const about = (make: (task: Task, reader: Task) => string | Uint8Array): Content => (reader) => make(subject(), reader);
    const guarded = (make: (task: Task, reader: Task) => string | Uint8Array): Content => about((task, reader) => {
      if (!mayInspect(reader, task)) throw new Errno(EACCES);
      return make(task, reader);
    });
    this.file('stat', about((task) => files.stat(task, whole)));
    this.file('status', about(files.status));
    this.file('statm', about(files.statm));
    this.file('cmdline', about(files.cmdline));
    this.file('environ', guarded(files.environ), undefined, 0o400);
    this.file('auxv', guarded((task) => task.alive ? task.mm.auxv : ''), undefined, 0o400);
    this.file('maps', guarded(files.maps));
    this.file('smaps', guarded(files.smaps));
    this.file('limits', about(files.limits));
    this.file('io', guarded(files.io), undefined, 0o400);
    this.file('mounts', about(files.mounts));
    this.file('mountinfo', about(files.mountinfo));
    this.file('cgroup', '0::/\n');
    this.file('wchan', '0');
    this.file('personality', about((task) => `${task.process.personality.toString(16).padStart(8, '0')}\n`), undefined, 0o400);
    this.file('comm', about((task) => `${task.comm}\n`), (reader, text) => {
      if (reader.process !== subject().process) return -EINVAL;
      subject().comm = text.replace(/\n.*/s, '').slice(0, 15);
    });
    this.file('oom_score', '0\n');
    this.file('oom_adj', about((task) => `${Math.round(task.process.oomScoreAdj * 17 / 1000)}\n`));
    this.file('oom_score_adj', about((task) => `${task.process.oomScoreAdj}\n`), (reader, text) => numberStore((t, n) => {
      const { process } = subject();
      if (n < process.oomScoreAdj && !t.credentials.has(CAP_SYS_RESOURCE)) throw new Errno(EACCES);
      process.oomScoreAdj = n;
    }, -1000, 1000)(reader, text));
    for (const map of ['uid_map', 'gid_map', 'projid_map']) this.file(map, '         0          0 4294967295\n', () => -EPERM);
    this.file('setgroups', 'allow\n');
    this.file('loginuid', '4294967295');
    this.file('sessionid', '4294967295');
    this.file('coredump_filter', '00000033\n');
    this.file('timerslack_ns', about((task) => `${task.timerSlack}\n`));
    this.magic('exe', (task) => task.alive ? task.mm.exe : undefined);
    this.magic('cwd', (task) => task.alive ? task.fs.cwd : undefined);
    this.magic('root', (task) => task.alive ? task.fs.root : undefined);
    this.put('fd', new DescriptorDirectory(fs, subject, (_fd, file) => new GeneratedLink(fs, (reader) => fileName(file, reader), (reader) => filePlace(file, reader), linkPermissions(file)), DT_LNK));
    this.put('fdinfo', new DescriptorDirectory(fs, subject, (_fd, file) => new GeneratedFile(fs, () => descriptorInfo(file), undefined, 0o400), DT_REG));
    const namespaces = this.put('ns', new GeneratedDirectory(fs, 0o511));
    for (const [name, id] of NAMESPACES) namespaces.put(name, new GeneratedLink(fs, () => `${name.replace('_for_children', '')}:[${id}]`));
    addNetFiles(this.put('net', new GeneratedDirectory(fs)));
  }

  /** A link whose target is a place. */
  private magic(name: string, place: (task: Task) => Path | undefined): void {
    const find = (reader: Task): Path => {
      const { task } = this;
      if (!mayInspect(reader, task)) throw new Errno(EACCES);
      const found = place(task);
      if (!found) throw new Errno(ENOENT);
      return found;
    };
    this.put(name, new GeneratedLink(this.fs, (reader) => pathName(find(reader), reader.fs.root), find));
  }
}

function descriptorInfo(file: File): string {
  return `pos:\t${file.position}\nflags:\t0${file.flags.toString(8)}\nmnt_id:\t${file.path?.mount.id ?? 0}\nino:\t${file.inode.ino}\n`;
}

class ThreadsDirectory extends GeneratedDirectory {
  private readonly known = new WeakMap<Task, Inode>();
  constructor(fs: GeneratedFs, private readonly process: Process) { super(fs); }

  override lookup(name: string): Inode | undefined {
    const task = [...this.process.threads].find((t) => String(t.tid) === name);
    if (!task) return undefined;
    let inode = this.known.get(task);
    if (!inode) this.known.set(task, inode = new OneTaskDirectory(this.fs, () => task, false));
    return inode;
  }
  override list(_reader: Task): ListedName[] { return [...this.process.threads].map((t) => listed(String(t.tid), this.lookup(String(t.tid))!)); }
}

/** /proc/PID. */
export class ProcessDirectory extends OneTaskDirectory {
  constructor(fs: GeneratedFs, private readonly process: Process) {
    super(fs, () => process.thread, true);
    this.put('task', new ThreadsDirectory(fs, process));
    this.refresh();
  }

  /** Brings the owner up to date. */
  refresh(): this { return this.own(this); }
  override lookup(name: string): Inode | undefined {
    if (!this.process.kernel.processes.has(this.process.pid)) throw new Errno(ESRCH);
    return super.lookup(name);
  }
}
