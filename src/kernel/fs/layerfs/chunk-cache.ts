/**
 * The content blobs of image layers, read in chunks through a port and kept in a bounded cache that all layers of a sandbox
 * share. What was used within the last seconds stays, so that a read that waits for many chunks finds all of them.
 */
import { CHUNK_SIZE } from '../../../abi/layer-index.ts';
import type { ContentSource } from '../../vfs/content.ts';

/** Where chunk `n` of a layer's content blob comes from. The last one may be shorter than CHUNK_SIZE. */
export interface ChunkReader { read(chunk: number): Uint8Array | Promise<Uint8Array> }

interface Cached { bytes: Uint8Array; usedAt: number }

const GRACE_MS = 2000;

export class ChunkCache {
  private readonly chunks = new Map<string, Cached>();
  private readonly pending = new Map<string, Promise<void>>();
  private held = 0;
  private blobs = 0;

  constructor(private readonly now: () => number, private readonly capacity = 32 << 20) {}

  open(reader: ChunkReader): ChunkedBlob { return new ChunkedBlob(this, reader, this.newBlob()); }
  /** A number under which chunks of something new are kept. */
  newBlob(): number { return this.blobs++; }

  /** The chunk if it can be had at once. */
  peek(reader: ChunkReader, blob: number, chunk: number): Uint8Array | undefined {
    const key = `${blob}:${chunk}`;
    const cached = this.chunks.get(key);
    if (cached) {
      this.chunks.delete(key);
      this.chunks.set(key, cached);
      cached.usedAt = this.now();
      return cached.bytes;
    }
    if (this.pending.has(key)) return undefined;
    const answer = reader.read(chunk);
    if (answer instanceof Uint8Array) { this.keep(key, answer); return answer; }
    const current = (): boolean => this.pending.get(key) === arrival && this.pending.delete(key);
    const arrival: Promise<void> = answer.then((bytes) => { if (current()) this.keep(key, bytes); }, (e) => { current(); throw e; });
    arrival.catch(() => {});
    this.pending.set(key, arrival);
    return undefined;
  }

  /** Resolves when the chunk has come; undefined when it is there. */
  fetch(reader: ChunkReader, blob: number, chunk: number): Promise<void> | undefined {
    return this.peek(reader, blob, chunk) ? undefined : this.pending.get(`${blob}:${chunk}`);
  }

  /** The chunk's bytes have changed: what is kept or on its way is void. */
  forget(blob: number, chunk: number): void {
    const key = `${blob}:${chunk}`, cached = this.chunks.get(key);
    if (cached) this.held -= cached.bytes.length;
    this.chunks.delete(key);
    this.pending.delete(key);
  }

  private keep(key: string, bytes: Uint8Array): void {
    const now = this.now();
    this.chunks.set(key, { bytes, usedAt: now });
    this.held += bytes.length;
    for (const [old, entry] of this.chunks) {
      if (this.held <= this.capacity || now - entry.usedAt < GRACE_MS && this.held <= this.capacity * 8) break;
      this.chunks.delete(old);
      this.held -= entry.bytes.length;
    }
  }
}

/** One layer's content blob. */
export class ChunkedBlob {
  constructor(private readonly cache: ChunkCache, private readonly reader: ChunkReader, private readonly number: number) {}

  /** Copies bytes at `offset` into `into` if all their chunks are at hand. */
  peek(offset: number, into: Uint8Array): boolean {
    for (let done = 0; done < into.length;) {
      const at = offset + done, within = at % CHUNK_SIZE;
      const bytes = this.cache.peek(this.reader, this.number, Math.floor(at / CHUNK_SIZE));
      if (!bytes) return false;
      const n = Math.min(into.length - done, CHUNK_SIZE - within);
      if (within + n > bytes.length) throw new Error('layer content is cut short');
      into.set(bytes.subarray(within, within + n), done);
      done += n;
    }
    return true;
  }

  fetch(offset: number, length: number): Promise<void> | undefined {
    const missing: Promise<void>[] = [];
    for (let chunk = Math.floor(offset / CHUNK_SIZE); chunk * CHUNK_SIZE < offset + length; chunk++) {
      const arrival = this.cache.fetch(this.reader, this.number, chunk);
      if (arrival) missing.push(arrival);
    }
    return missing.length === 0 ? undefined : Promise.all(missing).then(() => {});
  }
}

/** A file's part of a blob. */
export class BlobSource implements ContentSource {
  constructor(private readonly blob: ChunkedBlob, private readonly start: number, readonly size: number) {}

  peek(offset: number, into: Uint8Array): boolean {
    const n = Math.max(0, Math.min(into.length, this.size - offset));
    if (n > 0 && !this.blob.peek(this.start + offset, into.subarray(0, n))) return false;
    into.fill(0, n);
    return true;
  }

  fetch(offset: number, length: number): Promise<void> | undefined {
    const end = Math.min(offset + length, this.size);
    return offset < end ? this.blob.fetch(this.start + offset, end - offset) : undefined;
  }
}
