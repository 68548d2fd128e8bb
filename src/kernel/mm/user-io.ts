/** Guest memory as source and sink of file I/O: the iovecs of readv(2) and writev(2), or one buffer. */
import { EFAULT, EINVAL, Errno } from '../../abi/errno.ts';
import { Access } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { IoSink, IoSource } from '../io.ts';
import { type Mm, PageWait, TASK_SIZE } from './mm.ts';

export interface Iovec { base: number; length: number }

const IOV_MAX = 1024;
/** Linux moves at most this much in one call (MAX_RW_COUNT). */
export const MAX_RW_COUNT = 0x7ffff000;

/** Reads an array of struct iovec. Throws Errno(EINVAL, EFAULT). */
export function readIovecs(mm: Mm, va: number, count: number): Iovec[] {
  if (count < 0 || count > IOV_MAX) throw new Errno(EINVAL);
  const out: Iovec[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const base = mm.readU64(va + i * 16);
    const wanted = mm.readI64(va + i * 16 + 8);
    if (wanted < 0) throw new Errno(EINVAL);
    if (base + wanted > TASK_SIZE && wanted > 0) throw new Errno(EFAULT);
    const length = Math.min(wanted, MAX_RW_COUNT - total);
    total += length;
    out.push({ base, length });
  }
  return out;
}

/** Position in a list of buffers. */
class Cursor {
  remaining: number;
  private index = 0;
  private offset = 0;

  constructor(readonly mm: Mm, private readonly iovecs: readonly Iovec[], access: number) {
    this.remaining = 0;
    for (const v of iovecs) {
      this.remaining += v.length;
      mm.awaitPages(v.base, v.length, access);
    }
  }

  /** Next piece within one page: guest address and length; false at the end. */
  next(max: number): { va: number; n: number } | undefined {
    while (this.index < this.iovecs.length && this.offset >= this.iovecs[this.index].length) { this.index++; this.offset = 0; }
    if (this.index >= this.iovecs.length || max <= 0) return undefined;
    const v = this.iovecs[this.index];
    const va = v.base + this.offset;
    return { va, n: Math.min(max, v.length - this.offset, PAGE_SIZE - (va % PAGE_SIZE)) };
  }

  advance(n: number): void { this.offset += n; this.remaining -= n; }
}

export class UserSink implements IoSink {
  private readonly at: Cursor;
  constructor(private readonly mm: Mm, iovecs: readonly Iovec[]) { this.at = new Cursor(mm, iovecs, Access.Write); }

  static buffer(mm: Mm, base: number, length: number): UserSink { return new UserSink(mm, [checked(base, length)]); }

  get remaining(): number { return this.at.remaining; }

  put(bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.length) {
      const piece = this.at.next(bytes.length - done);
      if (piece === undefined) break;
      let p: number;
      try {
        p = this.mm.physical(piece.va, Access.Write);
      } catch (e) {
        if (done > 0 && !(e instanceof PageWait)) break;
        throw e;
      }
      this.mm.pages.memory.u8.set(bytes.subarray(done, done + piece.n), p);
      done += piece.n;
      this.at.advance(piece.n);
    }
    return done;
  }
}

export class UserSource implements IoSource {
  private readonly at: Cursor;
  constructor(private readonly mm: Mm, iovecs: readonly Iovec[]) { this.at = new Cursor(mm, iovecs, Access.Read); }

  static buffer(mm: Mm, base: number, length: number): UserSource { return new UserSource(mm, [checked(base, length)]); }

  get remaining(): number { return this.at.remaining; }

  take(max: number): Uint8Array {
    const piece = this.at.next(max);
    if (piece === undefined) return new Uint8Array(0);
    const p = this.mm.physical(piece.va, Access.Read);
    this.at.advance(piece.n);
    return this.mm.pages.memory.u8.subarray(p, p + piece.n);
  }
}

function checked(base: number, length: number): Iovec {
  if (length < 0) throw new Errno(EINVAL);
  const n = Math.min(length, MAX_RW_COUNT);
  if (n > 0 && !(base >= 0 && base + n <= TASK_SIZE)) throw new Errno(EFAULT);
  return { base, length: n };
}
