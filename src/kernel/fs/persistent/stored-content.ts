/** Content of a regular file that lives in the store: chunks that were written, over the image's file it was copied up from. */
import { PAGE_SIZE } from '../../../cpu/memory.ts';
import type { KeyValueStore } from '../../../host/ports.ts';
import { CachedContent } from '../../vfs/cached-content.ts';
import type { ContentSource } from '../../vfs/content.ts';
import type { ChunkCache, ChunkReader } from '../layerfs/chunk-cache.ts';
import type { PersistentFs } from './persistent-fs.ts';
import { type Keys, STORED_CHUNK } from './records.ts';

const PAGES_PER_CHUNK = STORED_CHUNK / PAGE_SIZE;

/** The part that is in the store or in the image. */
class StoredSource implements ContentSource, ChunkReader {
  /** Chunks that have a record. */
  readonly stored = new Set<number>();
  readonly size = Infinity;
  private readonly blob: number;

  constructor(
    private readonly store: KeyValueStore,
    private readonly cache: ChunkCache,
    private readonly key: (chunk: number) => string,
    private readonly origin: () => ContentSource | undefined,
    /** Bytes of the origin that still count. */
    public originEnd: number,
  ) {
    this.blob = cache.newBlob();
  }

  read(chunk: number): Uint8Array | Promise<Uint8Array> {
    const key = this.key(chunk);
    const gone = (): never => { throw new Error(`the store has lost ${key}`); };
    if (this.store.getSync) return this.store.getSync(key) ?? gone();
    return this.store.get(key).then((bytes) => bytes ?? gone());
  }

  peek(offset: number, into: Uint8Array): boolean {
    for (let done = 0; done < into.length;) {
      const at = offset + done, chunk = Math.floor(at / STORED_CHUNK), within = at % STORED_CHUNK;
      const piece = into.subarray(done, Math.min(into.length, done + STORED_CHUNK - within));
      if (this.stored.has(chunk)) {
        const bytes = this.cache.peek(this, this.blob, chunk);
        if (!bytes) return false;
        const part = bytes.subarray(within, within + piece.length);
        piece.set(part);
        piece.fill(0, part.length);
      } else {
        const n = Math.max(0, Math.min(piece.length, this.originEnd - at));
        if (n > 0 && !this.origin()!.peek(at, piece.subarray(0, n))) return false;
        piece.fill(0, n);
      }
      done += piece.length;
    }
    return true;
  }

  fetch(offset: number, length: number): Promise<void> | undefined {
    const missing: Promise<void>[] = [], end = offset + length;
    for (let chunk = Math.floor(offset / STORED_CHUNK); chunk * STORED_CHUNK < end; chunk++) {
      const from = Math.max(offset, chunk * STORED_CHUNK), to = Math.min(end, (chunk + 1) * STORED_CHUNK);
      const arrival = this.stored.has(chunk) ? this.cache.fetch(this, this.blob, chunk)
        : from < this.originEnd ? this.origin()!.fetch(from, Math.min(to, this.originEnd) - from) : undefined;
      if (arrival) missing.push(arrival);
    }
    return missing.length === 0 ? undefined : Promise.all(missing).then(() => {});
  }

  /** The chunk's record has been replaced or removed. */
  forget(chunk: number): void { this.cache.forget(this.blob, chunk); }
}

/** Changes of one flush, kept until the store has them. */
export interface ContentChanges { puts: [string, Uint8Array][]; deletes: string[]; done: () => void; failed: () => void }

export class StoredContent extends CachedContent {
  private readonly chunks: StoredSource;
  private readonly fs: PersistentFs;
  private readonly key: (chunk: number) => string;
  private dirty = new Set<number>();
  private inFlight = new Set<number>();
  /** Records that truncation made void. */
  private doomed = new Set<number>();
  /** Smallest size since the flush under way took its snapshot. */
  private lowest = Infinity;
  /** Checksums of pages that a shared mapping may change silently, as of the last flush. */
  private readonly sums = new Map<number, number>();

  constructor(fs: PersistentFs, keys: Keys, ino: number, size: number, originEnd: number, origin: () => ContentSource | undefined) {
    const key = (chunk: number): string => keys.chunk(ino, chunk);
    const chunks = new StoredSource(fs.store, fs.cache, key, origin, originEnd);
    super(fs.vfs, chunks, size, size);
    this.fs = fs;
    this.key = key;
    this.chunks = chunks;
    fs.vfs.reclaimable(this);
  }

  get originEnd(): number { return this.chunks.originEnd; }
  /** Load found a record for this chunk. */
  found(chunk: number): void { this.chunks.stored.add(chunk); }
  override get allocated(): number { return Math.min(Math.ceil(this.size / 512) * 512, Math.max(this.chunks.originEnd, (this.chunks.stored.size * PAGES_PER_CHUNK + this.cached.size) * PAGE_SIZE)); }

  protected override mayAllocate(): boolean { return this.fs.takePage(); }
  protected override freed(pages: number): void { this.fs.givePages(pages); }
  protected override recoverable(index: number): boolean {
    const chunk = Math.floor(index / PAGES_PER_CHUNK);
    return !this.dirty.has(chunk) && !this.inFlight.has(chunk) && !this.sharedWritable.has(index);
  }
  protected override exhausted(): number { return this.fs.mayMakeRoom ? 0 : -1; }
  protected override room(): Promise<void> { return this.fs.makeRoom(); }

  protected override dirtied(index: number): void {
    const chunk = Math.floor(index / PAGES_PER_CHUNK);
    if (this.dirty.has(chunk)) return;
    this.dirty.add(chunk);
    this.fs.contentChanged(this);
  }

  protected override resized(): void {
    const { size, chunks } = this;
    this.lowest = Math.min(this.lowest, size);
    if (size < chunks.originEnd) chunks.originEnd = size;
    const firstGone = Math.ceil(size / STORED_CHUNK);
    for (const chunk of chunks.stored) {
      if (chunk < firstGone) continue;
      chunks.stored.delete(chunk);
      chunks.forget(chunk);
      this.doomed.add(chunk);
    }
    for (const chunk of this.dirty) if (chunk >= firstGone) this.dirty.delete(chunk);
    if (size % STORED_CHUNK !== 0 && chunks.stored.has(firstGone - 1)) this.dirty.add(firstGone - 1);
    this.fs.contentChanged(this);
    this.fs.sizeChanged(this);
  }

  // Flushing

  get isDirty(): boolean { return this.dirty.size > 0 || this.doomed.size > 0; }
  get dirtyPages(): number { return this.dirty.size * PAGES_PER_CHUNK; }
  get mayChangeSilently(): boolean { return this.sharedWritable.size > 0; }

  /** Finds pages that a shared mapping has stored to since the last flush. */
  checkShared(): void {
    const { pages } = this.host;
    for (const index of [...this.sharedWritable]) {
      const page = this.cached.get(index);
      if (page === undefined) { this.sharedWritable.delete(index); continue; }
      const sum = checksum(pages.memory.u32, page);
      if (sum !== this.sums.get(index)) { this.sums.set(index, sum); this.dirtied(index); }
      if (pages.refs(page) === 1) { this.sharedWritable.delete(index); this.sums.delete(index); }
    }
  }

  /** Brings to hand what of the dirty chunks is only in the store; undefined when all is. */
  prepare(): Promise<void> | undefined {
    const missing: Promise<void>[] = [];
    for (const chunk of this.dirty) {
      const arrival = this.fetchRange(chunk * STORED_CHUNK, Math.min((chunk + 1) * STORED_CHUNK, this.size));
      if (arrival) missing.push(arrival);
    }
    return missing.length === 0 ? undefined : Promise.all(missing).then(() => {});
  }

  /** Takes a snapshot of what is dirty. Precondition: prepare() has answered undefined in this turn. */
  collect(): ContentChanges {
    const changed = this.dirty, size = this.size, puts: [string, Uint8Array][] = [], removed: number[] = [...this.doomed];
    this.dirty = new Set();
    this.doomed = new Set();
    this.inFlight = new Set(changed);
    this.lowest = size;
    for (const chunk of changed) puts.push([this.key(chunk), this.bytesOf(chunk, size)]);
    const deletes = removed.filter((chunk) => !changed.has(chunk)).map(this.key);
    return {
      puts, deletes,
      done: () => {
        this.inFlight = new Set();
        for (const chunk of changed) {
          this.chunks.forget(chunk);
          if (chunk * STORED_CHUNK < this.lowest) this.chunks.stored.add(chunk); else this.doomed.add(chunk);
        }
        this.sourceEnd = Math.max(this.sourceEnd, Math.min(size, this.lowest));
        if (this.doomed.size > 0) this.fs.contentChanged(this);
      },
      failed: () => {
        this.inFlight = new Set();
        for (const chunk of changed) if (chunk * STORED_CHUNK < this.size) this.dirty.add(chunk);
        for (const chunk of removed) if (!this.dirty.has(chunk)) this.doomed.add(chunk);
      },
    };
  }

  private bytesOf(chunk: number, size: number): Uint8Array {
    const start = chunk * STORED_CHUNK, out = new Uint8Array(Math.max(0, Math.min(STORED_CHUNK, size - start)));
    for (let at = 0; at < out.length; at += PAGE_SIZE) {
      const piece = out.subarray(at, at + PAGE_SIZE), page = this.cached.get((start + at) / PAGE_SIZE);
      if (page !== undefined) piece.set(this.host.pages.memory.u8.subarray(page, page + piece.length));
      else if (!this.fromSource(start + at, piece)) throw new Error('a dirty chunk was not prepared');
    }
    let end = out.length;
    while (end > 0 && out[end - 1] === 0) end--;
    return end === out.length ? out : out.slice(0, end);
  }

  /** Keys of all records, when the file goes. */
  recordKeys(): string[] { return [...new Set([...this.chunks.stored, ...this.inFlight, ...this.doomed])].map(this.key); }

  override destroy(): void {
    super.destroy();
    this.dirty.clear();
    this.fs.vfs.unreclaimable(this);
  }
}

function checksum(words: Uint32Array, page: number): number {
  let a = 1, b = 0;
  for (let i = page >>> 2, end = i + PAGE_SIZE / 4; i < end; i++) {
    a = (Math.imul(a, 31) + words[i]) | 0;
    b = (b ^ a) + (b << 5) | 0;
  }
  return a * 0x200000 + (b >>> 11);
}
