/**
 * Where the bytes of a read go and where those of a write come from: guest memory behind an iovec (mm/user-io.ts), or
 * kernel memory. Files see only these, so that read, readv, pread, sendfile, splice and the runtime share one path.
 */

/** Destination of read(2). */
export interface IoSink {
  /** Bytes it still takes. */
  readonly remaining: number;
  /** Stores bytes and advances; returns how many fitted. Throws Errno(EFAULT) when nothing could be stored. */
  put(bytes: Uint8Array): number;
}

/** Source of write(2). */
export interface IoSource {
  readonly remaining: number;
  /** Up to `max` further bytes, valid until the next call; shorter only at a page boundary or the end. Throws Errno(EFAULT). */
  take(max: number): Uint8Array;
}

export class KernelSink implements IoSink {
  private at = 0;
  constructor(private readonly into: Uint8Array) {}
  get remaining(): number { return this.into.length - this.at; }
  get written(): number { return this.at; }
  put(bytes: Uint8Array): number {
    const n = Math.min(bytes.length, this.remaining);
    this.into.set(n === bytes.length ? bytes : bytes.subarray(0, n), this.at);
    this.at += n;
    return n;
  }
}

export class KernelSource implements IoSource {
  private at = 0;
  constructor(private readonly from: Uint8Array) {}
  get remaining(): number { return this.from.length - this.at; }
  take(max: number): Uint8Array {
    const piece = this.from.subarray(this.at, this.at + max);
    this.at += piece.length;
    return piece;
  }
}
