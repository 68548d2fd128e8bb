/** Changes to an address space: mmap, munmap, mprotect, mremap, brk, madvise, and the copy that fork makes. */
import { EEXIST, EFAULT, EINVAL, ENOMEM, Errno } from '../../abi/errno.ts';
import { MAP_32BIT, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_NORESERVE, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE, PROT_EXEC, PROT_READ,
  PROT_WRITE } from '../../abi/mman.ts';
import { Access } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { HIGH_BOTTOM, HIGH_TOP, Mm, MMAP_MIN, MMAP_TOP, TASK_SIZE } from './mm.ts';
import { PRESENT } from './page-table.ts';
import { SharedMemory } from './shared-memory.ts';
import { type Backing, Vma } from './vma.ts';

/** Reservations of at least this much go above 4 GiB, to keep the fast low range for what is used. */
const HUGE = 1 << 30;
/** Where MAP_32BIT must end. */
const BELOW_2G = 0x80000000;
const PROT_MASK = PROT_READ | PROT_WRITE | PROT_EXEC;

export function pageUp(n: number): number { return Math.ceil(n / PAGE_SIZE) * PAGE_SIZE; }

export interface MapRequest {
  /** Hint or, with MAP_FIXED, the address. */
  address: number;
  length: number;
  prot: number;
  /** MAP_* flags; without MAP_SHARED the mapping is private. */
  flags: number;
  /** Consumed: released when the mapping cannot be made. */
  backing?: Backing;
  /** First file page. */
  offset?: number;
  name?: string;
}

/** mmap(2): returns the address. Throws Errno. */
export function mapArea(mm: Mm, request: MapRequest): number {
  const { flags, backing } = request;
  try {
    const length = pageUp(request.length);
    if (request.length <= 0) throw new Errno(EINVAL);
    if (length > TASK_SIZE) throw new Errno(ENOMEM);
    const start = place(mm, request.address, length, flags);
    charge(mm, start, length, request.prot, flags);
    if (flags & MAP_FIXED) unmapArea(mm, start, length);
    const area = new Vma(start, start + length, request.prot & PROT_MASK, flags & (MAP_SHARED | MAP_GROWSDOWN | MAP_NORESERVE), backing, request.offset ?? 0);
    area.name = request.name ?? '';
    mm.areas.insert(area);
    mm.total += length / PAGE_SIZE;
    mm.areas.merge(start, start + length);
    return start;
  } catch (e) {
    backing?.release();
    throw e;
  }
}

/** munmap(2). */
export function unmapArea(mm: Mm, start: number, bytes: number): void {
  const length = pageUp(bytes);
  if (start % PAGE_SIZE !== 0 || length <= 0 || start < 0 || start + length > TASK_SIZE) throw new Errno(EINVAL);
  const removed = mm.areas.remove(start, start + length);
  if (removed.length === 0) return;
  mm.dropPages(start, start + length);
  for (const v of removed) {
    mm.total -= (v.end - v.start) / PAGE_SIZE;
    v.backing?.release();
  }
}

/** mprotect(2). */
export function protectArea(mm: Mm, start: number, bytes: number, prot: number): void {
  const length = pageUp(bytes);
  if (start % PAGE_SIZE !== 0) throw new Errno(EINVAL);
  if (length === 0) return;
  const end = start + length;
  if (!(start >= 0 && end <= TASK_SIZE) || !mm.areas.covers(start, end)) throw new Errno(ENOMEM);
  mm.areas.split(start);
  mm.areas.split(end);
  for (const v of mm.areas.overlapping(start, end)) v.prot = prot & PROT_MASK;
  const allowed = prot === 0 ? 0 : (prot & PROT_MASK) | PROT_READ;
  let narrowed = false;
  mm.table.update(start, end, (entry) => {
    const now = (entry & (0xfffff000 | PRESENT | allowed)) >>> 0;
    narrowed ||= now !== entry;
    return now;
  });
  if (narrowed) mm.mmu.invalidate(mm, start, length);
  mm.areas.merge(start, end);
}

/** mremap(2). */
export function remapArea(mm: Mm, start: number, oldBytes: number, newBytes: number, flags: number, target: number): number {
  const oldLength = pageUp(oldBytes);
  const newLength = pageUp(newBytes);
  if (start % PAGE_SIZE !== 0 || newLength <= 0 || flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) throw new Errno(EINVAL);
  if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)) throw new Errno(EINVAL);
  const area = mm.areas.find(start);
  if (!area) throw new Errno(EFAULT);
  if (oldLength === 0) {
    if (!area.shared || !(flags & MREMAP_MAYMOVE)) throw new Errno(EINVAL);
    area.backing?.retain();
    return mapArea(mm, { address: 0, length: newLength, prot: area.prot, flags: MAP_SHARED, backing: area.backing, offset: area.index(start) });
  }
  if (area.end < start + oldLength) throw new Errno(EFAULT);
  if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
    if (newLength < oldLength) unmapArea(mm, start + newLength, oldLength - newLength);
    if (newLength <= oldLength) return start;
    if (growInPlace(mm, area, start + oldLength, newLength - oldLength)) return start;
    if (!(flags & MREMAP_MAYMOVE)) throw new Errno(ENOMEM);
  }
  return moveArea(mm, start, oldLength, newLength, flags, target);
}

/** brk(2): returns the break, unchanged when it cannot be moved. */
export function setBreak(mm: Mm, wanted: number): number {
  if (wanted < mm.startBrk) return mm.brk;
  const oldEnd = pageUp(mm.brk);
  const newEnd = pageUp(wanted);
  if (newEnd < oldEnd) unmapArea(mm, newEnd, oldEnd - newEnd);
  if (newEnd > oldEnd) {
    if (wanted - mm.startBrk > mm.limits.data || !mm.areas.isFree(oldEnd, newEnd + PAGE_SIZE)) return mm.brk;
    try {
      mapArea(mm, { address: oldEnd, length: newEnd - oldEnd, prot: PROT_READ | PROT_WRITE, flags: MAP_FIXED, name: '[heap]' });
    } catch (e) {
      if (e instanceof Errno) return mm.brk;
      throw e;
    }
  }
  mm.brk = wanted;
  return wanted;
}

/** MADV_DONTNEED: private memory reads as zero (or as the file) again. */
export function discardPages(mm: Mm, start: number, length: number): void {
  mm.dropPages(start, start + pageUp(length));
}

/** The child's address space in fork(2): same areas; private pages are shared and write-protected on both sides. */
export function copyMm(mm: Mm): Mm {
  const child = new Mm(mm.pages, mm.mmu);
  Object.assign(child, {
    limits: mm.limits, exe: mm.exe, startCode: mm.startCode, endCode: mm.endCode, startData: mm.startData, endData: mm.endData, startBrk: mm.startBrk, brk: mm.brk,
    startStack: mm.startStack, argStart: mm.argStart, argEnd: mm.argEnd, envStart: mm.envStart, envEnd: mm.envEnd, auxv: mm.auxv, vdso: mm.vdso,
  });
  for (const v of mm.areas.all) {
    if (v.dontFork) continue;
    child.areas.all.push(v.part(v.start, v.end));
    child.total += (v.end - v.start) / PAGE_SIZE;
    if (v.wipeOnFork) continue;
    const keep = v.shared ? 0xffffffff : ~Access.Write;
    mm.table.update(v.start, v.end, (entry, page) => {
      const shared = (entry & keep) >>> 0;
      mm.pages.ref((entry & 0xfffff000) >>> 0);
      child.table.set(page, shared);
      child.resident++;
      return shared;
    });
  }
  child.peakResident = child.resident;
  mm.mmu.invalidateAll(mm);
  return child;
}

function place(mm: Mm, hint: number, length: number, flags: number): number {
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
    if (hint % PAGE_SIZE !== 0) throw new Errno(EINVAL);
    if (hint < 0 || hint + length > TASK_SIZE) throw new Errno(ENOMEM);
    if (flags & MAP_FIXED_NOREPLACE && !mm.areas.isFree(hint, hint + length)) throw new Errno(EEXIST);
    return hint;
  }
  const near = pageUp(hint);
  if (hint > 0 && near >= MMAP_MIN && near + length <= TASK_SIZE && (near < HIGH_BOTTOM || length >= HUGE) && mm.areas.isFree(near, near + length)) return near;
  if (flags & MAP_32BIT) {
    const low = mm.areas.findGap(length, MMAP_MIN, BELOW_2G);
    if (low < 0) throw new Errno(ENOMEM);
    return low;
  }
  let start = -1;
  if (length < HUGE) start = mm.areas.findGap(length, MMAP_MIN, MMAP_TOP);
  if (start < 0) start = mm.areas.findGap(length, HIGH_BOTTOM, HIGH_TOP);
  if (start < 0) start = mm.areas.findGap(length, MMAP_MIN, MMAP_TOP);
  if (start < 0) throw new Errno(ENOMEM);
  return start;
}

/** RLIMIT_AS and RLIMIT_DATA. */
function charge(mm: Mm, start: number, length: number, prot: number, flags: number): void {
  if (mm.limits.addressSpace !== Infinity) {
    let replaced = 0;
    if (flags & MAP_FIXED) for (const v of mm.areas.overlapping(start, start + length)) replaced += Math.min(v.end, start + length) - Math.max(v.start, start);
    if (mm.total * PAGE_SIZE + length - replaced > mm.limits.addressSpace) throw new Errno(ENOMEM);
  }
  if (mm.limits.data !== Infinity && !(flags & MAP_SHARED) && prot & PROT_WRITE && mm.dataPages * PAGE_SIZE + length > mm.limits.data) throw new Errno(ENOMEM);
}

function growInPlace(mm: Mm, area: Vma, end: number, more: number): boolean {
  if (area.end !== end || end + more > (area.start < HIGH_BOTTOM ? MMAP_TOP : HIGH_TOP) || !mm.areas.isFree(end, end + more)) return false;
  if (area.backing instanceof SharedMemory) return false;
  charge(mm, end, more, area.prot, area.flags);
  area.end += more;
  mm.total += more / PAGE_SIZE;
  mm.areas.merge(area.start, area.end);
  return true;
}

function moveArea(mm: Mm, start: number, oldLength: number, newLength: number, flags: number, target: number): number {
  const fixed = (flags & MREMAP_FIXED) !== 0;
  if (fixed && (target % PAGE_SIZE !== 0 || target < MMAP_MIN || target + newLength > TASK_SIZE || (target < start + oldLength && start < target + newLength))) throw new Errno(EINVAL);
  const area = mm.areas.find(start)!;
  area.backing?.retain();
  const to = mapArea(mm, {
    address: fixed ? target : 0, length: newLength, prot: area.prot, flags: area.flags | (fixed ? MAP_FIXED : 0), backing: area.backing,
    offset: area.backing ? area.index(start) : 0, name: area.name,
  });
  const moved = Math.min(oldLength, newLength);
  mm.table.update(start, start + moved, (entry, page) => {
    mm.table.set(to + (page - start), entry);
    return 0;
  });
  mm.mmu.invalidate(mm, start, oldLength);
  if (!(flags & MREMAP_DONTUNMAP)) unmapArea(mm, start, oldLength);
  return to;
}
