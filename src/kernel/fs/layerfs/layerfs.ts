/**
 * One unpacked image layer as a read-only filesystem: the tree comes from abi/layer-index.ts, contents from chunks that are
 * fetched when touched. Inodes are made when asked for, so mounting costs nothing per file. Usually the lower part of an
 * overlay, which interprets whiteouts; here they are just not there.
 */
import { EROFS, Errno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY } from '../../../abi/fcntl.ts';
import { type LayerIndex, NodeType } from '../../../abi/layer-index.ts';
import { EXT4_SUPER_MAGIC, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from '../../../abi/stat.ts';
import type { Block } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { CachedContent } from '../../vfs/cached-content.ts';
import type { ContentSource, RegularInode } from '../../vfs/content.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { File } from '../../vfs/file.ts';
import { type FileSystem, Inode, type ListedName, type Timespec } from '../../vfs/inode.ts';
import { nameLength } from '../../vfs/name.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import type { Vfs } from '../../vfs/vfs.ts';
import { BlobSource, type ChunkedBlob } from './chunk-cache.ts';

const typeBits: Record<NodeType, number> = {
  [NodeType.Regular]: S_IFREG, [NodeType.Directory]: S_IFDIR, [NodeType.Symlink]: S_IFLNK, [NodeType.CharDevice]: S_IFCHR,
  [NodeType.BlockDevice]: S_IFBLK, [NodeType.Fifo]: S_IFIFO, [NodeType.Whiteout]: 0,
};

export class LayerFs implements FileSystem {
  readonly type = 'layer';
  readonly dev: number;
  readonly readonly = true;
  private readonly inodes = new Map<number, WeakRef<LowerInode>>();
  /** Contents that have been used: they outlive their inodes, for the pages they cache. */
  private readonly contents = new Map<number, LayerContent>();

  /** @param firstIno inode numbers of this layer start here, so that those of a stack of layers do not meet */
  constructor(readonly vfs: Vfs, readonly index: LayerIndex, private readonly blob: ChunkedBlob, readonly firstIno = 1) {
    this.dev = vfs.allocateDev();
  }

  get root(): LowerInode { return this.inode(0); }

  statfs(): ReturnType<FileSystem['statfs']> {
    return { type: EXT4_SUPER_MAGIC, blocks: Math.ceil(this.index.contentSize / 4096), free: 0, files: this.index.count, filesFree: 0, nameMax: 255 };
  }

  inoOf(node: number): number { return this.firstIno + this.index.inode(node); }

  /** The inode of a node; hard links share one. */
  inode(node: number): LowerInode {
    const primary = this.index.inode(node);
    const known = this.inodes.get(primary)?.deref();
    if (known) return known;
    const inode = new LowerInode(this, primary);
    this.inodes.set(primary, new WeakRef(inode));
    return inode;
  }

  content(node: number): LayerContent {
    let content = this.contents.get(node);
    if (!content) {
      content = new LayerContent(this, this.source(node));
      this.contents.set(node, content);
    }
    return content;
  }

  source(node: number): ContentSource { return new BlobSource(this.blob, this.index.contentOffset(node), this.index.size(node)); }
}

/** Content of a layer's file: only mapped pages are cached in guest memory, and all can be had again. */
class LayerContent extends CachedContent {
  constructor(fs: LayerFs, source: ContentSource) {
    super(fs.vfs, source);
    fs.vfs.reclaimable(this);
  }
  override get allocated(): number { return Math.ceil(this.size / 512) * 512; }
  protected override recoverable(): boolean { return true; }
}

/** An inode of a layer. */
export class LowerInode extends Inode implements RegularInode {
  readonly ino: number;
  mode: number;

  constructor(readonly fs: LayerFs, readonly node: number) {
    super();
    const { index } = fs;
    this.ino = fs.inoOf(node);
    this.mode = typeBits[index.type(node)] | index.mode(node);
    this.uid = index.uid(node);
    this.gid = index.gid(node);
    this.nlink = index.nlink(node);
    this.rdev = index.rdev(node);
    this.atime = this.mtime = this.ctime = { sec: index.mtimeSec(node), nsec: index.mtimeNsec(node) };
  }

  private get isRegular(): boolean { return this.fs.index.type(this.node) === NodeType.Regular; }
  private get isDirectory(): boolean { return this.fs.index.type(this.node) === NodeType.Directory; }

  get size(): number {
    if (this.isDirectory) return 4096;
    return this.fs.index.type(this.node) === NodeType.Symlink ? nameLength(this.target) : this.fs.index.size(this.node);
  }
  override get blocks(): number { return this.isRegular ? Math.ceil(this.size / 512) : this.isDirectory ? 8 : 0; }

  get content(): CachedContent { return this.fs.content(this.node); }
  get source(): ContentSource | undefined { return this.isRegular ? this.fs.source(this.node) : undefined; }
  get target(): string { return this.fs.index.target(this.node); }
  xattrs(): Map<string, Uint8Array> { return this.fs.index.xattrs(this.node); }
  now(): Timespec { return this.fs.vfs.now(); }
  opened(): void {}
  closed(): void {}

  open(task: Task, flags: number, path: Path | undefined): File | Block {
    if (this.isDirectory) return new DirectoryFile(this, flags, path);
    if (!this.isRegular) return this.fs.vfs.devices.open(task, this, flags, path);
    if ((flags & O_ACCMODE) !== O_RDONLY) throw new Errno(EROFS);
    return new RegularFile(this, flags, path);
  }

  override lookup(name: string): LowerInode | undefined {
    const node = this.fs.index.lookup(this.node, name);
    return node < 0 || this.fs.index.type(node) === NodeType.Whiteout ? undefined : this.fs.inode(node);
  }

  override list(): ListedName[] {
    const { index } = this.fs, out: ListedName[] = [], first = index.firstChild(this.node);
    for (let n = first; n < first + index.childCount(this.node); n++) {
      if (index.type(n) !== NodeType.Whiteout) out.push({ name: index.name(n), ino: this.fs.inoOf(n), type: nodeDirentType(index.type(n)) });
    }
    return out;
  }

  override readlink(): string { return this.target; }
  override getxattr(name: string): Uint8Array { return this.xattrs().get(name) ?? super.getxattr(name); }
  override listxattr(): string[] { return [...this.xattrs().keys()]; }
  override setattr(): void { throw new Errno(EROFS); }
  override truncate(): void { throw new Errno(EROFS); }
}

/** DT_* of a node type. */
export function nodeDirentType(type: NodeType): number { return typeBits[type] >>> 12; }
