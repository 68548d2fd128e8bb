import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { collect, concat } from '../../../src/base/streams.ts';
import { decompress } from '../../../src/image/layer/inflate.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const inflate = (bytes: Uint8Array, size = 777): Promise<Uint8Array> => collect(decompress(pieces(bytes, size)));
const data = Uint8Array.from({ length: 700_000 }, (_, i) => (i * i >> 7) & 255);
const zstd = (input: Uint8Array, ...flags: string[]): Uint8Array => new Uint8Array(execFileSync('zstd', ['-q', '-c', ...flags], { input, maxBuffer: 1 << 28 }));
const same = (a: Uint8Array, b: Uint8Array): void => { expect(Buffer.compare(a, b)).toBe(0); };

describe('decompress', () => {
  it('passes plain bytes through, also fewer than the magic', async () => {
    same(await inflate(data), data);
    for (const n of [0, 1, 5]) same(await inflate(data.subarray(0, n)), data.subarray(0, n));
  });

  it('gzip, one member and many, cut anywhere', async () => {
    const half = data.length / 2, first = gzipSync(data.subarray(0, half)), multi = concat([first, gzipSync(new Uint8Array(0)), gzipSync(data.subarray(half))]);
    same(await inflate(gzipSync(data)), data);
    for (const size of [5, 1000, first.length, first.length + 20, multi.length]) same(await inflate(multi, size), data);
    same(await inflate(concat([gzipSync(data), new Uint8Array(512)]), 4096), data);
  });

  it('zstd, one frame and many', async () => {
    same(await inflate(zstd(data)), data);
    same(await inflate(zstd(data, '-19', '--long=24')), data);
    same(await inflate(concat([zstd(data.subarray(0, 1000)), zstd(data.subarray(1000))]), 64), data);
  });

  it('names what is wrong', async () => {
    const gz = gzipSync(data), zs = zstd(data);
    await expect(inflate(gz.subarray(0, gz.length - 9))).rejects.toThrow('gzip: unexpected EOF');
    await expect(inflate(zs.subarray(0, zs.length - 9))).rejects.toThrow(/^zstd: /);
    const corrupt = gz.slice();
    corrupt[corrupt.length >> 1] ^= 255;
    await expect(inflate(corrupt)).rejects.toThrow(/^gzip: /);
    await expect(inflate(new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]))).rejects.toThrow('unsupported compression: xz');
  });
});
