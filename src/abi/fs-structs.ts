/** Structures of the file calls as x86-64 lays them out: stat, statx, statfs, flock, linux_dirent64. */
import { major, minor, STAT_SIZE, STATX_ATTR_MOUNT_ROOT, STATX_BASIC_STATS, STATX_MNT_ID, STATX_SIZE } from './stat.ts';

interface Time { readonly sec: number; readonly nsec: number }

/** What stat(2) tells. */
export interface StatFields {
  readonly dev: number; readonly ino: number; readonly mode: number; readonly nlink: number; readonly uid: number; readonly gid: number; readonly rdev: number;
  readonly size: number; readonly blocks: number; readonly blockSize: number;
  readonly atime: Time; readonly mtime: Time; readonly ctime: Time;
}

class Packer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly view: DataView;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
  u16(at: number, v: number): void { this.view.setUint16(at, v, true); }
  u32(at: number, v: number): void { this.view.setUint32(at, v, true); }
  /** Signed or unsigned, exact below 2^53. */
  u64(at: number, v: number): void {
    const high = Math.floor(v / 0x100000000);
    this.view.setUint32(at, v - high * 0x100000000, true);
    this.view.setUint32(at + 4, high, true);
  }
  time(at: number, t: Time): void { this.u64(at, t.sec); this.u64(at + 8, t.nsec); }
}

export function packStat(s: StatFields): Uint8Array {
  const p = new Packer(STAT_SIZE);
  p.u64(0, s.dev); p.u64(8, s.ino); p.u64(16, s.nlink);
  p.u32(24, s.mode); p.u32(28, s.uid); p.u32(32, s.gid);
  p.u64(40, s.rdev); p.u64(48, s.size); p.u64(56, s.blockSize); p.u64(64, s.blocks);
  p.time(72, s.atime); p.time(88, s.mtime); p.time(104, s.ctime);
  return p.bytes;
}

export function packStatx(s: StatFields, mountId: number, mountRoot: boolean): Uint8Array {
  const p = new Packer(STATX_SIZE);
  p.u32(0, STATX_BASIC_STATS | STATX_MNT_ID); p.u32(4, s.blockSize);
  p.u64(8, mountRoot ? STATX_ATTR_MOUNT_ROOT : 0);
  p.u32(16, s.nlink); p.u32(20, s.uid); p.u32(24, s.gid); p.u16(28, s.mode);
  p.u64(32, s.ino); p.u64(40, s.size); p.u64(48, s.blocks); p.u64(56, STATX_ATTR_MOUNT_ROOT);
  p.time(64, s.atime); p.time(96, s.ctime); p.time(112, s.mtime);
  p.u32(128, major(s.rdev)); p.u32(132, minor(s.rdev)); p.u32(136, major(s.dev)); p.u32(140, minor(s.dev));
  p.u64(144, mountId);
  return p.bytes;
}

export interface StatfsFields { type: number; blocks: number; free: number; files: number; filesFree: number; nameMax: number; dev: number; flags: number }

export function packStatfs(s: StatfsFields): Uint8Array {
  const p = new Packer(120);
  p.u64(0, s.type); p.u64(8, 4096); p.u64(16, s.blocks); p.u64(24, s.free); p.u64(32, s.free);
  p.u64(40, s.files); p.u64(48, s.filesFree); p.u32(56, s.dev); p.u64(64, s.nameMax); p.u64(72, 4096); p.u64(80, s.flags);
  return p.bytes;
}

/** struct flock; `length` 0 is "to the end". */
export interface FlockFields { type: number; whence: number; start: number; length: number; pid: number }
export const FLOCK_SIZE = 32;

export function packFlock(f: FlockFields): Uint8Array {
  const p = new Packer(FLOCK_SIZE);
  p.u16(0, f.type); p.u16(2, f.whence); p.u64(8, f.start); p.u64(16, f.length); p.u32(24, f.pid);
  return p.bytes;
}

export function unpackFlock(bytes: Uint8Array): FlockFields {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { type: v.getInt16(0, true), whence: v.getInt16(2, true), start: Number(v.getBigInt64(8, true)), length: Number(v.getBigInt64(16, true)), pid: v.getInt32(24, true) };
}

/** Bytes of a linux_dirent64 with a name of `nameLength` bytes. */
export function dirent64Size(nameLength: number): number { return (19 + nameLength + 1 + 7) & ~7; }

export function packDirent64(ino: number, next: number, type: number, name: Uint8Array): Uint8Array {
  const p = new Packer(dirent64Size(name.length));
  p.u64(0, ino); p.u64(8, next); p.u16(16, p.bytes.length);
  p.bytes[18] = type;
  p.bytes.set(name, 19);
  return p.bytes;
}

/** The older linux_dirent: the type is the record's last byte. */
export function packDirent(ino: number, next: number, type: number, name: Uint8Array): Uint8Array {
  const p = new Packer((18 + name.length + 2 + 7) & ~7);
  p.u64(0, ino); p.u64(8, next); p.u16(16, p.bytes.length);
  p.bytes.set(name, 18);
  p.bytes[p.bytes.length - 1] = type;
  return p.bytes;
}
