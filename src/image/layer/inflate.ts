/**
 * Decompression of layers and archives by their magic number: gzip (any number of members, as eStargz and pigz write),
 * zstd, or none. Not DecompressionStream: Chromium's rejects multi-member gzip, and pako is as fast.
 */
import { Decompress } from 'fzstd';
import { Inflate } from 'pako';
import { InvalidParameter } from '../../base/errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

const MAGIC: readonly [name: string, ...bytes: number[]][] = [
  ['gzip', 0x1f, 0x8b, 0x08], ['zstd', 0x28, 0xb5, 0x2f, 0xfd], ['bzip2', 0x42, 0x5a, 0x68], ['xz', 0xfd, 0x37, 0x7a, 0x58, 0x5a],
];

/** What the first bytes (6 are enough) say. Throws InvalidParameter for compressions that are known but not supported. */
export function sniffCompression(head: Uint8Array): Compression {
  for (const [name, ...bytes] of MAGIC) {
    if (!bytes.every((b, i) => head[i] === b)) continue;
    if (name === 'gzip' || name === 'zstd') return name;
    throw new InvalidParameter(`unsupported compression: ${name}`);
  }
  return 'none';
}

/** The decompressed bytes of `source`, whatever its compression. */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < 6) {
      const step = await iterator.next();
      if (step.done) break;
      const joined = new Uint8Array(head.length + step.value.length);
      joined.set(head);
      joined.set(step.value, head.length);
      head = joined;
    }
    const rest = (async function* (): AsyncGenerator<Uint8Array, void> {
      yield head;
      for (let step = await iterator.next(); !step.done; step = await iterator.next()) yield step.value;
    })();
    const kind = sniffCompression(head);
    yield* kind === 'gzip' ? gunzip(rest) : kind === 'zstd' ? unzstd(rest) : rest;
  } finally {
    await iterator.return?.();
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const out: Uint8Array[] = [];
  const member = (): Inflate => {
    const inflate = new Inflate({ chunkSize: 128 * 1024 });
    inflate.onData = (chunk: Uint8Array): void => { out.push(chunk); };
    return inflate;
  };
  let inflate = member();
  for await (let chunk of source) {
    if (inflate.ended) {
      // A member ended exactly with the previous chunk: zero padding or another member follows.
      let zeros = 0;
      while (zeros < chunk.length && chunk[zeros] === 0) zeros++;
      chunk = chunk.subarray(zeros);
      if (chunk.length === 0) continue;
      inflate = member();
    }
    inflate.push(chunk, false);
    if (inflate.err !== 0) throw new InvalidParameter(`gzip: ${inflate.msg || 'invalid data'}`);
    yield* out.splice(0);
  }
  if (!inflate.ended) throw new InvalidParameter('gzip: unexpected EOF');
}

async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const out: Uint8Array[] = [];
  const stream = new Decompress((chunk) => { out.push(chunk); });
  const push = (chunk: Uint8Array, last: boolean): void => {
    try { stream.push(chunk, last); } catch (e) { throw new InvalidParameter(`zstd: ${(e as Error).message}`); }
  };
  for await (const chunk of source) {
    push(chunk, false);
    yield* out.splice(0);
  }
  push(new Uint8Array(0), true);
  yield* out.splice(0);
}
