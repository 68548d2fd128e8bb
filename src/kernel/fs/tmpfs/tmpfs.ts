/**
 * tmpfs (tmpfs(5)): a tree in memory, with limits on bytes and inodes. Also the base of fs/persistent, which overrides the
 * hooks below to record what changed, and of the writable layer of an overlay (copyUp).
 */
import { ENOSPC, EINVAL, Errno } from '../../../abi/errno.ts';
import { isDirectory, isRegular, isSymlink, S_IFDIR, TMPFS_MAGIC } from '../../../abi/stat.ts';
import { PAGE_SIZE } from '../../../cpu/memory.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { CachedContent } from '../../vfs/cached-content.ts';
import type { Content } from '../../vfs/content.ts';
import type { FileSystem, Timespec } from '../../vfs/inode.ts';
import type { Vfs } from '../../vfs/vfs.ts';
import type { LowerInode } from '../layerfs/layerfs.ts';
import { TmpDirectory } from './directory.ts';
import { type TmpInode, TmpRegular, TmpSpecial, TmpSymlink } from './inodes.ts';

export interface TmpFsOptions { size?: number; inodes?: number; mode?: number; uid?: number; gid?: number }

/** Content that counts against the filesystem's size. */
class TmpContent extends CachedContent {
  private readonly fs: TmpFs;
  constructor(fs: TmpFs, lower?: LowerInode) {
    super(fs.vfs, lower?.source, lower?.size ?? 0);
    this.fs = fs;
  }
  protected override mayAllocate(): boolean { return this.fs.takePage(); }
  protected override freed(pages: number): void { this.fs.givePages(pages); }
}

export class TmpFs implements FileSystem {
  readonly type: string = 'tmpfs';
  readonly dev: number;
  readonly readonly = false;
  readonly options: string;
  readonly root: TmpDirectory;
  /** Set by the overlay whose upper layer this is: the lower object that `copyUp` recorded by path. */
  lowerAt: ((path: string) => LowerInode | undefined) | undefined;
  private readonly maxPages: number;
  private readonly maxInodes: number;
  private usedPages = 0;
  protected usedInodes = 0;
  private lastIno = 0;

  constructor(readonly vfs: Vfs, options: TmpFsOptions = {}) {
    this.dev = vfs.allocateDev();
    this.maxPages = options.size === undefined ? Infinity : Math.ceil(options.size / PAGE_SIZE);
    this.maxInodes = options.inodes ?? Infinity;
    const shown: string[] = [];
    if (options.size !== undefined) shown.push(`size=${this.maxPages * PAGE_SIZE / 1024}k`);
    if (options.inodes !== undefined) shown.push(`nr_inodes=${options.inodes}`);
    if (options.mode !== undefined && options.mode !== 0o1777) shown.push(`mode=${options.mode.toString(8)}`);
    if (options.uid) shown.push(`uid=${options.uid}`);
    if (options.gid) shown.push(`gid=${options.gid}`);
    this.options = shown.join(',');
    this.root = this.makeRoot(options);
  }

  protected makeRoot(options: TmpFsOptions): TmpDirectory {
    return new TmpDirectory(this, this.allocateIno(), S_IFDIR | (options.mode ?? 0o1777), { uid: options.uid ?? 0, gid: options.gid ?? 0 });
  }

  now(): Timespec { return this.vfs.now(); }

  statfs(): ReturnType<FileSystem['statfs']> {
    const limit = this.maxPages === Infinity ? this.vfs.pages.limit : this.maxPages;
    const files = this.maxInodes === Infinity ? 1 << 20 : this.maxInodes;
    return { type: TMPFS_MAGIC, blocks: limit, free: Math.max(0, limit - this.usedPages), files, filesFree: Math.max(0, files - this.usedInodes), nameMax: 255 };
  }

  takePage(): boolean {
    if (this.usedPages >= this.maxPages) return false;
    this.usedPages++;
    return true;
  }
  givePages(n: number): void { this.usedPages -= n; }

  /** Counts a new inode. Throws Errno(ENOSPC). */
  takeInode(): void {
    if (this.usedInodes >= this.maxInodes) throw new Errno(ENOSPC);
    this.usedInodes++;
  }

  /** A copy of a lower object without a name yet: its metadata, and its content as the source of this one's. `path` is where it lies in the lower tree. */
  copyUp(lower: LowerInode, path: string): TmpInode {
    this.takeInode();
    const ino = this.allocateIno(), owner = { uid: lower.uid, gid: lower.gid };
    const copy = isDirectory(lower.mode) ? new TmpDirectory(this, ino, lower.mode, owner)
      : isRegular(lower.mode) ? new TmpRegular(this, ino, lower.mode, owner, this.newContent(ino, lower))
      : isSymlink(lower.mode) ? new TmpSymlink(this, ino, owner, lower.target)
      : new TmpSpecial(this, ino, lower.mode, lower.rdev, owner);
    copy.nlink = isDirectory(lower.mode) ? 2 : 0;
    copy.origin = { path, ino: lower.ino };
    copy.xattrs.copy(lower.xattrs());
    copy.atime = lower.atime;
    copy.mtime = lower.mtime;
    copy.ctime = this.now();
    this.inodeChanged(copy);
    return copy;
  }

  // Hooks for fs/persistent

  allocateIno(): number { return ++this.lastIno; }
  newContent(_ino: number, lower?: LowerInode): Content & { destroy(): void } { return new TmpContent(this, lower); }
  /** Metadata of the inode differs from before. */
  inodeChanged(_inode: TmpInode): void {}
  /** The entry `name` of `dir` was made, changed or removed. */
  entryChanged(_dir: TmpDirectory, _name: string): void {}
  /** Nothing refers to the inode any more. */
  inodeGone(_inode: TmpInode): void { this.usedInodes--; }
  fsync(_task: Task): SysResult { return 0; }
  sync(): Promise<void> { return Promise.resolve(); }
}

/** Options of mount(2)'s data string: size=64m,mode=1777,nr_inodes=1k,uid=,gid=. Throws Errno(EINVAL). */
export function parseTmpFsOptions(data: string, memory: number): TmpFsOptions {
  const out: TmpFsOptions = {};
  for (const part of data.split(',')) {
    if (part === '') continue;
    const [key, value = ''] = part.split('=', 2);
    switch (key) {
      case 'size': out.size = value.endsWith('%') ? Math.floor(memory * number(value.slice(0, -1)) / 100) : scaled(value) || undefined; break;
      case 'nr_blocks': out.size = scaled(value) * PAGE_SIZE || undefined; break;
      case 'nr_inodes': out.inodes = scaled(value) || undefined; break;
      case 'mode': if (!/^[0-7]+$/.test(value)) throw new Errno(EINVAL); out.mode = parseInt(value, 8) & 0o7777; break;
      case 'uid': out.uid = number(value); break;
      case 'gid': out.gid = number(value); break;
      case 'mpol': case 'huge': case 'inode32': case 'inode64': case 'noswap': break;
      default: throw new Errno(EINVAL);
    }
  }
  return out;
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new Errno(EINVAL);
  return Number(text);
}

function scaled(text: string): number {
  const m = /^(\d+)([kmg]?)$/i.exec(text);
  if (!m) throw new Errno(EINVAL);
  return Number(m[1]) * { '': 1, k: 1024, m: 1 << 20, g: 1 << 30 }[m[2].toLowerCase()]!;
}
