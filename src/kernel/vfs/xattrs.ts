/** Extended attributes held in memory (xattr(7)). */
import { EEXIST, ENODATA, ENOSPC, Errno, ERANGE } from '../../abi/errno.ts';
import { XATTR_CREATE, XATTR_REPLACE } from '../../abi/fcntl.ts';

/** Limit of one inode, as ext4's. */
const TOTAL_MAX = 64 * 1024;
const NAME_MAX = 255;

export class Xattrs {
  private readonly values = new Map<string, Uint8Array>();

  /** Takes over attributes that are already within the limits. */
  copy(from: Iterable<readonly [string, Uint8Array]>): void { for (const [name, value] of from) this.values.set(name, value); }

  get(name: string): Uint8Array {
    const value = this.values.get(name);
    if (!value) throw new Errno(ENODATA);
    return value;
  }
  peek(name: string): Uint8Array | undefined { return this.values.get(name); }

  set(name: string, value: Uint8Array, flags: number): void {
    const exists = this.values.has(name);
    if (exists && (flags & XATTR_CREATE) !== 0) throw new Errno(EEXIST);
    if (!exists && (flags & XATTR_REPLACE) !== 0) throw new Errno(ENODATA);
    if (name.length > NAME_MAX) throw new Errno(ERANGE);
    let total = name.length + value.length;
    for (const [other, v] of this.values) if (other !== name) total += other.length + v.length;
    if (total > TOTAL_MAX) throw new Errno(ENOSPC);
    this.values.set(name, value);
  }

  remove(name: string): void { if (!this.values.delete(name)) throw new Errno(ENODATA); }
  names(): string[] { return [...this.values.keys()]; }
  entries(): IterableIterator<[string, Uint8Array]> { return this.values.entries(); }
  get empty(): boolean { return this.values.size === 0; }
}
