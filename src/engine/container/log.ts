/**
 * A container's log with the semantics of Docker's json-file driver: one entry a line, with stream and time; a line longer
 * than 16 KiB is several entries; what has no newline at the end of the process is still an entry. Bytes are kept exactly.
 *
 * Store: `log/<id>/<n>`, chunks of about 64 KiB of entries {stream u8, time u64, length u32, bytes}. The last chunk is
 * rewritten as it grows. max-size and max-file bound the sum of all chunks.
 */
import type { KeyValueStore } from '../../host/ports.ts';
import type { LogConfig } from '../api/types/container.ts';
import type { StdStream } from '../api/stdcopy.ts';
import { concat } from '../bytes.ts';
import { parseSize } from '../../base/units.ts';

export interface LogEntry { stream: StdStream; time: bigint; data: Uint8Array }

export interface LogQuery {
  stdout: boolean;
  stderr: boolean;
  /** Number of entries from the end; undefined for all. */
  tail?: number;
  since?: bigint;
  until?: bigint;
}

const CHUNK = 64 * 1024, LINE = 16 * 1024, FLUSH_MS = 1000, HEAD = 13;

export class ContainerLog {
  /** False for the `none` driver: nothing is kept. */
  readonly readable: boolean;
  private readonly limit: number;
  private chunks: { n: number; size: number }[] | undefined;
  private tail: LogEntry[] = [];
  private tailSize = 0;
  private dirty = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writing: Promise<void> = Promise.resolve();
  private readonly partial: Record<StdStream, Uint8Array[]> = { stdout: [], stderr: [] };
  private readonly followers = new Set<(entry: LogEntry | undefined) => void>();

  constructor(private readonly store: KeyValueStore, private readonly id: string, config: LogConfig) {
    this.readable = config.Type !== 'none';
    const size = parseSize(config.Config['max-size'] ?? '');
    this.limit = size === undefined || size <= 0 ? Infinity : size * Math.max(1, Number(config.Config['max-file'] ?? '1'));
  }

  /** Takes output as it comes; whole lines become entries at once. */
  async write(stream: StdStream, data: Uint8Array, now: bigint): Promise<void> {
    if (!this.readable) return;
    const partial = this.partial[stream];
    for (let at = 0; at < data.length;) {
      const held = partial.reduce((n, p) => n + p.length, 0);
      const newline = data.indexOf(10, at);
      const end = Math.min(newline < 0 ? data.length : newline + 1, at + LINE - held);
      partial.push(data.slice(at, end));
      if (end - 1 === newline || held + end - at >= LINE) await this.cut(stream, now);
      at = end;
    }
  }

  /** The process has ended: what is left becomes an entry, everything is stored, followers end. */
  async finish(now: bigint): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) if (this.partial[stream].length > 0) await this.cut(stream, now);
    for (const follower of this.followers) follower(undefined);
    this.followers.clear();
    await this.flush();
  }

  /** `listener` gets each entry from now on, and undefined at the end of the run. */
  follow(listener: (entry: LogEntry | undefined) => void): () => void {
    this.followers.add(listener);
    return () => { this.followers.delete(listener); };
  }

  /** The stored entries the query asks for, oldest first. */
  async read(query: LogQuery): Promise<LogEntry[]> {
    const chunks = await this.load();
    const current = [...this.tail];
    const wanted = (e: LogEntry): boolean => query[e.stream] && (query.since === undefined || e.time >= query.since) && (query.until === undefined || e.time <= query.until);
    const pieces: LogEntry[][] = [current.filter(wanted)];
    let count = pieces[0].length;
    for (let i = chunks.length - 1; i >= 0 && (query.tail === undefined || count < query.tail); i--) {
      const bytes = await this.store.get(this.key(chunks[i].n));
      const entries = bytes ? decode(bytes) : [];
      const kept = entries.filter(wanted);
      pieces.unshift(kept);
      count += kept.length;
      if (query.since !== undefined && entries.length > 0 && entries[0].time < query.since) break;
    }
    const all = pieces.flat();
    return query.tail === undefined ? all : all.slice(Math.max(0, all.length - query.tail));
  }

  private async cut(stream: StdStream, time: bigint): Promise<void> {
    const entry: LogEntry = { stream, time, data: concat(this.partial[stream]) };
    this.partial[stream].length = 0;
    this.tail.push(entry);
    this.tailSize += HEAD + entry.data.length;
    this.dirty = true;
    for (const follower of this.followers) follower(entry);
    if (this.tailSize >= CHUNK) await this.flush();
    else this.timer ??= setTimeout(() => { void this.flush(); }, FLUSH_MS);
  }

  private flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.writeTail()).catch(() => undefined);
    return this.writing;
  }

  private async writeTail(): Promise<void> {
    if (!this.dirty) return;
    this.dirty = false;
    const chunks = await this.load();
    const n = (chunks.at(-1)?.n ?? 0) + 1;
    const entries = this.tail, size = this.tailSize;
    const full = size >= CHUNK;
    const deletes: string[] = [];
    if (full) {
      chunks.push({ n, size });
      this.tail = [];
      this.tailSize = 0;
      let total = chunks.reduce((sum, c) => sum + c.size, 0);
      while (total > this.limit && chunks.length > 1) {
        const dropped = chunks.shift()!;
        total -= dropped.size;
        deletes.push(this.key(dropped.n));
      }
    }
    await this.store.commit({ puts: [[this.key(n), encode(entries, size)]], deletes });
  }

  /** The full chunks of earlier; a last one that is not full is taken back into memory. */
  private async load(): Promise<{ n: number; size: number }[]> {
    if (this.chunks) return this.chunks;
    const keys = await this.store.keys(`log/${this.id}/`);
    if (this.chunks) return this.chunks;
    const chunks = keys.map((key) => ({ n: Number(key.slice(key.lastIndexOf('/') + 1)), size: CHUNK }));
    const last = chunks.at(-1);
    if (last) {
      const bytes = await this.store.get(this.key(last.n));
      if (bytes && bytes.length < CHUNK) {
        chunks.pop();
        this.tail.unshift(...decode(bytes));
        this.tailSize += bytes.length;
      }
    }
    return (this.chunks ??= chunks);
  }

  private key(n: number): string { return `log/${this.id}/${String(n).padStart(8, '0')}`; }
}

function encode(entries: readonly LogEntry[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { stream, time, data } of entries) {
    view.setUint8(at, stream === 'stderr' ? 2 : 1);
    view.setBigUint64(at + 1, time);
    view.setUint32(at + 9, data.length);
    out.set(data, at + HEAD);
    at += HEAD + data.length;
  }
  return out;
}

function decode(bytes: Uint8Array): LogEntry[] {
  const out: LogEntry[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + HEAD <= bytes.length;) {
    const length = view.getUint32(at + 9);
    out.push({ stream: view.getUint8(at) === 2 ? 'stderr' : 'stdout', time: view.getBigUint64(at + 1), data: bytes.slice(at + HEAD, at + HEAD + length) });
    at += HEAD + length;
  }
  return out;
}
