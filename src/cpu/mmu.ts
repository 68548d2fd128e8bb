/**
 * Software TLBs, filled from AddressSpace.resolve. Each of the spaces used last has a flat table for its low 4 GiB;
 * addresses above share one small hashed cache that belongs to the loaded space. The tables are read by generated code
 * (interp/emitter.ts), which calls miss() here. A physical page that holds decoded code never has its W bit in any of them.
 */
import { Access, Vector, type AddressSpace, type Mmu } from './cpu.ts';
import type { PhysicalMemory } from './memory.ts';
import { TABLE_BYTES, TABLE_COUNT, TABLES, TLB, TLB_ENTRIES } from './state.ts';

/** What the code cache offers: see blocks.ts. */
export interface CodePages {
  hasCode(physicalPage: number): boolean;
  dropPage(physicalPage: number): void;
}

class Slot {
  space: AddressSpace | undefined;
  /** Page numbers whose entry was set since the table was clean; may repeat, and may have been cleared since. */
  filled: number[] = [];
  compactAt = 1 << 16;
  lastUse = 0;
  constructor(readonly index: number) {}
  get base(): number { return TABLES + this.index * TABLE_BYTES; }
}

const LOW_PAGES = 1 << 20;
/** writers[]: no entry with W, one (slot and page number, plus one), or look for it. */
const NO_WRITER = 0, MANY_WRITERS = 0xffffffff;
const PAGE = 4096;
/** User addresses are below; negative ones (as signed 64-bit numbers) down to -TOP are canonical too, but never mapped. */
const TOP = 2 ** 47;

export class SoftMmu implements Mmu {
  /** The fault that the last miss recorded. */
  faultVector: Vector = Vector.PF;
  faultAddress = 0;
  faultAccess = 0;
  misses = 0;
  code!: CodePages;

  private readonly slots = Array.from({ length: TABLE_COUNT }, (_, i) => new Slot(i));
  private readonly bySpace = new Map<AddressSpace, Slot>();
  private current!: Slot;
  private uses = 0;
  private tlbUsed = false;
  private readonly writers: Uint32Array;

  constructor(private readonly memory: PhysicalMemory) {
    this.writers = new Uint32Array(Math.ceil(memory.limit / PAGE));
  }

  /** Makes `space` the one that generated code runs in; returns its table's address. */
  activate(space: AddressSpace): number {
    let slot = this.bySpace.get(space);
    if (slot === undefined) {
      slot = this.slots.reduce((a, b) => (b.lastUse < a.lastUse ? b : a));
      if (slot.space !== undefined) this.bySpace.delete(slot.space);
      this.clear(slot);
      slot.space = space;
      this.bySpace.set(space, slot);
    }
    slot.lastUse = ++this.uses;
    if (slot !== this.current) this.flushTlb();
    this.current = slot;
    return slot.base;
  }

  /** Entry of the loaded space for an access at `va`; 0 after recording the fault. */
  miss(va: number, access: number): number {
    this.misses++;
    this.faultAddress = va;
    this.faultAccess = access;
    this.faultVector = Vector.PF;
    if (va < 0 || va >= TOP) {
      if (va < -TOP || va >= TOP) { this.faultVector = Vector.GP; this.faultAddress = 0; }
      return 0;
    }
    return this.fill(this.current.space!, this.current, va, access);
  }

  /** Asks the space, keeps the answer, and sees to code pages. */
  private fill(space: AddressSpace, slot: Slot | undefined, va: number, access: number): number {
    const number = Math.floor(va / PAGE);
    let entry = space.resolve(number * PAGE, access) >>> 0;
    if ((entry & access) === 0) return 0;
    const physical = (entry & -PAGE) >>> 0;
    if ((entry & Access.Write) !== 0 && this.code.hasCode(physical)) {
      if ((access & Access.Write) !== 0) this.code.dropPage(physical);
      else entry &= ~Access.Write;
    }
    if (slot === undefined || slot.space !== space) return entry >>> 0;
    const { u32 } = this.memory;
    if (number < LOW_PAGES) {
      const at = (slot.base >> 2) + number;
      if (u32[at] === 0) this.noteFilled(slot, number);
      u32[at] = entry;
      if (entry & Access.Write) this.noteWriter(physical, slot.index * LOW_PAGES + number + 1);
    } else if (slot === this.current) {
      const at = tlbIndex(number);
      u32[at] = number >>> 0;
      u32[at + 1] = Math.floor(number / 2 ** 32);
      u32[at + 2] = entry;
      this.tlbUsed = true;
      if (entry & Access.Write) this.noteWriter(physical, MANY_WRITERS);
    }
    return entry >>> 0;
  }

  private noteFilled(slot: Slot, number: number): void {
    slot.filled.push(number);
    if (slot.filled.length < slot.compactAt) return;
    const { u32 } = this.memory;
    slot.filled = [...new Set(slot.filled)].filter((n) => u32[(slot.base >> 2) + n] !== 0);
    slot.compactAt = Math.max(1 << 16, slot.filled.length * 2);
  }

  private noteWriter(physical: number, writer: number): void {
    const index = physical / PAGE;
    const known = this.writers[index];
    this.writers[index] = known === NO_WRITER || known === writer ? writer : MANY_WRITERS;
  }

  /** The page becomes a code page: stores to it must miss from now on. */
  removeWrite(physical: number): void {
    const writer = this.writers[physical / PAGE];
    if (writer === NO_WRITER) return;
    this.writers[physical / PAGE] = NO_WRITER;
    const { u32 } = this.memory;
    const protect = (at: number): void => { if (((u32[at] & -PAGE) >>> 0) === physical) u32[at] &= ~Access.Write; };
    if (writer !== MANY_WRITERS) { protect((TABLES >> 2) + writer - 1); return; }
    for (const slot of this.slots) for (const n of slot.filled) protect((slot.base >> 2) + n);
    for (let k = 0; k < TLB_ENTRIES; k++) protect((TLB >> 2) + k * 4 + 2);
  }

  translate(space: AddressSpace, va: number, access: number): number {
    const slot = this.bySpace.get(space);
    const number = Math.floor(va / PAGE);
    let entry = 0;
    if (slot !== undefined && number < LOW_PAGES) entry = this.memory.u32[(slot.base >> 2) + number];
    if ((entry & access) === 0) {
      if (va >= TOP || va < 0) return -1;
      entry = this.fill(space, slot, va, access);
      if (entry === 0) return -1;
    }
    return ((entry & -PAGE) >>> 0) + (va - number * PAGE);
  }

  invalidate(space: AddressSpace, va: number, length: number): void {
    const slot = this.bySpace.get(space);
    if (slot === undefined) return;
    const { u32 } = this.memory;
    const first = Math.floor(va / PAGE), end = Math.ceil((va + length) / PAGE);
    const lowEnd = Math.min(end, LOW_PAGES);
    const base = slot.base >> 2;
    if (lowEnd - first > slot.filled.length) {
      for (const n of slot.filled) if (n >= first && n < lowEnd) u32[base + n] = 0;
    } else if (first < lowEnd) {
      u32.fill(0, base + first, base + lowEnd);
    }
    if (end <= LOW_PAGES || slot !== this.current || !this.tlbUsed) return;
    if (end - first > TLB_ENTRIES) { this.flushTlb(); return; }
    for (let n = Math.max(first, LOW_PAGES); n < end; n++) {
      const at = tlbIndex(n);
      if (u32[at] === n >>> 0) u32[at] = u32[at + 1] = u32[at + 2] = 0;
    }
  }

  invalidateAll(space: AddressSpace): void {
    const slot = this.bySpace.get(space);
    if (slot === undefined) return;
    this.clear(slot);
    if (slot === this.current) this.flushTlb();
  }

  release(space: AddressSpace): void {
    const slot = this.bySpace.get(space);
    if (slot === undefined) return;
    this.invalidateAll(space);
    if (slot === this.current) return;
    this.bySpace.delete(space);
    slot.space = undefined;
    slot.lastUse = 0;
  }

  private clear(slot: Slot): void {
    const { u32 } = this.memory;
    const base = slot.base >> 2;
    if (slot.filled.length > 1 << 17) u32.fill(0, base, base + LOW_PAGES);
    else for (const n of slot.filled) u32[base + n] = 0;
    slot.filled = [];
    slot.compactAt = 1 << 16;
  }

  private flushTlb(): void {
    if (!this.tlbUsed) return;
    this.memory.u32.fill(0, TLB >> 2, (TLB >> 2) + TLB_ENTRIES * 4);
    this.tlbUsed = false;
  }
}

/** The same hash as in interp/generate.ts; as an index of 32-bit words. */
function tlbIndex(pageNumber: number): number {
  const high = Math.floor(pageNumber / 2 ** 18);
  return (TLB >> 2) + (((pageNumber ^ high) & (TLB_ENTRIES - 1)) << 2);
}
