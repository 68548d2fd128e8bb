/**
 * A sparse page table: one Uint32Array of 1024 entries per 4 MiB that has pages. An entry is the physical page plus Access
 * bits that may be used now without asking, plus Present; 0 where nothing is.
 */
import { PAGE_SIZE } from '../../cpu/memory.ts';

export const PRESENT = 8;
const SPAN = PAGE_SIZE * 1024;
const LOW_TABLES = 1024;

export class PageTable {
  private readonly low: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(LOW_TABLES).fill(undefined);
  private readonly high = new Map<number, Uint32Array>();

  get(page: number): number {
    const t = this.table(Math.floor(page / SPAN));
    return t === undefined ? 0 : t[(page / PAGE_SIZE) & 1023];
  }

  set(page: number, entry: number): void {
    const n = Math.floor(page / SPAN);
    let t = this.table(n);
    if (t === undefined) {
      t = new Uint32Array(1024);
      if (n < LOW_TABLES) this.low[n] = t; else this.high.set(n, t);
    }
    t[(page / PAGE_SIZE) & 1023] = entry;
  }

  /**
   * Calls `visit` for every present entry of [start, end) and stores what it returns; costs the tables that exist, not the range.
   */
  update(start: number, end: number, visit: (entry: number, page: number) => number): void {
    const first = Math.floor(start / SPAN);
    const last = Math.ceil(end / SPAN);
    for (let n = first; n < Math.min(last, LOW_TABLES); n++) {
      const t = this.low[n];
      if (t !== undefined) this.updateTable(n, t, start, end, visit);
    }
    if (last <= LOW_TABLES) return;
    if (last - first > this.high.size) {
      for (const [n, t] of [...this.high]) if (n >= first && n < last) this.updateTable(n, t, start, end, visit);
    } else {
      for (let n = Math.max(first, LOW_TABLES); n < last; n++) {
        const t = this.high.get(n);
        if (t !== undefined) this.updateTable(n, t, start, end, visit);
      }
    }
  }

  private updateTable(n: number, t: Uint32Array, start: number, end: number, visit: (entry: number, page: number) => number): void {
    const base = n * SPAN;
    const from = Math.max(0, (start - base) / PAGE_SIZE);
    const to = Math.min(1024, (end - base) / PAGE_SIZE);
    let left = from > 0 || to < 1024 ? 1 : 0;
    for (let i = from; i < to; i++) {
      const e = t[i];
      if (e === 0) continue;
      const now = visit(e, base + i * PAGE_SIZE);
      t[i] = now;
      left |= now;
    }
    if (left !== 0) return;
    if (n < LOW_TABLES) this.low[n] = undefined; else this.high.delete(n);
  }

  private table(n: number): Uint32Array | undefined { return n < LOW_TABLES ? this.low[n] : this.high.get(n); }
}
