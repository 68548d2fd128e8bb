/** Virtual memory areas: ranges of an address space with one protection and one backing (mmap(2), proc_pid_maps(5)). */
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { File, FileMapping } from '../vfs/file.ts';

/** Where the pages of a mapping come from, with the reference that keeps it alive. */
export interface Backing {
  readonly mapping: FileMapping;
  readonly file?: File;
  retain(): void;
  release(): void;
}

export class FileBacking implements Backing {
  /** @param mapping of the file; the file's reference passes to the backing's first owner */
  constructor(readonly file: File, readonly mapping: FileMapping) {}
  retain(): void { this.file.retain(); }
  release(): void { this.file.release(); }
}

export class Vma {
  /** The kernel's name of a special area: [heap], [stack], [vdso]. */
  name = '';
  /** From this address on the area reads as zero although the file goes on: the .bss part of an ELF segment's last page. */
  zeroFrom = Infinity;
  dontFork = false;
  wipeOnFork = false;

  constructor(
    public start: number,
    public end: number,
    public prot: number,
    /** MAP_* of mmap(2), as far as they last: MAP_SHARED, MAP_GROWSDOWN, MAP_NORESERVE. */
    public flags: number,
    public readonly backing: Backing | undefined,
    /** File page that `start` maps. */
    public offset: number,
  ) {}

  get shared(): boolean { return (this.flags & MAP_SHARED) !== 0; }

  /** Access bits the area grants: x86 pages that can be written or executed can be read. */
  get access(): number {
    const p = this.prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
    return p === 0 ? 0 : p | PROT_READ;
  }

  /** File page index for a page of the area. */
  index(page: number): number { return this.offset + (page - this.start) / PAGE_SIZE; }

  /** A part of this area, with its own reference on the backing. */
  part(start: number, end: number): Vma {
    const v = new Vma(start, end, this.prot, this.flags, this.backing, this.backing ? this.index(start) : 0);
    v.name = this.name;
    v.zeroFrom = this.zeroFrom;
    v.dontFork = this.dontFork;
    v.wipeOnFork = this.wipeOnFork;
    this.backing?.retain();
    return v;
  }

  /** True when `next`, which starts where this area ends, can become part of it. */
  continuedBy(next: Vma): boolean {
    return this.end === next.start && this.prot === next.prot && this.flags === next.flags && this.backing === next.backing && this.name === next.name
      && this.dontFork === next.dontFork && this.wipeOnFork === next.wipeOnFork && this.zeroFrom === Infinity && next.zeroFrom === Infinity
      && (this.backing === undefined || this.index(this.end) === next.offset);
  }
}

/** The areas of one address space, sorted by address and without overlap. */
export class VmaList {
  readonly all: Vma[] = [];
  private last = 0;

  /** Index of the first area that ends above `address`. */
  indexAbove(address: number): number {
    let lo = 0;
    let hi = this.all.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.all[mid].end > address) hi = mid; else lo = mid + 1;
    }
    return lo;
  }

  find(address: number): Vma | undefined {
    const recent = this.all[this.last];
    if (recent !== undefined && address >= recent.start && address < recent.end) return recent;
    const i = this.indexAbove(address);
    const v = this.all[i];
    if (v === undefined || v.start > address) return undefined;
    this.last = i;
    return v;
  }

  /** Areas that overlap [start, end). */
  *overlapping(start: number, end: number): IterableIterator<Vma> {
    for (let i = this.indexAbove(start); i < this.all.length && this.all[i].start < end; i++) yield this.all[i];
  }

  isFree(start: number, end: number): boolean {
    const v = this.all[this.indexAbove(start)];
    return v === undefined || v.start >= end;
  }

  /** True when every address of [start, end) is mapped. */
  covers(start: number, end: number): boolean {
    let at = start;
    for (const v of this.overlapping(start, end)) {
      if (v.start > at) return false;
      at = v.end;
    }
    return at >= end;
  }

  insert(v: Vma): void { this.all.splice(this.indexAbove(v.start), 0, v); }

  /** Cuts areas so that `address` is no inner point of one. */
  split(address: number): void {
    const i = this.indexAbove(address);
    const v = this.all[i];
    if (v === undefined || v.start >= address) return;
    const upper = v.part(address, v.end);
    v.end = address;
    this.all.splice(i + 1, 0, upper);
  }

  /** Takes out the areas of [start, end) and returns them; the caller releases their backing. */
  remove(start: number, end: number): Vma[] {
    this.split(start);
    this.split(end);
    const first = this.indexAbove(start);
    let n = first;
    while (n < this.all.length && this.all[n].end <= end) n++;
    return this.all.splice(first, n - first);
  }

  /** Joins areas in and around [start, end) that continue each other. */
  merge(start: number, end: number): void {
    let i = Math.max(0, this.indexAbove(start) - 1);
    while (i + 1 < this.all.length && this.all[i].start <= end) {
      const v = this.all[i];
      const next = this.all[i + 1];
      if (!v.continuedBy(next)) { i++; continue; }
      v.end = next.end;
      next.backing?.release();
      this.all.splice(i + 1, 1);
    }
  }

  /** The highest free range of `length` bytes within [low, high), or -1. */
  findGap(length: number, low: number, high: number): number {
    let top = high;
    for (let i = this.all.length - 1; i >= 0; i--) {
      const v = this.all[i];
      if (v.start >= high) continue;
      if (v.end <= top && top - v.end >= length) break;
      top = Math.min(top, v.start);
      if (top - length < low) return -1;
    }
    return top - length >= low ? top - length : -1;
  }
}
