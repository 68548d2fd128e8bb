/**
 * File content in pages of guest memory (Linux: page cache), optionally on top of a read-only source from which missing
 * pages come. Mappings and read/write see the same pages. Without a source a missing page is a hole.
 *
 * Invariant: bytes of cached pages beyond the end of file are zero, but for stores through a mapping of the last page,
 * which growing the file clears.
 */
import { EFBIG, EIO, EINVAL, ENOSPC, EOPNOTSUPP } from '../../abi/errno.ts';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE } from '../../abi/fcntl.ts';
import type { CodeCache } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { PageAllocator } from '../mm/pages.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';
import type { Content, ContentSource } from './content.ts';

/** What content needs from the kernel; Vfs satisfies it. */
export interface ContentHost { readonly pages: PageAllocator; readonly code: CodeCache }

/** Uncached content is read from the source in pieces of this size. */
const PIECE = 64 * 1024;
const MAX_FILE_SIZE = 2 ** 47;
const scratch = new Uint8Array(PIECE);

export class CachedContent implements Content {
  protected readonly cached = new Map<number, number>();
  /** Pages that a mapping may store to without telling. */
  protected readonly sharedWritable = new Set<number>();
  protected end: number;
  /** Bytes of the source that still count: truncation lowers it for good. */
  protected sourceEnd: number;
  private readonly arrivals = new WaitQueue();
  private failed = false;

  constructor(protected readonly host: ContentHost, protected source: ContentSource | undefined, size = source?.size ?? 0, sourceEnd = source?.size ?? 0) {
    this.end = size;
    this.sourceEnd = sourceEnd;
  }

  get size(): number { return this.end; }
  get allocated(): number { return this.cached.size * PAGE_SIZE; }

  // Reading

  readAt(task: Task, into: IoSink, offset: number): SysResult {
    const end = Math.min(this.end, offset + into.remaining);
    if (offset >= end) return 0;
    if (this.failed && task.waitState === this) { this.failed = false; return -EIO; }
    const missing = this.fetchRange(offset, end);
    if (missing) return this.wait(missing);
    let at = offset;
    while (at < end) {
      const n = this.peek(at, Math.min(end - at, PIECE));
      if (n === 0) break;
      const stored = into.put(n === PIECE ? scratch : scratch.subarray(0, n));
      at += stored;
      if (stored < n) break;
    }
    return at > offset ? at - offset : this.wait(Promise.resolve());
  }

  /** Copies bytes at `offset` into `scratch`: up to `max`, one page when cached; 0 when not at hand. */
  private peek(offset: number, max: number): number {
    const index = Math.floor(offset / PAGE_SIZE), within = offset % PAGE_SIZE;
    const page = this.cached.get(index);
    if (page !== undefined) {
      const n = Math.min(max, PAGE_SIZE - within);
      scratch.set(this.host.pages.memory.u8.subarray(page + within, page + within + n));
      return n;
    }
    let n = Math.min(max, PAGE_SIZE - within);
    for (let next = index + 1; n < max && !this.cached.has(next); next++) n += Math.min(PAGE_SIZE, max - n);
    return this.fromSource(offset, scratch.subarray(0, n)) ? n : 0;
  }

  protected fromSource(offset: number, into: Uint8Array): boolean {
    const valid = Math.max(0, Math.min(into.length, this.sourceEnd - offset));
    if (valid > 0 && !this.source!.peek(offset, into.subarray(0, valid))) return false;
    into.fill(0, valid);
    return true;
  }

  /** Starts fetching what of [from, to) is neither cached nor at hand. */
  protected fetchRange(from: number, to: number): Promise<void> | undefined {
    const end = Math.min(to, this.sourceEnd);
    if (!this.source || from >= end) return undefined;
    let first = from, last = end;
    while (first < end && this.cached.has(Math.floor(first / PAGE_SIZE))) first = (Math.floor(first / PAGE_SIZE) + 1) * PAGE_SIZE;
    while (last > first && this.cached.has(Math.floor((last - 1) / PAGE_SIZE))) last = Math.floor((last - 1) / PAGE_SIZE) * PAGE_SIZE;
    return first < last ? this.source.fetch(first, last - first) : undefined;
  }

  private wait(arrival: Promise<void>): Block {
    this.whenDone(arrival);
    return new Block([this.arrivals], undefined, 'never', this);
  }

  private whenDone(arrival: Promise<void>): void {
    arrival.then(() => this.arrivals.wake(), () => { this.failed = true; this.arrivals.wake(); });
  }

  // Pages

  page(index: number, forWrite: boolean): number {
    if (index * PAGE_SIZE >= this.end) return -1;
    if (this.failed) { this.failed = false; return -1; }
    const page = this.present(index);
    if (page === 0) return this.atHand(index) ? this.exhausted() : 0;
    this.host.pages.ref(page);
    if (forWrite) {
      this.sharedWritable.add(index);
      this.dirtied(index);
    }
    return page;
  }

  load(index: number): WaitQueue {
    const arrival = this.fetchRange(index * PAGE_SIZE, Math.min((index + 1) * PAGE_SIZE, this.end));
    this.whenDone(arrival ?? this.room());
    return this.arrivals;
  }

  private atHand(index: number): boolean {
    return this.fetchRange(index * PAGE_SIZE, (index + 1) * PAGE_SIZE) === undefined;
  }

  /** The cached page, filled from the source if need be; 0 when that must be fetched or there is no memory. */
  private present(index: number): number {
    const cached = this.cached.get(index);
    if (cached !== undefined) return cached;
    if (!this.fromSource(index * PAGE_SIZE, scratch.subarray(0, PAGE_SIZE))) return 0;
    const page = this.newPage(index);
    if (page !== 0 && index * PAGE_SIZE < this.sourceEnd) this.host.pages.memory.u8.set(scratch.subarray(0, PAGE_SIZE), page);
    return page;
  }

  private newPage(index: number): number {
    if (!this.mayAllocate()) return 0;
    const page = this.host.pages.alloc();
    if (page === 0) { this.freed(1); return 0; }
    this.cached.set(index, page);
    return page;
  }

  // Writing

  writeAt(task: Task, from: IoSource, offset: number): SysResult {
    const length = from.remaining;
    if (length === 0) return 0;
    const end = offset + length;
    if (end > MAX_FILE_SIZE) return -EFBIG;
    if (this.failed && task.waitState === this) { this.failed = false; return -EIO; }
    const missing = this.fetchEdges(offset, end);
    if (missing) return this.wait(missing);
    if (offset > this.end) this.clearTail();

    let at = offset;
    try {
      while (at < end) {
        const index = Math.floor(at / PAGE_SIZE), within = at % PAGE_SIZE, n = Math.min(PAGE_SIZE - within, end - at);
        const page = n === PAGE_SIZE ? this.cached.get(index) ?? this.newPage(index) : this.present(index);
        if (page === 0) {
          if (at > offset) break;
          const full = this.exhausted();
          return full === 0 ? this.wait(this.room()) : -ENOSPC;
        }
        if (this.host.code.hasCode(page)) this.host.code.dropPage(page);
        this.dirtied(index);
        for (let done = 0; done < n;) {
          const bytes = from.take(n - done);
          if (bytes.length === 0) return this.wrote(offset, at);
          this.host.pages.memory.u8.set(bytes, page + within + done);
          done += bytes.length;
          at += bytes.length;
        }
      }
    } catch (e) {
      if (at === offset) throw e;
    }
    return this.wrote(offset, at);
  }

  private wrote(offset: number, at: number): number {
    if (at > this.end) this.resize(at);
    return at - offset;
  }

  /** Pages that [offset, end) covers in part must be at hand before a write. */
  private fetchEdges(offset: number, end: number): Promise<void> | undefined {
    const first = Math.floor(offset / PAGE_SIZE), last = Math.floor((end - 1) / PAGE_SIZE);
    const needs = (index: number): Promise<void> | undefined => this.cached.has(index) ? undefined : this.fetchRange(index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
    if (offset % PAGE_SIZE !== 0 || end < (first + 1) * PAGE_SIZE) {
      const missing = needs(first);
      if (missing) return missing;
    }
    return last !== first && end % PAGE_SIZE !== 0 ? needs(last) : undefined;
  }

  truncate(size: number): void {
    if (size > this.end) this.clearTail();
    else this.cut(size);
    this.resize(size);
  }

  private cut(size: number): void {
    this.sourceEnd = Math.min(this.sourceEnd, size);
    const { pages, code } = this.host;
    const firstGone = Math.ceil(size / PAGE_SIZE);
    for (const [index, page] of this.cached) {
      if (index < firstGone - 1) continue;
      if (index < firstGone) {
        if (size % PAGE_SIZE === 0) continue;
        pages.memory.u8.fill(0, page + size % PAGE_SIZE, page + PAGE_SIZE);
        this.dirtied(index);
      } else if (pages.refs(page) > 1) {
        pages.memory.u8.fill(0, page, page + PAGE_SIZE);
      } else {
        this.drop(index, page);
        continue;
      }
      if (code.hasCode(page)) code.dropPage(page);
    }
  }

  /** Zeroes what lies beyond the end in the last page, before the file grows past it. */
  private clearTail(): void {
    const within = this.end % PAGE_SIZE, page = this.cached.get(Math.floor(this.end / PAGE_SIZE));
    if (page !== undefined && within !== 0) this.host.pages.memory.u8.fill(0, page + within, page + PAGE_SIZE);
  }

  private drop(index: number, page: number): void {
    this.cached.delete(index);
    this.sharedWritable.delete(index);
    this.host.pages.unref(page);
    this.freed(1);
  }

  private resize(size: number): void {
    if (size === this.end) return;
    this.end = size;
    this.resized();
  }

  allocate(offset: number, length: number, mode: number): SysResult {
    if (offset < 0 || length <= 0) return -EINVAL;
    if (offset + length > MAX_FILE_SIZE) return -EFBIG;
    const keep = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    const end = offset + length;
    if ((mode & ~FALLOC_FL_KEEP_SIZE) === 0) {
      if (!keep && end > this.end) this.truncate(end);
      return 0;
    }
    if (mode !== (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) && (mode & ~FALLOC_FL_KEEP_SIZE) !== FALLOC_FL_ZERO_RANGE) return -EOPNOTSUPP;
    const missing = this.fetchEdges(offset, end);
    if (missing) return this.wait(missing);
    if (!keep && end > this.end) this.truncate(end);
    for (let at = offset; at < Math.min(end, this.end);) {
      const index = Math.floor(at / PAGE_SIZE), n = Math.min(PAGE_SIZE - at % PAGE_SIZE, end - at);
      const page = this.cached.get(index);
      if (page !== undefined && n === PAGE_SIZE && this.sourceEnd <= at && this.host.pages.refs(page) === 1) this.drop(index, page);
      else if (page !== undefined || at < this.sourceEnd) {
        const target = page ?? (n === PAGE_SIZE ? this.newPage(index) : this.present(index));
        if (target === 0) return -ENOSPC;
        this.host.pages.memory.u8.fill(0, target + at % PAGE_SIZE, target + at % PAGE_SIZE + n);
        if (this.host.code.hasCode(target)) this.host.code.dropPage(target);
      }
      this.dirtied(index);
      at += n;
    }
    return 0;
  }

  nextData(offset: number): number | undefined {
    if (offset >= this.end) return undefined;
    if (offset < this.sourceEnd) return offset;
    for (let index = Math.floor(offset / PAGE_SIZE); index * PAGE_SIZE < this.end; index++) if (this.cached.has(index)) return Math.max(offset, index * PAGE_SIZE);
    return undefined;
  }

  nextHole(offset: number): number {
    let at = Math.max(offset, this.sourceEnd);
    while (at < this.end && this.cached.has(Math.floor(at / PAGE_SIZE))) at = (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE;
    return Math.min(at, this.end);
  }

  /** Frees all pages: the file is gone. */
  destroy(): void {
    for (const [index, page] of [...this.cached]) this.drop(index, page);
  }

  /** Frees pages that the source can give again and nobody maps; returns how many. */
  reclaim(): number {
    let n = 0;
    for (const [index, page] of [...this.cached]) {
      if (this.host.pages.refs(page) !== 1 || !this.recoverable(index)) continue;
      this.drop(index, page);
      n++;
    }
    return n;
  }

  // What kinds of content differ in

  /** May one more page be allocated (a filesystem's size limit)? Counts it when so. */
  protected mayAllocate(): boolean { return true; }
  protected freed(_pages: number): void {}
  /** A page's bytes differ, or may differ, from the source from now on. */
  protected dirtied(_index: number): void {}
  protected resized(): void {}
  /** Does the source have the page's bytes? */
  protected recoverable(_index: number): boolean { return false; }
  /** No page can be had: -1 for good, 0 when room() will make some. */
  protected exhausted(): number { return -1; }
  /** Resolves when pages may be free again. */
  protected room(): Promise<void> { return Promise.resolve(); }
}
