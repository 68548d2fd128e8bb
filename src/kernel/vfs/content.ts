/** The bytes of a regular file: what its inode offers to open files and mappings. */
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import type { FileMapping } from './file.ts';
import type { Inode, Timespec } from './inode.ts';

export interface Content extends FileMapping {
  /** Reads at `offset`; 0 at the end. Short only at the end of the file or when guest memory is bad. */
  readAt(task: Task, into: IoSink, offset: number): SysResult;
  /** Writes at `offset`, growing the file. */
  writeAt(task: Task, from: IoSource, offset: number): SysResult;
  truncate(size: number): void;
  /** fallocate(2) with FALLOC_FL_* `mode`. */
  allocate(offset: number, length: number, mode: number): SysResult;
  /** SEEK_DATA, SEEK_HOLE: the next offset of that kind, undefined beyond the last data. */
  nextData(offset: number): number | undefined;
  nextHole(offset: number): number;
  /** Bytes of storage in use, for st_blocks. */
  readonly allocated: number;
}

/** A regular file's inode. `content` may become another object (overlay copy-up), so ask each time. */
export interface RegularInode extends Inode {
  readonly content: Content;
  /** Time of this filesystem's clock. */
  now(): Timespec;
  /** An open file came or went: what has no name lives until the last one is closed. */
  opened(): void;
  closed(): void;
}

/** Read-only bytes below a cached content: a layer's blob, stored chunks of a volume. */
export interface ContentSource {
  readonly size: number;
  /** Fills `into` from `offset` if the bytes are at hand (zero beyond the end); false when they must be fetched. */
  peek(offset: number, into: Uint8Array): boolean;
  /** Brings [offset, offset+length) to hand; undefined when it is already. Rejects when the store fails. */
  fetch(offset: number, length: number): Promise<void> | undefined;
}
