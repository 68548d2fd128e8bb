/**
 * The page allocator: hands out the guest pages of PhysicalMemory with reference counts. A page is known by its physical
 * address. A mapping of it, and the page cache it belongs to, hold one reference each; a page with one reference is owned.
 */
import type { CodeCache } from '../../cpu/cpu.ts';
import { PAGE_SIZE, type PhysicalMemory } from '../../cpu/memory.ts';

/** How much physical memory is added when the free list is empty. */
const GROW_BYTES = 4 << 20;

export class PageAllocator {
  private counts = new Uint32Array(0);
  private free: number[] = [];
  /** Next page that was never handed out, hence still zero. */
  private fresh: number;
  private allocated = 0;
  /** Frees cached file pages when memory runs short; false when there are none (Vfs.reclaim). */
  reclaim: (() => boolean) | undefined;

  /** @param limit pages that may be allocated at once: the container's memory limit */
  constructor(readonly memory: PhysicalMemory, private readonly code: CodeCache, public limit = Infinity) {
    this.fresh = memory.reserved;
    this.counts = new Uint32Array(Math.ceil(memory.size / PAGE_SIZE));
  }

  /** Pages handed out now. */
  get used(): number { return this.allocated; }

  /** A page of zeros with one reference; 0 when the memory limit or the host's memory is exhausted. */
  alloc(): number {
    const fresh = this.fresh;
    const page = this.take();
    if (page !== 0 && page < fresh) this.memory.u8.fill(0, page, page + PAGE_SIZE);
    return page;
  }

  /** A page with one reference and the content of `from`; 0 when memory is exhausted. */
  copy(from: number): number {
    const page = this.take();
    if (page !== 0) this.memory.u8.copyWithin(page, from, from + PAGE_SIZE);
    return page;
  }

  ref(page: number): void { this.counts[page / PAGE_SIZE]++; }

  /** Drops one reference; the last one frees the page. */
  unref(page: number): void {
    const n = page / PAGE_SIZE;
    if (this.counts[n] === 0) throw new Error(`page ${page.toString(16)} is already free`);
    if (--this.counts[n] !== 0) return;
    if (this.code.hasCode(page)) this.code.dropPage(page);
    this.allocated--;
    this.free.push(page);
  }

  refs(page: number): number { return this.counts[page / PAGE_SIZE]; }

  private take(): number {
    if (this.allocated >= this.limit && !(this.reclaim?.() && this.allocated < this.limit)) return 0;
    let page = this.free.pop();
    if (page === undefined && this.fresh + PAGE_SIZE > this.memory.size && !this.grow()) {
      if (!this.reclaim?.()) return 0;
      page = this.free.pop();
      if (page === undefined) return 0;
    }
    if (page === undefined) {
      page = this.fresh;
      this.fresh += PAGE_SIZE;
    }
    this.allocated++;
    this.counts[page / PAGE_SIZE] = 1;
    return page;
  }

  private grow(): boolean {
    const room = this.memory.limit - this.memory.size;
    if (!this.memory.grow(Math.min(GROW_BYTES, room)) && !this.memory.grow(65536)) return false;
    if (this.memory.size <= this.fresh) return false;
    const pages = Math.ceil(this.memory.size / PAGE_SIZE);
    if (pages > this.counts.length) {
      const counts = new Uint32Array(Math.max(pages, this.counts.length * 2));
      counts.set(this.counts);
      this.counts = counts;
    }
    return true;
  }
}
