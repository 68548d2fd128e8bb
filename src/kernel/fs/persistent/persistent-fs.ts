/**
 * A writable tree that survives: the upper layer of a container, and volumes. In memory it is a tmpfs; what changes is noted
 * and written to the KeyValueStore as one atomic commit per flush (records.ts says in which form): at fsync and sync, every
 * second while something is dirty, and at the end. Metadata is loaded at mount, contents when read. A process that dies
 * between flushes leaves the state of the last one.
 */
import { EIO, ENOSPC, Errno } from '../../../abi/errno.ts';
import { EXT4_SUPER_MAGIC, isDirectory, isRegular, isSymlink, S_IFDIR } from '../../../abi/stat.ts';
import { type KeyValueStore, StorageFull } from '../../../host/ports.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import type { FileSystem, Timespec } from '../../vfs/inode.ts';
import { settle } from '../../vfs/settle.ts';
import type { Vfs } from '../../vfs/vfs.ts';
import { ChunkCache } from '../layerfs/chunk-cache.ts';
import type { LowerInode } from '../layerfs/layerfs.ts';
import { TmpDirectory } from '../tmpfs/directory.ts';
import { type TmpInode, TmpRegular, TmpSpecial, TmpSymlink } from '../tmpfs/inodes.ts';
import { TmpFs, type TmpFsOptions } from '../tmpfs/tmpfs.ts';
import { decodeEntry, decodeInode, encodeRecord, fromBase64, type InodeRecord, Keys, ROOT_INO, toBase64 } from './records.ts';
import { StoredContent } from './stored-content.ts';

const FLUSH_INTERVAL_MS = 1000;
const RETRY_MS = 5000;
/** Beyond this many cached pages (128 MiB) clean ones are freed; beyond half as many dirty ones writers wait for a flush. */
const MAX_CACHED_PAGES = 32768;
const TRIM_STEP = 4096;
const ROOT_OWNER = { uid: 0, gid: 0 };

export interface PersistentOptions {
  /** Nobody else has this tree open: what no name leads to is removed at load. */
  exclusive: boolean;
  /** Mode of a new root directory. */
  mode?: number;
  /** Called when a flush fails, and with undefined when one succeeds again. */
  onError?: (e: unknown) => void;
}

export class PersistentFs extends TmpFs {
  override readonly type: string = 'ext4';
  readonly cache: ChunkCache;
  private readonly keys: Keys;
  private readonly dirtyInodes = new Set<TmpInode>();
  private readonly dirtyEntries = new Map<string, { dir: TmpDirectory; name: string }>();
  private readonly dirtyContents = new Set<StoredContent>();
  private readonly sharedContents = new Set<StoredContent>();
  private readonly owners = new Map<StoredContent, TmpInode>();
  private readonly deletes = new Set<string>();
  /** Inodes that have a record. */
  private readonly recorded = new Set<number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  private failure: unknown;
  private space = { used: 0, quota: 0 };
  private cachedPages = 0;
  private trimAt = MAX_CACHED_PAGES;
  private closed = false;

  private constructor(vfs: Vfs, readonly store: KeyValueStore, prefix: string, private readonly persistence: PersistentOptions) {
    super(vfs, { mode: persistence.mode ?? 0o755 });
    this.cache = new ChunkCache(() => vfs.clock.monotonic(), 8 << 20);
    this.keys = new Keys(prefix);
  }

  /** Opens the tree under `prefix`, or begins a new one there. */
  static async load(vfs: Vfs, store: KeyValueStore, prefix: string, options: PersistentOptions): Promise<PersistentFs> {
    const fs = new PersistentFs(vfs, store, prefix, options);
    const [inodes, entries, chunks, usage] = await Promise.all([
      store.entries(fs.keys.inodes), store.entries(fs.keys.entries), store.keys(fs.keys.data), store.usage(),
    ]);
    fs.space = usage;
    fs.restore(inodes, entries, chunks);
    return fs;
  }

  protected override makeRoot(options: TmpFsOptions): TmpDirectory {
    return new TmpDirectory(this, ROOT_INO, S_IFDIR | (options.mode ?? 0o755), ROOT_OWNER);
  }

  /** 48 random bits, so that sandboxes that share a volume do not choose the same. */
  override allocateIno(): number {
    const bytes = new Uint8Array(6);
    this.vfs.random(bytes);
    return bytes.reduce((n, b) => n * 256 + b, 1);
  }

  override statfs(): ReturnType<FileSystem['statfs']> {
    const blocks = Math.floor(this.space.quota / 4096), used = Math.ceil(this.space.used / 4096);
    return { type: EXT4_SUPER_MAGIC, blocks, free: Math.max(0, blocks - used), files: 1 << 24, filesFree: (1 << 24) - this.usedInodes, nameMax: 255 };
  }

  // Loading

  private restore(inodes: [string, Uint8Array][], entries: [string, Uint8Array][], chunks: string[]): void {
    const byIno = new Map<number, TmpInode>([[ROOT_INO, this.root]]);
    for (const [key, bytes] of inodes) {
      const ino = this.keys.inoOf(key), record = decodeInode(bytes);
      this.recorded.add(ino);
      byIno.set(ino, this.revive(ino, record));
    }
    for (const [key, bytes] of entries) {
      const dir = byIno.get(this.keys.dirOf(key)), { name, ino } = decodeEntry(bytes), inode = byIno.get(ino);
      if (!(dir instanceof TmpDirectory) || !inode) continue;
      dir.entries.set(name, inode);
      if (isDirectory(inode.mode)) dir.nlink++; else inode.nlink++;
    }
    for (const key of chunks) {
      const { ino, chunk } = this.keys.chunkOf(key), inode = byIno.get(ino);
      if (inode instanceof TmpRegular) (inode.content as StoredContent).found(chunk);
      else if (this.persistence.exclusive) this.deletes.add(key);
    }
    const named = this.reachable();
    for (const inode of byIno.values()) {
      if (named.has(inode)) { this.usedInodes++; continue; }
      if (!this.persistence.exclusive) continue;
      this.deletes.add(this.keys.inode(inode.ino));
      if (inode instanceof TmpRegular) for (const key of (inode.content as StoredContent).recordKeys()) this.deletes.add(key);
    }
    if (this.deletes.size > 0) this.schedule(FLUSH_INTERVAL_MS);
  }

  private revive(ino: number, r: InodeRecord): TmpInode {
    const owner = { uid: r.uid, gid: r.gid };
    const inode = ino === ROOT_INO ? this.root
      : isDirectory(r.mode) ? new TmpDirectory(this, ino, r.mode, owner)
      : isRegular(r.mode) ? new TmpRegular(this, ino, r.mode, owner, this.content(ino, r.size ?? 0, r.origin?.end ?? 0, r.origin?.path))
      : isSymlink(r.mode) ? new TmpSymlink(this, ino, owner, r.target ?? '')
      : new TmpSpecial(this, ino, r.mode, r.rdev ?? 0, owner);
    inode.mode = r.mode;
    inode.uid = r.uid;
    inode.gid = r.gid;
    inode.nlink = isDirectory(r.mode) ? 2 : 0;
    inode.atime = { sec: r.times[0], nsec: r.times[1] };
    inode.mtime = { sec: r.times[2], nsec: r.times[3] };
    inode.ctime = { sec: r.times[4], nsec: r.times[5] };
    if (r.origin) inode.origin = { path: r.origin.path, ino: r.origin.ino };
    for (const [name, value] of Object.entries(r.xattrs ?? {})) inode.xattrs.copy([[name, fromBase64(value)]]);
    if (inode instanceof TmpRegular) this.owners.set(inode.content as StoredContent, inode);
    return inode;
  }

  private reachable(): Set<TmpInode> {
    const seen = new Set<TmpInode>([this.root]), todo: TmpDirectory[] = [this.root];
    for (let dir = todo.pop(); dir; dir = todo.pop()) {
      for (const inode of dir.entries.values()) {
        if (seen.has(inode)) continue;
        seen.add(inode);
        if (inode instanceof TmpDirectory) todo.push(inode);
      }
    }
    return seen;
  }

  private content(ino: number, size: number, originEnd: number, path: string | undefined): StoredContent {
    return new StoredContent(this, this.keys, ino, size, originEnd, () => path === undefined ? undefined : this.lowerAt?.(path)?.source);
  }

  // Noting changes (hooks of TmpFs and StoredContent)

  override newContent(ino: number, lower?: LowerInode): StoredContent {
    return lower ? new StoredContent(this, this.keys, ino, lower.size, lower.size, () => lower.source) : this.content(ino, 0, 0, undefined);
  }

  override inodeChanged(inode: TmpInode): void {
    if (inode instanceof TmpRegular) this.owners.set(inode.content as StoredContent, inode);
    this.dirtyInodes.add(inode);
    this.schedule(FLUSH_INTERVAL_MS);
  }

  override entryChanged(dir: TmpDirectory, name: string): void {
    this.dirtyEntries.set(`${dir.ino}/${name}`, { dir, name });
    this.schedule(FLUSH_INTERVAL_MS);
  }

  override inodeGone(inode: TmpInode): void {
    super.inodeGone(inode);
    this.dirtyInodes.delete(inode);
    if (this.recorded.delete(inode.ino)) this.deletes.add(this.keys.inode(inode.ino));
    if (inode instanceof TmpRegular) {
      const content = inode.content as StoredContent;
      for (const key of content.recordKeys()) this.deletes.add(key);
      this.dirtyContents.delete(content);
      this.sharedContents.delete(content);
      this.owners.delete(content);
    }
    this.schedule(FLUSH_INTERVAL_MS);
  }

  contentChanged(content: StoredContent): void {
    this.dirtyContents.add(content);
    if (content.mayChangeSilently) this.sharedContents.add(content);
    this.schedule(FLUSH_INTERVAL_MS);
  }
  sizeChanged(content: StoredContent): void {
    const inode = this.owners.get(content);
    if (inode) this.inodeChanged(inode);
  }

  override takeInode(): void {
    if (this.failure instanceof StorageFull) throw new Errno(ENOSPC);
    super.takeInode();
  }
  override takePage(): boolean {
    if (this.failure instanceof StorageFull) return false;
    if (this.cachedPages >= this.trimAt) {
      this.trim();
      this.trimAt = Math.max(MAX_CACHED_PAGES, this.cachedPages + TRIM_STEP);
      if (this.dirtyPages > MAX_CACHED_PAGES / 2) return false;
    }
    this.cachedPages++;
    return true;
  }
  override givePages(n: number): void { this.cachedPages -= n; }

  /** Dirty pages that a flush would write. */
  private get dirtyPages(): number {
    let n = 0;
    for (const content of this.dirtyContents) if (this.isNamed(content)) n += content.dirtyPages;
    return n;
  }

  /** Frees clean pages. */
  private trim(): void {
    let freed = 0;
    for (const content of this.owners.keys()) if ((freed += content.reclaim()) > MAX_CACHED_PAGES / 4) break;
  }

  /** Would a flush make pages free? */
  get mayMakeRoom(): boolean { return !this.failure && (this.running !== undefined || this.dirtyPages > 0); }
  async makeRoom(): Promise<void> {
    await this.flush().catch(() => {});
    this.trim();
    this.trimAt = MAX_CACHED_PAGES;
  }

  // Flushing

  override fsync(task: Task): SysResult { return settle(task, () => this.flush()); }
  override sync(): Promise<void> { return this.flush(); }

  /** Writes everything that is dirty now. Rejects with what the store says; nothing is lost then, and a later flush tries again. */
  flush(): Promise<void> {
    if (!this.running) {
      this.running = this.write().finally(() => { this.running = undefined; });
      return this.running;
    }
    return this.queued ??= this.running.catch(() => {}).then(() => { this.queued = undefined; return this.flush(); });
  }

  /** The last flush; no timer runs afterwards. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== undefined) clearTimeout(this.timer);
    await this.flush();
  }

  private schedule(delay: number): void {
    if (this.timer !== undefined || this.closed) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush().catch(() => {});
    }, delay);
  }

  private get dirty(): boolean { return this.dirtyInodes.size + this.dirtyEntries.size + this.dirtyContents.size + this.deletes.size > 0; }

  private async write(): Promise<void> {
    for (const content of this.sharedContents) {
      content.checkShared();
      if (!content.mayChangeSilently) this.sharedContents.delete(content);
    }
    for (;;) {
      const missing = [...this.dirtyContents].filter((c) => this.isNamed(c)).map((c) => c.prepare()).filter((p) => p !== undefined);
      if (missing.length === 0) break;
      await Promise.all(missing);
    }
    if (!this.dirty) { if (this.sharedContents.size > 0) this.schedule(FLUSH_INTERVAL_MS); return; }
    const changes = this.collect();
    try {
      await this.store.commit(changes);
    } catch (e) {
      changes.failed();
      this.failure = e;
      this.persistence.onError?.(e);
      this.schedule(RETRY_MS);
      throw e instanceof StorageFull ? e : Object.assign(new Errno(EIO), { cause: e });
    }
    changes.done();
    if (this.failure) this.persistence.onError?.(undefined);
    this.failure = undefined;
    this.space = await this.store.usage();
    if (this.sharedContents.size > 0) this.schedule(FLUSH_INTERVAL_MS);
  }

  /** Files without a name are not written: nothing could find them after a restart. */
  private isNamed(content: StoredContent): boolean { return (this.owners.get(content)?.nlink ?? 0) > 0; }

  /** Takes what is dirty, all in one turn, so that the commit is a state that existed. */
  private collect(): { puts: [string, Uint8Array][]; deletes: string[]; done: () => void; failed: () => void } {
    const puts: [string, Uint8Array][] = [], deletes = [...this.deletes];
    const inodes = [...this.dirtyInodes], entries = [...this.dirtyEntries], oldDeletes = [...this.deletes];
    const contents = [...this.dirtyContents].filter((c) => this.isNamed(c)), newlyRecorded: number[] = [];
    this.dirtyInodes.clear();
    this.dirtyEntries.clear();
    this.deletes.clear();
    for (const inode of inodes) {
      if (inode.nlink === 0) continue;
      puts.push([this.keys.inode(inode.ino), encodeRecord(recordOf(inode))]);
      newlyRecorded.push(inode.ino);
    }
    for (const [, { dir, name }] of entries) {
      const key = this.keys.entry(dir.ino, name), inode = dir.entries.get(name);
      if (inode) puts.push([key, encodeRecord({ name, ino: inode.ino })]); else deletes.push(key);
    }
    for (const ino of newlyRecorded) this.recorded.add(ino);
    const data = contents.map((c) => { this.dirtyContents.delete(c); return c.collect(); });
    for (const d of data) { puts.push(...d.puts); deletes.push(...d.deletes); }
    return {
      puts, deletes,
      done: () => data.forEach((d) => d.done()),
      failed: () => {
        for (const d of data) d.failed();
        for (const inode of inodes) if (inode.nlink > 0) this.dirtyInodes.add(inode);
        for (const [key, entry] of entries) this.dirtyEntries.set(key, entry);
        for (const key of oldDeletes) this.deletes.add(key);
        for (const c of contents) if (c.isDirty) this.dirtyContents.add(c);
      },
    };
  }
}

function recordOf(inode: TmpInode): InodeRecord {
  const time = (t: Timespec): number[] => [t.sec, t.nsec];
  const record: InodeRecord = { mode: inode.mode, uid: inode.uid, gid: inode.gid, times: [...time(inode.atime), ...time(inode.mtime), ...time(inode.ctime)] };
  if (inode.rdev !== 0) record.rdev = inode.rdev;
  if (inode instanceof TmpRegular) record.size = inode.size;
  if (inode instanceof TmpSymlink) record.target = inode.target;
  if (!inode.xattrs.empty) record.xattrs = Object.fromEntries([...inode.xattrs.entries()].map(([name, value]) => [name, toBase64(value)]));
  if (inode.origin) record.origin = { ...inode.origin, end: inode instanceof TmpRegular ? (inode.content as StoredContent).originEnd : 0 };
  return record;
}
