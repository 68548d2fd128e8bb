/**
 * The exact tar of an unpacked layer, without its contents: headers and padding, and where in the content blob each
 * content lies. Push and save rebuild the archive from it, so that the diff id stays true and nothing is stored twice.
 * (The idea is that of moby's vbatts/tar-split.)
 *
 * Records, deflated: length of raw bytes u32 · raw bytes · content offset f64 · content size f64.
 */
import { Deflate } from 'pako';
import { CHUNK_SIZE } from '../../abi/layer-index.ts';
import { concat } from '../../base/streams.ts';
import type { KeyValueStore } from '../../host/ports.ts';
import { ByteReader } from './byte-reader.ts';
import { decompress } from './inflate.ts';
import type { TarTap } from './tar-read.ts';

export class TarSplitWriter implements TarTap {
  private readonly deflate = new Deflate({ gzip: true, level: 6 });
  private readonly out: Uint8Array[] = [];
  private pending: Uint8Array[] = [];

  /** @param offset where in the content blob the next content will lie */
  constructor(private readonly offset: () => number) {
    this.deflate.onData = (chunk: Uint8Array): void => { this.out.push(chunk); };
  }

  raw(bytes: Uint8Array): void { if (bytes.length > 0) this.pending.push(bytes.slice()); }

  content(size: number): void { this.record(this.offset(), size); }

  finish(): Uint8Array {
    this.record(0, 0);
    this.deflate.push(new Uint8Array(0), true);
    return concat(this.out);
  }

  private record(offset: number, size: number): void {
    const raw = concat(this.pending), head = new Uint8Array(4), tail = new Uint8Array(16), view = new DataView(tail.buffer);
    this.pending = [];
    new DataView(head.buffer).setUint32(0, raw.length, true);
    view.setFloat64(0, offset, true);
    view.setFloat64(8, size, true);
    for (const piece of [head, raw, tail]) this.deflate.push(piece, false);
  }
}

/** Rebuilds the tar of the layer under store prefix `prefix` (`layer/<hex>`). */
export async function* joinTar(store: KeyValueStore, prefix: string): AsyncGenerator<Uint8Array, void> {
  const split = await store.get(`${prefix}/split`);
  if (!split) throw new Error(`layer ${prefix} has no tar record`);
  const reader = new ByteReader(decompress((async function* () { yield split; })()));
  for (;;) {
    const head = await reader.take(4);
    if (head.length < 4) return;
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    const raw = (await reader.take(length)).slice();
    const tail = (await reader.take(16)).slice();
    if (raw.length > 0) yield raw;
    const view = new DataView(tail.buffer);
    yield* readContent(store, prefix, view.getFloat64(0, true), view.getFloat64(8, true));
  }
}

/** Bytes of the content blob. */
export async function* readContent(store: KeyValueStore, prefix: string, offset: number, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = offset, end = offset + size; at < end;) {
    const number = Math.floor(at / CHUNK_SIZE), inside = at - number * CHUNK_SIZE;
    const chunk = await store.get(`${prefix}/chunk/${number}`);
    const n = Math.min(end - at, CHUNK_SIZE - inside);
    if (!chunk || chunk.length < inside + n) throw new Error(`layer ${prefix} lacks chunk ${number}`);
    yield chunk.subarray(inside, inside + n);
    at += n;
  }
}
