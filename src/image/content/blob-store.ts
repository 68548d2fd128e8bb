/**
 * Blobs on their way from a registry or an archive into a layer: `blob/<hex>/part/<n>` pieces and a `blob/<hex>/state`
 * record. A blob exists once its state says done, which is written only after the digest matched; what an interrupted
 * download left is picked up by the next (the digest is computed again over the bytes kept).
 */
import { Unavailable } from '../../base/errors.ts';
import { StorageFull, type Clock, type KeyValueStore } from '../../host/ports.ts';
import { hexOf, newSha256 } from '../digest.ts';
import type { Sha256 } from '../../host/ports.ts';

const PART_SIZE = 1 << 20;
/** Remains of a broken download that nobody resumed are dropped after a week. */
const KEEP_PARTIAL_MS = 7 * 24 * 3600 * 1000;

interface BlobState { size: number; done: boolean; at: number }

/** A complete blob. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
  read(): AsyncGenerator<Uint8Array, void>;
  remove(): Promise<void>;
}

export interface IngestOptions {
  /** Bytes so far. */
  progress?: (current: number) => void;
  /** All bytes are here, the digest is checked next. */
  verifying?: () => void;
  signal?: AbortSignal;
}

const encode = (state: BlobState): Uint8Array => new TextEncoder().encode(JSON.stringify(state));
const decode = (bytes: Uint8Array): BlobState => JSON.parse(new TextDecoder().decode(bytes)) as BlobState;

export class BlobStore {
  private serial = 0;

  constructor(private readonly store: KeyValueStore, private readonly clock: Clock) {}

  /** Drops what was spooled by an engine that died, and old partial downloads. */
  async sweep(maxAgeMs = KEEP_PARTIAL_MS): Promise<void> {
    for (const key of await this.store.keys('blob/')) {
      const match = /^(blob\/([^/]+)\/)state$/.exec(key);
      if (!match) continue;
      const bytes = await this.store.get(key);
      if (match[2].startsWith('spool-') || !bytes || this.clock.now() - decode(bytes).at > maxAgeMs) await this.store.deletePrefix(match[1]);
    }
  }

  /** The blob, if it is complete. */
  async find(digest: string): Promise<Blob | undefined> {
    const name = hexOf(digest), bytes = await this.store.get(`blob/${name}/state`);
    const state = bytes && decode(bytes);
    return state?.done ? this.blob(name, digest, state.size) : undefined;
  }

  /**
   * Fetches a blob of known digest. `open` gives its bytes from an offset on; it is asked for what earlier attempts did not
   * store. Bytes that arrived are kept when it fails, unless they were wrong or the disk is full.
   */
  async ingest(digest: string, size: number, open: (offset: number) => AsyncIterable<Uint8Array>, options: IngestOptions = {}): Promise<Blob> {
    const done = await this.find(digest);
    if (done) return done;
    const name = hexOf(digest), hash = await newSha256();
    const writer = new PartWriter(this.store, `blob/${name}/`, { size, done: false, at: this.clock.now() });
    await writer.resume(hash, size);
    try {
      if (writer.size < size || writer.size === 0) {
        for await (const chunk of open(writer.size)) {
          options.signal?.throwIfAborted();
          hash.update(chunk);
          await writer.write(chunk);
          if (writer.size > size) break;
          options.progress?.(writer.size);
        }
      }
      options.verifying?.();
      if (writer.size < size) { await writer.flush(); throw new Unavailable(`unexpected EOF: ${writer.size} of ${size} bytes of ${digest}`); }
      const actual = `sha256:${hash.digest()}`;
      if (actual !== digest || writer.size !== size) {
        await writer.discard();
        throw new Unavailable(`filesystem layer verification failed for digest ${digest}`);
      }
      await writer.finish({ size, done: true, at: this.clock.now() });
      return this.blob(name, digest, size);
    } catch (e) {
      if (e instanceof StorageFull) await writer.discard(); else await writer.flush().catch(() => undefined);
      throw e;
    }
  }

  /** Keeps a stream of unknown digest; the caller removes it. */
  async spool(chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Blob> {
    const name = `spool-${this.clock.now().toString(36).replace('.', '-')}-${this.serial++}`, hash = await newSha256();
    const writer = new PartWriter(this.store, `blob/${name}/`, { size: 0, done: false, at: this.clock.now() });
    try {
      await writer.begin();
      for await (const chunk of chunks) { signal?.throwIfAborted(); hash.update(chunk); await writer.write(chunk); }
      await writer.flush();
    } catch (e) {
      await writer.discard();
      throw e;
    }
    return this.blob(name, `sha256:${hash.digest()}`, writer.size);
  }

  private blob(name: string, digest: string, size: number): Blob {
    const { store } = this;
    return {
      digest, size,
      async *read() {
        let left = size;
        for (let n = 0; left > 0; n++) {
          const part = await store.get(`blob/${name}/part/${n}`);
          if (!part) throw new Error(`blob ${digest} lacks part ${n}`);
          left -= part.length;
          yield part;
        }
      },
      async remove() {
        await store.commit({ deletes: [`blob/${name}/state`] });
        await store.deletePrefix(`blob/${name}/`);
      },
    };
  }
}

/** Collects bytes into parts; one commit is in flight while the next part fills. */
class PartWriter {
  size = 0;
  private number = 0;
  private buffer = new Uint8Array(PART_SIZE);
  private filled = 0;
  private flight: Promise<void> = Promise.resolve();

  constructor(private readonly store: KeyValueStore, private readonly prefix: string, private readonly initial: BlobState) {}

  async begin(): Promise<void> { await this.store.commit({ puts: [[`${this.prefix}state`, encode(this.initial)]] }); }

  /** Takes over the parts that are there, feeding them to the hash. */
  async resume(hash: Sha256, limit: number): Promise<void> {
    if (await this.store.get(`${this.prefix}state`)) {
      for (; ; this.number++) {
        const part = await this.store.get(`${this.prefix}part/${this.number}`);
        if (!part || this.size + part.length > limit) break;
        hash.update(part);
        this.size += part.length;
      }
    }
    await this.begin();
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const n = Math.min(bytes.length - at, PART_SIZE - this.filled);
      this.buffer.set(bytes.subarray(at, at + n), this.filled);
      this.filled += n;
      this.size += n;
      at += n;
      if (this.filled === PART_SIZE) await this.seal();
    }
  }

  async flush(): Promise<void> {
    if (this.filled > 0) await this.seal();
    await this.flight;
  }

  async finish(state: BlobState): Promise<void> {
    await this.flush();
    await this.store.commit({ puts: [[`${this.prefix}state`, encode(state)]] });
  }

  async discard(): Promise<void> {
    this.filled = 0;
    await this.flight.catch(() => undefined);
    await this.store.deletePrefix(this.prefix);
  }

  private async seal(): Promise<void> {
    const key = `${this.prefix}part/${this.number++}`, value = this.buffer.slice(0, this.filled);
    this.filled = 0;
    await this.flight;
    this.flight = this.store.commit({ puts: [[key, value]] });
    this.flight.catch(() => undefined);
  }
}
