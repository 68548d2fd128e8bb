/** Memory that several address spaces share without a file: MAP_SHARED | MAP_ANONYMOUS, SysV segments (shmem in Linux). */
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { FileMapping } from '../vfs/file.ts';
import { WaitQueue } from '../wait-queue.ts';
import type { PageAllocator } from './pages.ts';
import type { Backing } from './vma.ts';

export class SharedMemory implements Backing, FileMapping {
  private readonly present = new Map<number, number>();
  private readonly never = new WaitQueue();
  private references = 1;
  /** Set when an allocation failed: the fault is out of memory, not "load first". */
  exhausted = false;

  /** @param size bytes; the object starts with one reference */
  constructor(private readonly pages: PageAllocator, readonly size: number) {}

  get mapping(): FileMapping { return this; }
  get residentPages(): number { return this.present.size; }

  page(index: number, _forWrite: boolean): number {
    if (index * PAGE_SIZE >= this.size) return -1;
    let page = this.present.get(index);
    if (page === undefined) {
      page = this.pages.alloc();
      this.exhausted = page === 0;
      if (page === 0) return 0;
      this.present.set(index, page);
    }
    this.pages.ref(page);
    return page;
  }

  load(_index: number): WaitQueue { return this.never; }

  retain(): void { this.references++; }
  release(): void {
    if (--this.references > 0) return;
    for (const page of this.present.values()) this.pages.unref(page);
    this.present.clear();
  }
}
