/**
 * devpts: the names of pseudo-terminals, /dev/pts/N and /dev/pts/ptmx (pts(4)). Each mount with a filesystem of its own has
 * its own numbers; a name lives from the opening of the master to its close.
 */
import { EINVAL, EIO, ENOSPC, EPERM, Errno } from '../../../abi/errno.ts';
import { DEVPTS_SUPER_MAGIC, DT_CHR, S_IFCHR, S_IFDIR, makedev } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { PtyMasterFile } from '../../tty/pty-master-file.ts';
import { openTerminal } from '../../tty/terminal-file.ts';
import { Terminal } from '../../tty/terminal.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { File } from '../../vfs/file.ts';
import { Inode, type FileSystem, type ListedName } from '../../vfs/inode.ts';
import { crossMounts } from '../../vfs/mount.ts';
import type { Path } from '../../vfs/path.ts';

/** Inode number of ptmx; terminal N has N + 3. */
const PTMX_INO = 2;

export interface DevptsOptions { uid?: number; gid?: number; mode: number; ptmxMode: number; max: number }

/** Reads `gid=5,mode=620,ptmxmode=666`. Throws Errno(EINVAL) for what devpts does not know. */
export function parseDevptsOptions(data: string): DevptsOptions {
  const out: DevptsOptions = { mode: 0o600, ptmxMode: 0, max: 1 << 20 };
  for (const option of data.split(',')) {
    const [name, value = ''] = option.split('=');
    if (name === '' || name === 'newinstance') continue;
    const number = parseInt(value, name.endsWith('mode') ? 8 : 10);
    if (Number.isNaN(number)) throw new Errno(EINVAL);
    if (name === 'uid') out.uid = number;
    else if (name === 'gid') out.gid = number;
    else if (name === 'mode') out.mode = number & 0o7777;
    else if (name === 'ptmxmode') out.ptmxMode = number & 0o7777;
    else if (name === 'max') out.max = number;
    else throw new Errno(EINVAL);
  }
  return out;
}

export class DevptsFs implements FileSystem {
  readonly type = 'devpts';
  readonly dev: number;
  readonly readonly = false;
  readonly volatile = true;
  readonly root: Inode;
  readonly ptmx: Inode;
  readonly nodes = new Map<number, TerminalInode>();

  constructor(readonly kernel: Kernel, private readonly settings: DevptsOptions) {
    this.dev = kernel.vfs.allocateDev();
    this.root = new DevptsRoot(this);
    this.ptmx = new PtmxInode(this, settings.ptmxMode);
  }

  get options(): string {
    const { uid, gid, mode, ptmxMode } = this.settings;
    return [uid === undefined ? '' : `uid=${uid}`, gid === undefined ? '' : `gid=${gid}`, `mode=${mode.toString(8)}`, `ptmxmode=${ptmxMode.toString(8).padStart(3, '0')}`].filter(Boolean).join(',');
  }

  statfs(): ReturnType<FileSystem['statfs']> { return { type: DEVPTS_SUPER_MAGIC, blocks: 0, free: 0, files: 0, filesFree: 0, nameMax: 255 }; }

  /** A new terminal with the lowest free number. Throws Errno(ENOSPC). */
  newTerminal(owner: { uid: number; gid: number }): TerminalInode {
    let index = 0;
    while (this.nodes.has(index)) index++;
    if (index >= this.settings.max) throw new Errno(ENOSPC);
    const terminal = new Terminal(this.kernel, index);
    const node = new TerminalInode(this, terminal, this.settings.mode, this.settings.uid ?? owner.uid, this.settings.gid ?? owner.gid);
    this.nodes.set(index, node);
    terminal.onHangup = () => { this.nodes.delete(index); };
    return node;
  }

  /** open(2) of ptmx. */
  openMaster(task: Task, inode: Inode, flags: number, path: Path | undefined): File {
    const node = this.newTerminal({ uid: task.credentials.fsuid, gid: task.credentials.fsgid });
    return new PtyMasterFile(node.terminal, inode, flags, path, () => ({ inode: node, path: this.pathOf(task, node) }));
  }

  /** The name of a terminal as the task's mounts show it. */
  pathOf(task: Task, node: TerminalInode): Path | undefined {
    for (const mount of task.fs.namespace.mounts) {
      if (mount.fs !== this) continue;
      const dentry = mount.root.lookup(String(node.terminal.index));
      if (dentry) return crossMounts({ mount, dentry });
    }
    return undefined;
  }
}

class DevptsRoot extends Inode {
  readonly ino = 1;
  mode = S_IFDIR | 0o755;
  override nlink = 2;
  constructor(readonly fs: DevptsFs) {
    super();
    this.atime = this.mtime = this.ctime = fs.kernel.vfs.now();
  }
  get size(): number { return 0; }
  open(_task: Task, flags: number, path: Path | undefined): File { return new DirectoryFile(this, flags, path); }
  override lookup(name: string): Inode | undefined {
    if (name === 'ptmx') return this.fs.ptmx;
    return /^(0|[1-9]\d*)$/.test(name) ? this.fs.nodes.get(Number(name)) : undefined;
  }
  override list(): ListedName[] {
    const terminals = [...this.fs.nodes.values()].map((n) => ({ name: String(n.terminal.index), ino: n.ino, type: DT_CHR }));
    return [...terminals, { name: 'ptmx', ino: PTMX_INO, type: DT_CHR }];
  }
  override unlink(): void { throw new Errno(EPERM); }
}

class PtmxInode extends Inode {
  readonly ino = PTMX_INO;
  mode: number;
  override rdev = makedev(5, 2);
  constructor(readonly fs: DevptsFs, mode: number) {
    super();
    this.mode = S_IFCHR | mode;
    this.atime = this.mtime = this.ctime = fs.kernel.vfs.now();
  }
  get size(): number { return 0; }
  open(task: Task, flags: number, path: Path | undefined): File { return this.fs.openMaster(task, this, flags, path); }
}

export class TerminalInode extends Inode {
  readonly ino: number;
  mode: number;
  constructor(readonly fs: DevptsFs, readonly terminal: Terminal, mode: number, uid: number, gid: number) {
    super();
    this.ino = terminal.index + 3;
    this.mode = S_IFCHR | mode;
    this.uid = uid;
    this.gid = gid;
    this.rdev = terminal.rdev;
    this.atime = this.mtime = this.ctime = fs.kernel.vfs.now();
  }
  get size(): number { return 0; }
  open(task: Task, flags: number, path: Path | undefined): File {
    if (this.fs.nodes.get(this.terminal.index) !== this) throw new Errno(EIO);
    return openTerminal(task, this.terminal, this, flags, path);
  }
}
