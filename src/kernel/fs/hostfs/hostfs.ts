/**
 * A directory or file of the host as a filesystem (docker run -v /host/path:…; Node only). Nothing is cached but pages that are
 * mapped: each lookup asks the host, reads and writes go straight through, so that both sides see each other's changes.
 * Symbolic links are resolved by the guest's path walk, inside the container, never by the host.
 */
import { EPERM, Errno, EXDEV } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, RENAME_NOREPLACE } from '../../../abi/fcntl.ts';
import { direntType, EXT4_SUPER_MAGIC, isDirectory, isRegular, isSymlink, S_IFMT } from '../../../abi/stat.ts';
import type { HostFs, HostStat } from '../../../host/ports.ts';
import type { Block, SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import type { RegularInode } from '../../vfs/content.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { File } from '../../vfs/file.ts';
import { type FileSystem, Inode, type ListedName, type Owner, type Timespec } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import type { Vfs } from '../../vfs/vfs.ts';
import { ask } from './ask.ts';
import { HostContent } from './host-content.ts';

/** Names that hide() gives. */
const HIDDEN = /^\.drydock-\d+$/;

export class HostDirectoryFs implements FileSystem {
  readonly type = 'ext4';
  readonly dev: number;
  readonly readonly = false;
  readonly volatile = true;
  readonly root: HostInode;

  /** @param source absolute path on the host, of a directory or a file. Throws Errno. */
  constructor(readonly vfs: Vfs, readonly host: HostFs, source: string) {
    this.dev = vfs.allocateDev();
    this.root = new HostInode(this, undefined, source, ask(() => host.stat(source, true)));
  }

  statfs(): ReturnType<FileSystem['statfs']> { return { type: EXT4_SUPER_MAGIC, blocks: 1 << 28, free: 1 << 27, files: 1 << 24, filesFree: 1 << 23, nameMax: 255 }; }
}

function timespec(ms: number): Timespec {
  const sec = Math.floor(ms / 1000);
  return { sec, nsec: Math.min(999_999_999, Math.floor((ms - sec * 1000) * 1e6)) };
}
function milliseconds(t: Timespec): number { return t.sec * 1000 + t.nsec / 1e6; }

export class HostInode extends Inode implements RegularInode {
  readonly ino: number;
  mode = 0;
  private bytes = 0;
  private readonly children = new Map<string, HostInode>();
  private data: HostContent | undefined;
  private openFiles = 0;
  private hidden = false;

  constructor(readonly fs: HostDirectoryFs, private parent: HostInode | undefined, private name: string, stat: HostStat) {
    super();
    this.ino = stat.ino;
    this.update(stat);
  }

  /** Where it is on the host now. */
  get hostPath(): string { return this.parent ? `${this.parent.hostPath}/${this.name}` : this.name; }
  private below(name: string): string { return `${this.hostPath}/${name}`; }

  private update(s: HostStat): void {
    this.mode = s.mode;
    this.nlink = this.hidden ? 0 : s.nlink;
    this.uid = s.uid;
    this.gid = s.gid;
    this.rdev = s.rdev;
    this.bytes = s.size;
    this.atime = timespec(s.atimeMs);
    this.mtime = timespec(s.mtimeMs);
    this.ctime = timespec(s.ctimeMs);
  }

  /** Asks the host again. */
  refresh(): void { this.update(ask(() => this.fs.host.stat(this.hostPath, this.parent === undefined))); }

  get size(): number { return this.bytes; }
  now(): Timespec { return this.fs.vfs.now(); }
  get content(): HostContent { return this.data ??= new HostContent(this.fs.vfs, this.fs.host, this); }

  open(task: Task, flags: number, path: Path | undefined): File | Block {
    if (isDirectory(this.mode)) return new DirectoryFile(this, flags, path);
    if (!isRegular(this.mode)) return this.fs.vfs.devices.open(task, this, flags, path);
    this.refresh();
    if (this.openFiles === 0) this.content.reclaim();
    return new RegularFile(this, flags & O_ACCMODE ? flags : flags | O_RDONLY, path);
  }
  opened(): void { this.openFiles++; }
  closed(): void {
    this.openFiles--;
    try { this.content.writeBack(); } catch (e) {
      if (!(e instanceof Errno)) throw e;
      this.fs.vfs.log('hostfs', `${this.hostPath}: ${e.message}`);
    }
    if (this.hidden && this.openFiles === 0) ask(() => this.fs.host.unlink(this.hostPath));
  }

  private child(name: string, stat: HostStat): HostInode {
    const known = this.children.get(name);
    if (known && known.ino === stat.ino && (known.mode & S_IFMT) === (stat.mode & S_IFMT)) { known.update(stat); return known; }
    const made = new HostInode(this.fs, this, name, stat);
    this.children.set(name, made);
    return made;
  }

  override lookup(name: string): HostInode | undefined {
    let stat: HostStat;
    try { stat = this.fs.host.stat(this.below(name), false); } catch (e) {
      this.children.delete(name);
      if ((e as { code?: unknown }).code === 'ENOENT') return undefined;
      return ask(() => { throw e; });
    }
    return this.child(name, stat);
  }
  override list(_task: Task): ListedName[] {
    return ask(() => this.fs.host.readdir(this.hostPath)).filter((name) => !HIDDEN.test(name)).flatMap((name) => {
      const inode = this.lookup(name);
      return inode ? [{ name, ino: inode.ino, type: direntType(inode.mode) }] : [];
    });
  }

  private made(name: string, owner: Owner, mode: number): HostInode {
    const { host } = this.fs, path = this.below(name);
    if (!isSymlink(mode)) ask(() => host.chmod(path, mode & 0o7777));
    const inode = this.lookup(name)!;
    // A daemon that is not root cannot give files away: they stay its own, as with rootless docker.
    try { if (inode.uid !== owner.uid || inode.gid !== owner.gid) host.chown(path, owner.uid, owner.gid); } catch { return inode; }
    inode.refresh();
    return inode;
  }
  override create(name: string, mode: number, owner: Owner): Inode { ask(() => this.fs.host.create(this.below(name), mode & 0o7777)); return this.made(name, owner, mode); }
  override mkdir(name: string, mode: number, owner: Owner): Inode { ask(() => this.fs.host.mkdir(this.below(name), mode & 0o7777)); return this.made(name, owner, mode); }
  override symlink(name: string, target: string, owner: Owner): Inode { ask(() => this.fs.host.symlink(target, this.below(name))); return this.made(name, owner, 0o120777); }
  override mknod(): Inode { throw new Errno(EPERM); }

  override link(name: string, target: Inode): void {
    if (!(target instanceof HostInode) || target.fs !== this.fs) throw new Errno(EXDEV);
    ask(() => this.fs.host.link(target.hostPath, this.below(name)));
    target.refresh();
  }
  override unlink(name: string): void {
    const inode = this.lookup(name);
    this.children.delete(name);
    if (inode && inode.openFiles > 0 && inode.nlink === 1) { inode.hide(); return; }
    ask(() => this.fs.host.unlink(this.below(name)));
    if (inode) inode.nlink--;
  }

  /** What is removed while open gets a hidden name until the last close, as on NFS. */
  private hide(): void {
    const hidden = `.drydock-${this.ino}`;
    ask(() => this.fs.host.rename(this.hostPath, this.parent!.below(hidden)));
    this.name = hidden;
    this.hidden = true;
    this.nlink = 0;
  }
  override rmdir(name: string): void {
    ask(() => this.fs.host.rmdir(this.below(name)));
    this.children.delete(name);
  }
  override rename(name: string, to: Inode, newName: string, flags: number): void {
    if (!(to instanceof HostInode) || to.fs !== this.fs) throw new Errno(EXDEV);
    if ((flags & ~RENAME_NOREPLACE) !== 0) throw new Errno(EPERM);
    const inode = this.lookup(name);
    ask(() => this.fs.host.rename(this.below(name), to.below(newName)));
    this.children.delete(name);
    if (!inode) return;
    inode.parent = to;
    inode.name = newName;
    to.children.set(newName, inode);
  }
  override readlink(): string { return ask(() => this.fs.host.readlink(this.hostPath)); }

  /** After a write (mtime and ctime are the same object then) the host has set the times already. */
  override setattr(change: Parameters<Inode['setattr']>[0]): void {
    const { host } = this.fs, path = this.hostPath, { mode, uid, gid, atime, mtime } = change;
    if (mtime === change.ctime && mode === undefined && uid === undefined && gid === undefined && !atime) { this.refresh(); return; }
    if (uid !== undefined || gid !== undefined) ask(() => host.chown(path, uid ?? this.uid, gid ?? this.gid));
    if (mode !== undefined) ask(() => host.chmod(path, mode & 0o7777));
    if (atime || mtime) ask(() => host.utimes(path, milliseconds(atime ?? this.atime), milliseconds(mtime ?? this.mtime)));
    this.refresh();
  }
  override truncate(size: number): void {
    this.content.truncate(size);
    this.refresh();
  }
  override fsync(_task: Task): SysResult {
    this.data?.writeBack();
    ask(() => this.fs.host.fsync(this.hostPath));
    return 0;
  }
}
