/** Bytes of a host file: read and written through at once; pages are kept only while they are mapped. */
import { EFBIG } from '../../../abi/errno.ts';
import { PAGE_SIZE } from '../../../cpu/memory.ts';
import type { HostFs } from '../../../host/ports.ts';
import type { IoSink, IoSource } from '../../io.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { CachedContent, type ContentHost } from '../../vfs/cached-content.ts';
import type { ContentSource } from '../../vfs/content.ts';
import { ask } from './ask.ts';
import type { HostInode } from './hostfs.ts';

const PIECE = 256 * 1024;

class HostSource implements ContentSource {
  readonly size = Infinity;
  constructor(private readonly host: HostFs, private readonly inode: HostInode) {}
  peek(offset: number, into: Uint8Array): boolean {
    let done = 0;
    while (done < into.length) {
      const n = ask(() => this.host.read(this.inode.hostPath, offset + done, into.subarray(done)));
      if (n === 0) break;
      done += n;
    }
    into.fill(0, done);
    return true;
  }
  fetch(): undefined { return undefined; }
}

export class HostContent extends CachedContent {
  private readonly dirty = new Set<number>();
  private readonly file: { host: HostFs; inode: HostInode };

  constructor(kernel: ContentHost, host: HostFs, inode: HostInode) {
    super(kernel, new HostSource(host, inode), inode.size, Infinity);
    this.file = { host, inode };
  }

  override get size(): number { return this.file.inode.size; }
  override get allocated(): number { return this.size; }

  /** The size the base class works with is what the host says now. */
  private sync(): void {
    this.file.inode.refresh();
    this.end = this.file.inode.size;
    this.sourceEnd = this.end;
  }

  override readAt(task: Task, into: IoSink, offset: number): SysResult {
    this.sync();
    return super.readAt(task, into, offset);
  }

  override writeAt(_task: Task, from: IoSource, offset: number): SysResult {
    if (offset + from.remaining > 2 ** 47) return -EFBIG;
    const { host, inode } = this.file;
    let at = offset;
    while (from.remaining > 0) {
      const piece = from.take(PIECE);
      if (piece.length === 0) break;
      const bytes = piece.slice();
      for (let done = 0; done < bytes.length;) done += ask(() => host.write(inode.hostPath, at + done, bytes.subarray(done)));
      this.store(at, bytes);
      at += bytes.length;
    }
    this.sync();
    return at - offset;
  }

  /** Brings mapped pages up to date. */
  private store(offset: number, bytes: Uint8Array): void {
    const { pages, code } = this.host;
    for (let done = 0; done < bytes.length;) {
      const at = offset + done, within = at % PAGE_SIZE, n = Math.min(PAGE_SIZE - within, bytes.length - done), page = this.cached.get((at - within) / PAGE_SIZE);
      if (page !== undefined) {
        if (code.hasCode(page)) code.dropPage(page);
        pages.memory.u8.set(bytes.subarray(done, done + n), page + within);
      }
      done += n;
    }
  }

  override page(index: number, forWrite: boolean): number {
    this.sync();
    return super.page(index, forWrite);
  }

  override truncate(size: number): void {
    ask(() => this.file.host.truncate(this.file.inode.hostPath, size));
    super.truncate(size);
    this.sync();
  }

  protected override dirtied(index: number): void { this.dirty.add(index); }
  protected override recoverable(index: number): boolean { return !this.dirty.has(index); }

  /** Writes what shared mappings have stored; pages that are still mapped may change again. */
  writeBack(): void {
    const { host, inode } = this.file;
    for (const index of this.dirty) {
      const page = this.cached.get(index), start = index * PAGE_SIZE, n = Math.min(PAGE_SIZE, this.size - start);
      if (page === undefined || n <= 0) { this.dirty.delete(index); continue; }
      const bytes = this.host.pages.memory.u8.slice(page, page + n);
      for (let done = 0; done < n;) done += ask(() => host.write(inode.hostPath, start + done, bytes.subarray(done)));
      if (this.host.pages.refs(page) === 1) this.dirty.delete(index);
    }
  }
}
