/** Appends bytes to a chunked blob of the store: full chunks are committed a batch at a time, one batch in flight. */
import { CHUNK_SIZE } from '../../abi/layer-index.ts';
import type { KeyValueStore } from '../../host/ports.ts';

const BATCH = 16;

export class ChunkWriter {
  /** Bytes written so far. */
  size = 0;
  private chunk = new Uint8Array(CHUNK_SIZE);
  private filled = 0;
  private number = 0;
  private ready: [string, Uint8Array][] = [];
  private flight: Promise<void> = Promise.resolve();

  /** @param prefix chunks are stored as `<prefix><n>` */
  constructor(private readonly store: KeyValueStore, private readonly prefix: string) {}

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const n = Math.min(bytes.length - at, CHUNK_SIZE - this.filled);
      this.chunk.set(bytes.subarray(at, at + n), this.filled);
      this.filled += n;
      at += n;
      this.size += n;
      if (this.filled === CHUNK_SIZE) {
        this.seal();
        if (this.ready.length >= BATCH) await this.flush();
      }
    }
  }

  /** Commits what is left and waits until everything is stored. */
  async finish(): Promise<void> {
    if (this.filled > 0) this.seal();
    await this.flush();
    await this.flight;
  }

  /** Waits for the batch in flight, whatever becomes of it. */
  async abandon(): Promise<void> { await this.flight.catch(() => undefined); }

  private seal(): void {
    this.ready.push([`${this.prefix}${this.number++}`, this.filled === CHUNK_SIZE ? this.chunk : this.chunk.slice(0, this.filled)]);
    this.chunk = new Uint8Array(CHUNK_SIZE);
    this.filled = 0;
  }

  private async flush(): Promise<void> {
    await this.flight;
    if (this.ready.length === 0) return;
    const puts = this.ready;
    this.ready = [];
    this.flight = this.store.commit({ puts });
    // It is awaited at the next flush; until then a failure is not unhandled.
    this.flight.catch(() => undefined);
  }
}
