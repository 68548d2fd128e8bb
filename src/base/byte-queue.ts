/** A first-in first-out queue of bytes: pipes, terminals and sockets keep their data in one. Grows as needed; the owner enforces the capacity. */

export class ByteQueue {
  private buffer = new Uint8Array(256);
  private head = 0;
  length = 0;

  /** Appends a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    const mask = this.buffer.length - 1, tail = (this.head + this.length) & mask;
    const first = Math.min(bytes.length, this.buffer.length - tail);
    this.buffer.set(first === bytes.length ? bytes : bytes.subarray(0, first), tail);
    if (first < bytes.length) this.buffer.set(bytes.subarray(first), 0);
    this.length += bytes.length;
  }

  pushByte(byte: number): void {
    this.reserve(1);
    this.buffer[(this.head + this.length) & (this.buffer.length - 1)] = byte;
    this.length++;
  }

  /** Up to `max` bytes starting `offset` bytes in, as one contiguous piece; valid until the next push or shift. */
  peek(max: number, offset = 0): Uint8Array {
    const n = Math.min(max, this.length - offset);
    if (n <= 0) return this.buffer.subarray(0, 0);
    const start = (this.head + offset) & (this.buffer.length - 1);
    return this.buffer.subarray(start, Math.min(start + n, this.buffer.length));
  }

  /** Drops `n` bytes from the front. */
  drop(n: number): void {
    this.length -= n;
    this.head = this.length === 0 ? 0 : (this.head + n) & (this.buffer.length - 1);
    if (this.length === 0 && this.buffer.length > 65536) this.buffer = new Uint8Array(256);
  }

  /** Removes and returns up to `max` bytes. */
  shift(max = this.length): Uint8Array {
    const out = new Uint8Array(Math.min(max, this.length));
    for (let at = 0; at < out.length;) {
      const piece = this.peek(out.length - at);
      out.set(piece, at);
      at += piece.length;
      this.drop(piece.length);
    }
    return out;
  }

  /** Drops everything after the first `n` bytes. */
  truncate(n: number): void { this.length = Math.min(this.length, n); }
  clear(): void { this.drop(this.length); }

  private reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.buffer.length) return;
    let size = this.buffer.length;
    while (size < wanted) size *= 2;
    const grown = new Uint8Array(size);
    const first = Math.min(this.length, this.buffer.length - this.head);
    grown.set(this.buffer.subarray(this.head, this.head + first));
    grown.set(this.buffer.subarray(0, this.length - first), first);
    this.buffer = grown;
    this.head = 0;
  }
}
