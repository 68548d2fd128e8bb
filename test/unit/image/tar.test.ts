import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, concat } from '../../../src/base/streams.ts';
import { TarReader, type TarEntry } from '../../../src/image/layer/tar-read.ts';
import { TAR_END, tarFile, tarHeader } from '../../../src/image/layer/tar-write.ts';

let dir = '';
beforeAll(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tar-')); });
afterAll(() => { fs.rmSync(dir, { recursive: true, force: true }); });

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Uint8Array, piece = 1000): Promise<(TarEntry & { content: Uint8Array })[]> {
  const reader = new TarReader(pieces(bytes, piece)), out: (TarEntry & { content: Uint8Array })[] = [];
  for (let e = await reader.next(); e; e = await reader.next()) {
    const content = await collect((async function* () { for (let p = await reader.read(); p; p = await reader.read()) yield p.slice(); })());
    out.push({ ...e, content });
  }
  return out;
}

const LONG = `deep/${'directory-name-of-some-length/'.repeat(8)}file`;

describe('reading what GNU tar writes', () => {
  it.each(['gnu', 'pax', 'ustar', 'v7', 'oldgnu'])('%s', async (format) => {
    const root = path.join(dir, format);
    fs.mkdirSync(root);
    const files: Record<string, string> = { plain: 'hello', empty: '', 'späte/ünïcode': 'x'.repeat(1234) };
    if (format !== 'v7') files[format === 'ustar' ? `${'a'.repeat(90)}/${'b'.repeat(90)}` : LONG] = 'long';
    for (const [name, content] of Object.entries(files)) { fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true }); fs.writeFileSync(path.join(root, name), content); }
    fs.symlinkSync('plain', path.join(root, 'sym'));
    fs.linkSync(path.join(root, 'plain'), path.join(root, 'zz-hard'));
    fs.chmodSync(path.join(root, 'plain'), 0o4755);
    fs.utimesSync(path.join(root, 'plain'), 1, 1234567890.25);
    if (format !== 'v7') execFileSync('mkfifo', [path.join(root, 'fifo')]);
    const tar = execFileSync('tar', ['-C', root, `--format=${format}`, '--sort=name', '--owner=u:70000', '--group=g:70001', '-cf', '-', '.'], { maxBuffer: 1 << 28 });
    for (const size of [1, 511, 10240]) {
      const entries = await readAll(new Uint8Array(tar), size === 1 ? 7 : size);
      const by = new Map(entries.map((e) => [e.name.replace(/^\.\//, ''), e]));
      for (const [name, content] of Object.entries(files)) expect(new TextDecoder().decode(by.get(name)!.content), name).toBe(content);
      expect(by.get('sym')).toMatchObject({ type: 'symlink', linkName: 'plain' });
      expect(by.get('zz-hard')).toMatchObject({ type: 'link', linkName: './plain' });
      expect(by.get('plain')).toMatchObject({ mode: 0o4755, uid: 70000, gid: 70001, mtimeSec: 1234567890, mtimeNsec: format === 'pax' ? 250_000_000 : 0 });
      if (format !== 'v7') expect(by.get('fifo')?.type).toBe('fifo');
    }
  });

  it.each([['gnu', '0.0'], ['pax', '0.0'], ['pax', '0.1'], ['pax', '1.0']])('sparse files, %s %s', async (format, version) => {
    const file = path.join(dir, `sparse-${format}-${version}`), fd = fs.openSync(file, 'w');
    for (let i = 0; i < 40; i++) fs.writeSync(fd, `block ${i}`, 100_000 * i + 4096);
    fs.ftruncateSync(fd, 5_000_000);
    fs.closeSync(fd);
    const tar = execFileSync('tar', ['-C', dir, '-S', `--format=${format}`, ...(format === 'pax' ? [`--sparse-version=${version}`] : []), '-cf', '-', path.basename(file), 'gnu/plain'], { maxBuffer: 1 << 28 });
    expect(tar.length).toBeLessThan(1_000_000);
    const [sparse, after] = await readAll(new Uint8Array(tar), 4000);
    expect(sparse).toMatchObject({ name: path.basename(file), size: 5_000_000, type: 'file' });
    expect(Buffer.compare(sparse.content, fs.readFileSync(file))).toBe(0);
    expect(after.name).toBe('gnu/plain');
  });
});

describe('writing', () => {
  it('gives GNU tar and ourselves back what went in', async () => {
    const xattrs = new Map([['user.k', new Uint8Array([0, 1, 10, 61, 255])]]);
    const cases = [
      { name: 'short', type: 'file', mode: 0o644, content: 'abc' },
      { name: LONG, type: 'file', mode: 0o600, content: 'long' },
      { name: `p/${'x'.repeat(150)}`, type: 'file', mode: 0o600, content: '' },
      { name: 'ünïcode', type: 'file', mode: 0o644, content: 'u', uid: 3_000_000_000, gid: 2 ** 31, mtimeSec: -5, mtimeNsec: 250_000_000, xattrs },
      { name: 'dir', type: 'directory', mode: 0o1777, content: '', mtimeSec: 1e10 },
      { name: 'link', type: 'symlink', mode: 0o777, linkName: `${'t/'.repeat(80)}t`, content: '' },
      { name: 'dev', type: 'char', mode: 0o666, devMajor: 1, devMinor: 3, content: '' },
    ] as const;
    const tar = concat([...cases.flatMap((c) => tarFile(c, new TextEncoder().encode(c.content))), TAR_END]);
    const entries = await readAll(tar, 100);
    cases.forEach(({ content, ...want }, i) => {
      expect(entries[i]).toMatchObject({ ...want, name: want.type === 'directory' ? `${want.name}/` : want.name });
      expect(new TextDecoder().decode(entries[i].content)).toBe(content);
    });
    const listing = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--quoting-style=literal'], { input: tar, env: { ...process.env, LC_ALL: 'C.UTF-8' } }).toString().split('\n');
    expect(listing[1]).toContain(LONG);
    expect(listing[3]).toMatch(/3000000000\/2147483648 .*ünïcode/);
    expect(listing[6]).toMatch(/^crw-rw-rw- .*1,3 .*dev/);
  });
});

describe('hostile archives', () => {
  const tar = concat([...tarFile({ name: 'a', type: 'file', mode: 0o644 }, new Uint8Array(1500).fill(1)), ...tarFile({ name: 'ä', type: 'file', mode: 0o644 }, new Uint8Array(10)), TAR_END]);

  it('cut short anywhere but between entries', async () => {
    for (let n = 1; n < tar.length - 1024; n += 97) await expect(readAll(tar.subarray(0, n)), String(n)).rejects.toThrow(/cut short|invalid tar header/);
    for (const whole of [0, 2048]) await expect(readAll(tar.subarray(0, whole))).resolves.toBeDefined();
  });

  it('any flipped header byte', async () => {
    for (let i = 0; i < 512; i++) {
      if (i === 155) continue; // behind the checksum's NUL
      const bad = tar.slice();
      bad[i] ^= 0x41;
      await expect(readAll(bad), String(i)).rejects.toThrow(/invalid tar header/);
    }
  });

  it('random bytes, huge extended headers, malformed records', async () => {
    const noise = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919 + (i >> 3)) & 255);
    await expect(readAll(noise)).rejects.toThrow(/invalid tar header/);
    const header = (flag: string, size: number): Uint8Array => {
      const b = tarHeader({ name: 'x', type: 'file', mode: 0, size });
      b[156] = flag.charCodeAt(0);
      b.fill(32, 148, 156);
      const sum = b.reduce((n, v) => n + v, 0);
      b.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
      return b;
    };
    await expect(readAll(concat([header('x', 1 << 24), new Uint8Array(1 << 24)]))).rejects.toThrow(/extended header of/);
    await expect(readAll(concat([header('Z', 0)]))).rejects.toThrow(/unhandled tar header type/);
    for (const record of ['3 a', '99999 path=x\n', '-5 path=x\n', '12 size=1e99\n\n', '9 nokey\n\n\n']) {
      const body = new Uint8Array(512);
      body.set(new TextEncoder().encode(record));
      await expect(readAll(concat([header('x', record.length), body, header('0', 0), TAR_END])), record).rejects.toThrow(/invalid tar header/);
    }
  });
});
