/** Files whose content the kernel makes up when they are read: the building blocks of proc, sysfs and cgroup2 (Linux: seq_file, kernfs). */
import { EBADF, EINVAL, EIO } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, O_WRONLY } from '../../../abi/fcntl.ts';
import { direntType, S_IFDIR, S_IFLNK, S_IFREG } from '../../../abi/stat.ts';
import type { IoSink, IoSource } from '../../io.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import { File } from '../../vfs/file.ts';
import { type FileSystem, Inode, type ListedName } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { seekWithin } from '../../vfs/regular-file.ts';
import type { Vfs } from '../../vfs/vfs.ts';

export type Content = (task: Task) => string | Uint8Array;
/** Takes what a program wrote; a negated errno refuses it. */
export type Store = (task: Task, text: string) => number | void;

const encoder = new TextEncoder(), decoder = new TextDecoder();
/** More than any of these files accepts. */
const WRITE_MAX = 65536;

export class GeneratedFs implements FileSystem {
  readonly dev: number;
  readonly volatile = true;
  readonly root: GeneratedDirectory;
  private lastIno = 0;

  constructor(readonly vfs: Vfs, readonly type: string, private readonly magic: number, readonly readonly = false, readonly options = '') {
    this.dev = vfs.allocateDev();
    this.root = new GeneratedDirectory(this);
  }

  nextIno(): number { return ++this.lastIno; }
  statfs(): ReturnType<FileSystem['statfs']> { return { type: this.magic, blocks: 0, free: 0, files: 0, filesFree: 0, nameMax: 255 }; }
}

abstract class GeneratedInode extends Inode {
  readonly ino: number;
  constructor(readonly fs: GeneratedFs, public mode: number) {
    super();
    this.ino = fs.nextIno();
    this.atime = this.mtime = this.ctime = fs.vfs.now();
  }
  get size(): number { return 0; }
  override get blocks(): number { return 0; }
}

export class GeneratedFile extends GeneratedInode {
  constructor(fs: GeneratedFs, readonly content: Content, readonly store?: Store, permissions = store ? 0o644 : 0o444) { super(fs, S_IFREG | permissions); }
  open(_task: Task, flags: number, path: Path | undefined): File { return new OpenGenerated(this, flags, path); }
  override truncate(): void {}
}

/** Content is made when reading starts at the beginning, and stays the same until then. */
class OpenGenerated extends File {
  private bytes: Uint8Array | undefined;
  constructor(private readonly generated: GeneratedFile, flags: number, path: Path | undefined) { super(generated, flags, path); }

  read(task: Task, into: IoSink, offset?: number): number {
    if ((this.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const at = offset ?? this.position;
    if (at === 0 || !this.bytes) {
      const made = this.generated.content(task);
      this.bytes = typeof made === 'string' ? encoder.encode(made) : made;
    }
    const n = into.put(this.bytes.subarray(at, at + into.remaining));
    if (offset === undefined) this.position += n;
    return n;
  }

  write(task: Task, from: IoSource, offset?: number): number {
    if ((this.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
    if (!this.generated.store) return -EIO;
    const bytes = new Uint8Array(Math.min(from.remaining, WRITE_MAX));
    for (let at = 0; at < bytes.length;) { const piece = from.take(bytes.length - at); bytes.set(piece, at); at += piece.length; }
    const result = this.generated.store(task, decoder.decode(bytes)) ?? 0;
    if (result < 0) return result;
    if (offset === undefined) this.position += bytes.length;
    return bytes.length;
  }

  override seek(_task: Task, offset: number, whence: number): number { return seekWithin(this, 0, offset, whence); }
}

/** A symbolic link; `follow` makes it a magic one, which leads there whatever the text says. */
export class GeneratedLink extends GeneratedInode {
  constructor(fs: GeneratedFs, private readonly text: (task: Task) => string, private readonly follow?: (task: Task) => Path | undefined, permissions = 0o777) { super(fs, S_IFLNK | permissions); }
  override readlink(task: Task): string { return this.text(task); }
  override followLink(task: Task): Path | undefined { return this.follow?.(task); }
  open(): File { throw new Error('a symbolic link is never opened'); }
}

/** A directory of fixed entries; subclasses add names that come and go. */
export class GeneratedDirectory extends GeneratedInode {
  protected readonly entries = new Map<string, Inode>();

  constructor(fs: GeneratedFs, permissions = 0o555) {
    super(fs, S_IFDIR | permissions);
    this.nlink = 2;
  }

  open(_task: Task, flags: number, path: Path | undefined): File { return new DirectoryFile(this, flags, path); }
  override lookup(name: string): Inode | undefined { return this.entries.get(name); }
  override list(_task: Task): ListedName[] { return [...this.entries].map(([name, inode]) => listed(name, inode)); }

  put<T extends Inode>(name: string, inode: T): T {
    if (direntType(inode.mode) === 4) this.nlink++;
    this.entries.set(name, inode);
    return inode;
  }

  file(name: string, content: Content | string, store?: Store, permissions?: number): GeneratedFile {
    return this.put(name, new GeneratedFile(this.fs, typeof content === 'string' ? () => content : content, store, permissions));
  }

  symbolic(name: string, text: string): void { this.put(name, new GeneratedLink(this.fs, () => text)); }

  /** The directory at a path below this one, made as needed. */
  directory(path: string): GeneratedDirectory {
    let at: GeneratedDirectory = this;
    for (const part of path.split('/')) at = (at.entries.get(part) as GeneratedDirectory | undefined) ?? at.put(part, new GeneratedDirectory(this.fs));
    return at;
  }
}

export function listed(name: string, inode: Inode): ListedName { return { name, ino: inode.ino, type: direntType(inode.mode) }; }

/** A Store that accepts a decimal number of a range. */
export function numberStore(set: (task: Task, n: number) => void, low: number, high: number): Store {
  return (task, text) => {
    const t = text.trim();
    if (!/^-?\d+$/.test(t)) return -EINVAL;
    const n = Number(t);
    if (n < low || n > high) return -EINVAL;
    set(task, n);
  };
}

