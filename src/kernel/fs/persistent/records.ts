/**
 * Records of a persistent tree in the KeyValueStore, under its prefix:
 *
 *   i/<inode>          metadata of an inode, JSON
 *   e/<dir>/<name>     one directory entry: name and inode, JSON
 *   d/<inode>/<chunk>  bytes of a regular file, zeros at the end left out
 *
 * One record per inode and per entry, so that two sandboxes that write to one volume merge name by name. Inode numbers are
 * random and written in base 36; link counts are not stored but counted at load.
 */
import { encodeName } from '../../vfs/name.ts';

/** Bytes of a file in one record. */
export const STORED_CHUNK = 64 * 1024;

/** Inode number of the root of every tree. */
export const ROOT_INO = 1;

export interface InodeRecord {
  mode: number; uid: number; gid: number;
  rdev?: number;
  size?: number;
  /** Seconds and nanoseconds of atime, mtime and ctime. */
  times: number[];
  target?: string;
  /** Values in base 64. */
  xattrs?: Record<string, string>;
  /** Copied up from this path of the image; `end` bytes of its content still count. */
  origin?: { path: string; ino: number; end: number };
}

export interface EntryRecord { name: string; ino: number }

const encoder = new TextEncoder(), decoder = new TextDecoder();
export function encodeRecord(record: InodeRecord | EntryRecord): Uint8Array { return encoder.encode(JSON.stringify(record)); }
export function decodeInode(bytes: Uint8Array): InodeRecord { return JSON.parse(decoder.decode(bytes)) as InodeRecord; }
export function decodeEntry(bytes: Uint8Array): EntryRecord { return JSON.parse(decoder.decode(bytes)) as EntryRecord; }

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary);
}
export function fromBase64(text: string): Uint8Array { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }

/** Keys of one tree. */
export class Keys {
  readonly inodes: string;
  readonly entries: string;
  readonly data: string;

  constructor(prefix: string) {
    this.inodes = `${prefix}/i/`;
    this.entries = `${prefix}/e/`;
    this.data = `${prefix}/d/`;
  }

  inode(ino: number): string { return this.inodes + ino.toString(36); }
  entry(dir: number, name: string): string { return `${this.entries}${dir.toString(36)}/${escapeName(name)}`; }
  chunk(ino: number, chunk: number): string { return `${this.data}${ino.toString(36)}/${chunk.toString(36)}`; }

  inoOf(key: string): number { return parseInt(key.slice(this.inodes.length), 36); }
  dirOf(key: string): number { return parseInt(key.slice(this.entries.length), 36); }
  chunkOf(key: string): { ino: number; chunk: number } {
    const [ino, chunk] = key.slice(this.data.length).split('/');
    return { ino: parseInt(ino, 36), chunk: parseInt(chunk, 36) };
  }
}

const LONGEST = 180;

/** A name as a key component: other than letters, digits, dot, dash and underscore as =XX; long ones end in a hash of the whole. */
function escapeName(name: string): string {
  let out = '';
  for (const b of encodeName(name)) {
    const c = String.fromCharCode(b);
    out += /[A-Za-z0-9._-]/.test(c) ? c : `=${b.toString(16).padStart(2, '0')}`;
  }
  if (out === '.' || out === '..') throw new Error(`${out} is no entry`);
  return out.length <= LONGEST ? out : `${out.slice(0, LONGEST - 30)}=~${hash(out)}`;
}

/** FNV-1a twice over, as 16 hexadecimal digits. */
function hash(text: string): string {
  let a = 0x811c9dc5, b = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i) ^ (i & 0xff), 0x01000193);
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}
