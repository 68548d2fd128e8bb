/** Exact reads from a stream of chunks of any size. */

export class ByteReader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private chunk: Uint8Array = new Uint8Array(0);
  private at = 0;
  /** Bytes handed out so far. */
  position = 0;

  constructor(source: AsyncIterable<Uint8Array>) { this.iterator = source[Symbol.asyncIterator](); }

  /** Exactly `n` bytes, fewer only at the end of the stream. */
  async take(n: number): Promise<Uint8Array> {
    if (this.chunk.length - this.at >= n) return this.slice(n);
    const out = new Uint8Array(n);
    let filled = 0;
    while (filled < n) {
      const piece = await this.some(n - filled);
      if (!piece) break;
      out.set(piece, filled);
      filled += piece.length;
    }
    return out.subarray(0, filled);
  }

  /** Between 1 and `max` bytes, undefined at the end. Valid until the next call. */
  async some(max: number): Promise<Uint8Array | undefined> {
    while (this.at >= this.chunk.length) {
      const step = await this.iterator.next();
      if (step.done) return undefined;
      this.chunk = step.value;
      this.at = 0;
    }
    return this.slice(Math.min(max, this.chunk.length - this.at));
  }

  async close(): Promise<void> { await this.iterator.return?.(); }

  private slice(n: number): Uint8Array {
    const out = this.chunk.subarray(this.at, this.at + n);
    this.at += n;
    this.position += n;
    return out;
  }
}
