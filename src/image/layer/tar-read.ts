/**
 * A streaming tar reader: ustar, PAX (path, linkpath, size, uid, gid, mtime, SCHILY.xattr.*), GNU long names, base-256
 * numbers, GNU and PAX sparse files. Every header's checksum is verified; a stream that ends early is an error.
 * Reference: tar(5) of libarchive, POSIX pax, GNU tar manual "Tar Internals".
 */
import { InvalidParameter } from '../../base/errors.ts';
import { concat } from '../../base/streams.ts';
import { ByteReader } from './byte-reader.ts';
import { bad, cString, number } from './tar-field.ts';
import { gnuSparseMap, paxSparseMap, parseSparseText, type SparseRegion } from './tar-sparse.ts';

export const BLOCK = 512;
/** PAX and GNU long-name bodies beyond this are hostile (Go's archive/tar has the same limit). */
const MAX_SPECIAL = 1 << 20;

export type TarType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  /** As in the archive: may have a leading / or ./ and a trailing /. */
  name: string;
  type: TarType;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content as a program would read it, holes included. */
  size: number;
  mtimeSec: number;
  mtimeNsec: number;
  linkName: string;
  devMajor: number;
  devMinor: number;
  userName: string;
  groupName: string;
  xattrs: Map<string, Uint8Array>;
}

/** Told, in order, of all the bytes of an archive: those of contents, and the rest. Together they make up the archive again. */
export interface TarTap {
  /** Headers, padding, trailer. */
  raw(bytes: Uint8Array): void;
  /** `size` bytes of the content of the entry just read follow, which the consumer keeps. */
  content(size: number): void;
}

const utf8 = new TextDecoder();
const COMMA = new Uint8Array([0x2c]);
const TYPES: Record<string, TarType> = { '0': 'file', '\0': 'file', '7': 'file', '1': 'link', '2': 'symlink', '3': 'char', '4': 'block', '5': 'directory', '6': 'fifo', S: 'file' };

export class TarReader {
  private readonly bytes: ByteReader;
  private remaining = 0;
  private padding = 0;
  private sparse: SparseRegion[] | undefined;
  private sparseAt = 0;
  private name = '';

  constructor(source: AsyncIterable<Uint8Array>, private readonly tap?: TarTap) { this.bytes = new ByteReader(source); }

  /** Bytes of the archive read so far. */
  get position(): number { return this.bytes.position; }

  /** The next entry, after skipping what is left of the last one's content; undefined at the end. */
  async next(): Promise<TarEntry | undefined> {
    while (await this.read());
    await this.skipPadding();
    let pax: Map<string, Uint8Array> | undefined, longName: string | undefined, longLink: string | undefined;
    for (;;) {
      const header = await this.header();
      if (!header) return undefined;
      const flag = String.fromCharCode(header[156]);
      const size = number(header, 124, 12, 'size');
      if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
        if (size > MAX_SPECIAL) throw bad(`extended header of ${size} bytes`);
        const body = await this.exact(size);
        await this.raw(pad(size));
        if (flag === 'x') pax = parsePax(body);
        else if (flag === 'L') longName = cString(body, 0, body.length);
        else if (flag === 'K') longLink = cString(body, 0, body.length);
        continue;
      }
      return this.entry(header, flag, size, pax, longName, longLink);
    }
  }

  /** A piece of the current entry's content; undefined at its end. Valid until the next call. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.sparse) return this.readSparse(this.sparse);
    if (this.remaining === 0) return undefined;
    const piece = await this.bytes.some(this.remaining);
    if (!piece) throw truncated(this.name);
    this.remaining -= piece.length;
    return piece;
  }

  /** Reads what follows the end marker: archives are padded, and a digest covers that too. */
  async drain(): Promise<void> {
    for (let piece = await this.bytes.some(65536); piece; piece = await this.bytes.some(65536)) this.tap?.raw(piece);
  }

  close(): Promise<void> { return this.bytes.close(); }

  private async header(): Promise<Uint8Array | undefined> {
    for (let zeros = 0; ;) {
      const block = await this.bytes.take(BLOCK);
      this.tap?.raw(block);
      if (block.length === 0) return undefined;
      if (block.length < BLOCK) throw truncated(this.name);
      if (block.every((b) => b === 0)) {
        if (++zeros === 2) return undefined;
        continue;
      }
      if (zeros > 0) throw bad('a lone zero block');
      verifyChecksum(block);
      // The caller keeps it over further reads.
      return block.slice();
    }
  }

  private async entry(header: Uint8Array, flag: string, headerSize: number, pax: Map<string, Uint8Array> | undefined, longName: string | undefined, longLink: string | undefined): Promise<TarEntry> {
    const text = (key: string): string | undefined => { const v = pax?.get(key); return v && v.length > 0 ? utf8.decode(v) : undefined; };
    const paxNumber = (key: string): number | undefined => {
      const t = text(key);
      if (t === undefined) return undefined;
      if (!/^\d+$/.test(t) || !Number.isSafeInteger(Number(t))) throw bad(`PAX record ${key}=${t}`);
      return Number(t);
    };
    const ustar = cString(header, 257, 5) === 'ustar';
    const gnu = ustar && header[262] === 0x20;
    const prefix = ustar && !gnu ? cString(header, 345, 155) : '';
    const plain = cString(header, 0, 100);
    const name = text('GNU.sparse.name') ?? text('path') ?? longName ?? (prefix ? `${prefix}/${plain}` : plain);
    const [mtimeSec, mtimeNsec] = parseTime(text('mtime'), number(header, 136, 12, 'mtime'));
    let type = TYPES[flag];
    if (type === undefined) throw new InvalidParameter(`unhandled tar header type ${header[156]} of ${name}`);
    if (type === 'file' && flag !== 'S' && name.endsWith('/')) type = 'directory';

    const xattrs = new Map<string, Uint8Array>();
    for (const [key, value] of pax ?? []) if (key.startsWith('SCHILY.xattr.')) xattrs.set(key.slice(13), value.slice());
    const stored = type === 'file' ? paxNumber('size') ?? headerSize : 0;
    if (stored < 0) throw bad(`size of ${name}`);
    this.name = name;
    const size = await this.beginContent(header, flag, stored, text, paxNumber);
    return {
      name, type, size, mtimeSec, mtimeNsec, xattrs,
      mode: number(header, 100, 8, 'mode') & 0o7777,
      uid: paxNumber('uid') ?? number(header, 108, 8, 'uid'),
      gid: paxNumber('gid') ?? number(header, 116, 8, 'gid'),
      linkName: text('linkpath') ?? longLink ?? cString(header, 157, 100),
      devMajor: ustar ? number(header, 329, 8, 'devmajor') : 0,
      devMinor: ustar ? number(header, 337, 8, 'devminor') : 0,
      userName: text('uname') ?? (ustar ? cString(header, 265, 32) : ''),
      groupName: text('gname') ?? (ustar ? cString(header, 297, 32) : ''),
    };
  }

  /** Sets up read(); returns the size of the content. */
  private async beginContent(header: Uint8Array, flag: string, stored: number, text: (key: string) => string | undefined, paxNumber: (key: string) => number | undefined): Promise<number> {
    this.remaining = stored;
    this.padding = pad(stored);
    this.sparse = undefined;
    if (flag === 'S') {
      const extensions: Uint8Array[] = [];
      for (let more = header[482] !== 0; more; more = extensions.at(-1)![504] !== 0) {
        const block = (await this.exact(BLOCK)).slice();
        extensions.push(block);
      }
      this.sparse = gnuSparseMap(header, extensions, number(header, 483, 12, 'realsize'));
    } else if (text('GNU.sparse.major') === '1' && text('GNU.sparse.minor') === '0') {
      const table = await parseSparseText(async () => { const block = await this.exact(BLOCK); this.remaining -= BLOCK; return block; });
      this.sparse = paxSparseMap(table, paxNumber('GNU.sparse.realsize') ?? paxNumber('GNU.sparse.size') ?? 0);
    } else if (text('GNU.sparse.map') !== undefined) {
      this.sparse = paxSparseMap(text('GNU.sparse.map')!.split(',').map(Number), paxNumber('GNU.sparse.size') ?? 0);
    }
    if (!this.sparse) {
      if (stored > 0) this.tap?.content(stored);
      return stored;
    }
    this.sparseAt = 0;
    if (this.sparse.reduce((n, r) => n + (r.hole ? 0 : r.size), 0) !== this.remaining) throw bad(`sparse map of ${this.name}`);
    return this.sparse.reduce((n, r) => n + r.size, 0);
  }

  private async readSparse(map: SparseRegion[]): Promise<Uint8Array | undefined> {
    while (this.sparseAt < map.length && map[this.sparseAt].size === 0) this.sparseAt++;
    const region = map[this.sparseAt];
    if (!region) return undefined;
    let piece: Uint8Array;
    if (region.hole) {
      piece = new Uint8Array(Math.min(region.size, 65536));
    } else {
      const got = await this.bytes.some(region.size);
      if (!got) throw truncated(this.name);
      this.tap?.raw(got);
      this.remaining -= got.length;
      piece = got;
    }
    region.size -= piece.length;
    return piece;
  }

  private async skipPadding(): Promise<void> { await this.raw(this.padding); this.padding = 0; }
  private async raw(size: number): Promise<void> { if (size > 0) await this.exact(size); }

  private async exact(size: number): Promise<Uint8Array> {
    const got = await this.bytes.take(size);
    if (got.length < size) throw truncated(this.name);
    this.tap?.raw(got);
    return got;
  }
}

function truncated(name: string): InvalidParameter { return new InvalidParameter(`unexpected EOF: the tar archive is cut short${name ? ` in or after ${name}` : ''}`); }
function pad(size: number): number { return (BLOCK - size % BLOCK) % BLOCK; }

function verifyChecksum(header: Uint8Array): void {
  let unsigned = 0, signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const b = i >= 148 && i < 156 ? 0x20 : header[i];
    unsigned += b;
    signed += b < 128 ? b : b - 256;
  }
  const stored = number(header, 148, 8, 'checksum');
  if (stored !== unsigned && stored !== signed) throw bad('wrong checksum');
}

/** PAX records `length key=value\n`. */
function parsePax(body: Uint8Array): Map<string, Uint8Array> {
  const out = new Map<string, Uint8Array>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : utf8.decode(body.subarray(at, space));
    const end = at + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > body.length || end <= space + 1 || body[end - 1] !== 0x0a) {
      if (body.subarray(at).every((b) => b === 0)) break;
      throw bad('PAX record');
    }
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw bad('PAX record');
    const key = utf8.decode(body.subarray(space + 1, equals)), value = body.slice(equals + 1, end - 1);
    // Sparse format 0.0 repeats its records; 0.1 is the same list in one.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const list = out.get('GNU.sparse.map');
      out.set('GNU.sparse.map', list ? concat([list, COMMA, value]) : value);
    } else {
      out.set(key, value);
    }
    at = end;
  }
  return out;
}

function parseTime(pax: string | undefined, header: number): [sec: number, nsec: number] {
  if (pax === undefined) return [header, 0];
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(pax);
  if (!match) throw bad(`PAX record mtime=${pax}`);
  const nsec = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0')), sec = Number(match[2]);
  if (match[1] === '') return [sec, nsec];
  return nsec === 0 ? [-sec, 0] : [-sec - 1, 1e9 - nsec];
}
