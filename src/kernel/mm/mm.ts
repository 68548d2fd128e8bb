/**
 * An address space (Linux: mm_struct): areas, page table, and access to guest memory for system calls. The CPU asks
 * `resolve` for translations; what cannot be made present at once is left in `failure` for the kernel loop.
 *
 * Layout: everything below 4 GiB where the CPU translates fast; program at 0x55550000 (PIE), mappings top-down from
 * 0xf0000000, stack below 0xffffe000. Reservations of a gigabyte and more go high.
 */
import { EFAULT, ENAMETOOLONG, Errno } from '../../abi/errno.ts';
import { MAP_GROWSDOWN, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SIGBUS, SIGSEGV } from '../../abi/signal.ts';
import { Access, type AddressSpace, type Mmu } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { decodeName } from '../vfs/name.ts';
import type { Path } from '../vfs/path.ts';
import type { WaitQueue } from '../wait-queue.ts';
import { PageTable, PRESENT } from './page-table.ts';
import type { PageAllocator } from './pages.ts';
import { SharedMemory } from './shared-memory.ts';
import { type Vma, VmaList } from './vma.ts';

export const TASK_SIZE = 0x7ffffffff000;
export const MMAP_MIN = 0x10000;
export const MMAP_TOP = 0xf0000000;
export const STACK_TOP = 0xffffe000;
export const HIGH_BOTTOM = 0x100000000;
export const HIGH_TOP = 0x7ffff0000000;
/** Linux keeps this many bytes free below a growing stack (stack_guard_gap). */
const STACK_GUARD = 256 * PAGE_SIZE;

/** Why resolve could not make a page present. */
export type FaultFailure =
  | { kind: 'signal'; signal: number; code: number }
  | { kind: 'load'; queue: WaitQueue }
  | { kind: 'memory' };

/**
 * Thrown by user copies when a file page must be loaded first. Dispatch parks the task on the queue and calls the handler
 * again from the start; so copy in before side effects, and call awaitPages for what is copied out after them.
 */
export class PageWait {
  constructor(readonly queue: WaitQueue) {}
}

/** Thrown by user copies when there is no page left: dispatch lets the OOM killer choose, and calls the handler again. */
export class MemoryExhausted {}

/** True for everything that a user copy throws. */
export function isUserFault(e: unknown): boolean { return e instanceof Errno || e instanceof PageWait || e instanceof MemoryExhausted; }

export interface MmLimits { addressSpace: number; data: number; stack: number }

export class Mm implements AddressSpace {
  readonly areas = new VmaList();
  readonly table = new PageTable();
  /** Why the last resolve that returned 0 did so, and for which page. */
  failure: FaultFailure = { kind: 'memory' };
  failedPage = -1;
  /** Pages in the page table; pages of address space. */
  resident = 0;
  total = 0;
  peakResident = 0;
  lockedPages = 0;
  limits: MmLimits = { addressSpace: Infinity, data: Infinity, stack: 8 << 20 };

  /** Set by execve, read by /proc/PID and prctl(PR_SET_MM). */
  exe: Path | undefined;
  startCode = 0; endCode = 0; startData = 0; endData = 0;
  startBrk = 0; brk = 0; startStack = 0;
  argStart = 0; argEnd = 0; envStart = 0; envEnd = 0;
  auxv: Uint8Array = new Uint8Array(0);
  vdso = 0;

  private users = 1;

  constructor(readonly pages: PageAllocator, readonly mmu: Mmu) {}

  // Sharing (CLONE_VM)

  retain(): this { this.users++; return this; }
  get shared(): boolean { return this.users > 1; }
  release(): void {
    if (--this.users > 0) return;
    for (const v of this.areas.all.splice(0)) {
      this.dropPages(v.start, v.end);
      v.backing?.release();
    }
    this.total = 0;
    this.mmu.release(this);
  }

  // Faults

  resolve(page: number, access: number): number {
    const entry = this.table.get(page);
    if (entry & access) return (entry & 0xfffff000) + (entry & 7) + (entry < 0x80000000 ? 0 : 0x100000000);
    const made = this.fault(page, access);
    if (made === 0) this.failedPage = page;
    return made;
  }

  /** Slow path of resolve: decides what the page should be. */
  private fault(page: number, access: number): number {
    const vma = this.areas.find(page) ?? this.growStack(page);
    if (vma === undefined) return this.fail({ kind: 'signal', signal: SIGSEGV, code: SEGV_MAPERR });
    const allowed = vma.access;
    if (!(allowed & access)) return this.fail({ kind: 'signal', signal: SIGSEGV, code: SEGV_ACCERR });
    const write = (access & Access.Write) !== 0;
    const entry = this.table.get(page);
    const old = entry === 0 ? 0 : (entry & 0xfffff000) >>> 0;
    if (vma.shared) return this.faultShared(vma, page, old, write, allowed);
    if (old !== 0) {
      if (!write) return this.install(page, old, allowed & ~(this.pages.refs(old) === 1 ? 0 : Access.Write));
      if (this.pages.refs(old) === 1) return this.install(page, old, allowed);
      const copy = this.pages.copy(old);
      if (copy === 0) return this.fail({ kind: 'memory' });
      this.pages.unref(old);
      return this.install(page, copy, allowed);
    }
    return vma.backing ? this.faultFile(vma, page, write, allowed) : this.faultZero(page, allowed);
  }

  private faultZero(page: number, allowed: number): number {
    const fresh = this.pages.alloc();
    if (fresh === 0) return this.fail({ kind: 'memory' });
    this.countResident();
    return this.install(page, fresh, allowed);
  }

  /** MAP_PRIVATE of a file: read-only use of the cached page until the first store. */
  private faultFile(vma: Vma, page: number, write: boolean, allowed: number): number {
    if (page >= vma.zeroFrom) return this.faultZero(page, allowed);
    const cached = this.filePage(vma, page, false);
    if (cached === 0) return 0;
    const partial = page + PAGE_SIZE > vma.zeroFrom;
    if (!write && !partial) {
      this.countResident();
      return this.install(page, cached, allowed & ~Access.Write);
    }
    const copy = this.pages.copy(cached);
    this.pages.unref(cached);
    if (copy === 0) return this.fail({ kind: 'memory' });
    if (partial) this.pages.memory.u8.fill(0, copy + (vma.zeroFrom - page), copy + PAGE_SIZE);
    this.countResident();
    return this.install(page, copy, allowed);
  }

  /** MAP_SHARED: writable only once the mapping knows that the page gets dirty. */
  private faultShared(vma: Vma, page: number, old: number, write: boolean, allowed: number): number {
    const now = this.filePage(vma, page, write);
    if (now === 0) return 0;
    if (old !== 0) this.pages.unref(old); else this.countResident();
    return this.install(page, now, write ? allowed : allowed & ~Access.Write);
  }

  private filePage(vma: Vma, page: number, write: boolean): number {
    const mapping = vma.backing!.mapping;
    const index = vma.index(page);
    const found = mapping.page(index, write);
    if (found > 0) return found;
    if (found < 0) return this.fail({ kind: 'signal', signal: SIGBUS, code: BUS_ADRERR });
    if (mapping instanceof SharedMemory) return this.fail({ kind: 'memory' });
    return this.fail({ kind: 'load', queue: mapping.load(index) });
  }

  private install(page: number, physical: number, allowed: number): number {
    this.table.set(page, (physical | allowed | PRESENT) >>> 0);
    return physical + allowed;
  }

  private fail(why: FaultFailure): 0 { this.failure = why; return 0; }

  private countResident(): void { if (++this.resident > this.peakResident) this.peakResident = this.resident; }

  private growStack(page: number): Vma | undefined {
    const i = this.areas.indexAbove(page);
    const v = this.areas.all[i];
    if (v === undefined || !(v.flags & MAP_GROWSDOWN) || page < MMAP_MIN) return undefined;
    if (v.end - page > this.limits.stack) return undefined;
    const below = this.areas.all[i - 1];
    if (below !== undefined && below.access !== 0 && page - below.end < STACK_GUARD) return undefined;
    this.total += (v.start - page) / PAGE_SIZE;
    v.start = page;
    return v;
  }

  /** Frees the pages of [start, end); the areas stay as they are. */
  dropPages(start: number, end: number): void {
    let any = false;
    this.table.update(start, end, (entry) => {
      this.pages.unref((entry & 0xfffff000) >>> 0);
      this.resident--;
      any = true;
      return 0;
    });
    if (any) this.mmu.invalidate(this, start, end - start);
  }

  // Guest memory, for system calls

  /** Physical address of guest address `va`, valid to the end of its page. Throws Errno(EFAULT), PageWait or MemoryExhausted. */
  physical(va: number, access: number): number {
    const pa = this.mmu.translate(this, va, access);
    if (pa >= 0) return pa;
    if (!(va >= 0 && va < TASK_SIZE)) throw new Errno(EFAULT);
    const why = this.failure;
    if (why.kind === 'load') throw new PageWait(why.queue);
    if (why.kind === 'memory') throw new MemoryExhausted();
    throw new Errno(EFAULT);
  }

  /** Calls `each` with consecutive pieces of guest memory. */
  private pieces(va: number, length: number, access: number, each: (physical: number, n: number, done: number) => void): void {
    if (length > 0 && !(va >= 0 && va + length <= TASK_SIZE)) throw new Errno(EFAULT);
    for (let done = 0; done < length;) {
      const at = va + done;
      const n = Math.min(length - done, PAGE_SIZE - (at % PAGE_SIZE));
      each(this.physical(at, access), n, done);
      done += n;
    }
  }

  /** Copies `length` bytes from guest address `va`. */
  copyIn(va: number, length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    this.pieces(va, length, Access.Read, (p, n, done) => out.set(this.pages.memory.u8.subarray(p, p + n), done));
    return out;
  }

  copyOut(va: number, bytes: Uint8Array): void {
    this.pieces(va, bytes.length, Access.Write, (p, n, done) => this.pages.memory.u8.set(n === bytes.length ? bytes : bytes.subarray(done, done + n), p));
  }

  fill(va: number, length: number, byte = 0): void {
    this.pieces(va, length, Access.Write, (p, n) => this.pages.memory.u8.fill(byte, p, p + n));
  }

  /** Makes sure that a later copy to or from [va, va+length) will not have to wait for the store; throws PageWait when it would. Errors are left to the copy. */
  awaitPages(va: number, length: number, access: number = Access.Write): void {
    if (!(length > 0 && va >= 0 && va + length <= TASK_SIZE)) return;
    for (const v of this.areas.overlapping(va, va + length)) {
      if (!v.backing || v.backing.mapping instanceof SharedMemory) continue;
      const end = Math.min(v.end, va + length);
      for (let page = Math.max(v.start, va - (va % PAGE_SIZE)); page < end; page += PAGE_SIZE) {
        if (this.table.get(page) === 0 && this.resolve(page, access) === 0 && this.failure.kind === 'load') throw new PageWait(this.failure.queue);
      }
    }
  }

  readU8(va: number): number { return this.pages.memory.u8[this.physical(va, Access.Read)]; }
  readU16(va: number): number { const p = this.scalar(va, 2); return p >= 0 ? this.pages.memory.view.getUint16(p, true) : this.slow(va, 2).getUint16(0, true); }
  readU32(va: number): number { const p = this.scalar(va, 4); return p >= 0 ? this.pages.memory.view.getUint32(p, true) : this.slow(va, 4).getUint32(0, true); }
  readI32(va: number): number { return this.readU32(va) | 0; }
  /** A signed 64-bit value as a number: exact below 2^53. */
  readI64(va: number): number {
    const p = this.scalar(va, 8);
    const view = p >= 0 ? this.pages.memory.view : this.slow(va, 8);
    const at = p >= 0 ? p : 0;
    return view.getInt32(at + 4, true) * 0x100000000 + view.getUint32(at, true);
  }
  /** An unsigned 64-bit value as a number: exact below 2^53. */
  readU64(va: number): number {
    const v = this.readI64(va);
    return v < 0 ? v + 2 ** 64 : v;
  }
  readBig(va: number): bigint { return this.slow(va, 8).getBigUint64(0, true); }

  writeU8(va: number, value: number): void { this.pages.memory.u8[this.physical(va, Access.Write)] = value; }
  writeU16(va: number, value: number): void { this.writeScalar(va, 2, (v, at) => v.setUint16(at, value, true)); }
  writeU32(va: number, value: number): void { this.writeScalar(va, 4, (v, at) => v.setUint32(at, value, true)); }
  writeI32(va: number, value: number): void { this.writeU32(va, value); }
  /** Signed or unsigned; numbers beyond 2^53 lose their low bits. */
  writeU64(va: number, value: number): void {
    const high = Math.floor(value / 0x100000000);
    this.writeScalar(va, 8, (v, at) => { v.setUint32(at, value - high * 0x100000000, true); v.setUint32(at + 4, high, true); });
  }
  writeBig(va: number, value: bigint): void { this.writeScalar(va, 8, (v, at) => v.setBigUint64(at, BigInt.asUintN(64, value), true)); }

  /** A NUL-terminated string, decoded as file names are. `max` counts the NUL; ENAMETOOLONG beyond it. */
  readString(va: number, max = 4096): string { return decodeName(this.readCString(va, max)); }

  readCString(va: number, max: number): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [];
    let total = 0;
    for (let at = va; ;) {
      const p = this.physical(at, Access.Read);
      const end = p + Math.min(PAGE_SIZE - (at % PAGE_SIZE), max - total);
      const nul = this.pages.memory.u8.indexOf(0, p);
      const stop = nul >= 0 && nul < end ? nul : end;
      parts.push(this.pages.memory.u8.slice(p, stop));
      total += stop - p;
      if (stop !== end) break;
      if (total >= max) throw new Errno(ENAMETOOLONG);
      at += end - p;
    }
    if (parts.length === 1) return parts[0] as Uint8Array<ArrayBuffer>;
    const out = new Uint8Array(total);
    let at = 0;
    for (const part of parts) { out.set(part, at); at += part.length; }
    return out;
  }

  private scalar(va: number, n: number): number {
    return va % PAGE_SIZE <= PAGE_SIZE - n && va >= 0 ? this.physical(va, Access.Read) : -1;
  }
  private slow(va: number, n: number): DataView { return new DataView(this.copyIn(va, n).buffer); }
  private writeScalar(va: number, n: number, store: (view: DataView, at: number) => void): void {
    if (va >= 0 && va % PAGE_SIZE <= PAGE_SIZE - n) {
      const p = this.physical(va, Access.Write);
      store(this.pages.memory.view, p);
      return;
    }
    const bytes = new Uint8Array(n);
    store(new DataView(bytes.buffer), 0);
    this.copyOut(va, bytes);
  }

  /** Readable bytes of [PROT_READ|PROT_WRITE] areas that count against RLIMIT_DATA. */
  get dataPages(): number {
    let n = 0;
    for (const v of this.areas.all) if (!v.shared && (v.prot & (PROT_READ | PROT_WRITE)) === (PROT_READ | PROT_WRITE) && !(v.flags & MAP_GROWSDOWN)) n += (v.end - v.start) / PAGE_SIZE;
    return n;
  }
}
