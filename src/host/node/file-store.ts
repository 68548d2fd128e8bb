/**
 * The KeyValueStore as files under a data root: one file per value. A batch of one put is a rename; any other batch is
 * written aside, then described by a journal file whose appearance (a rename) is the commit, then applied by renames, so
 * that kill -9 at any moment leaves all of it or nothing. What a dead writer left is finished or dropped at the next open.
 *
 * Several threads of one daemon may have the same root open, each under its own writer name and with disjoint prefixes; the
 * lock file keeps a second daemon away.
 *
 *   ROOT/lock                      pid of the daemon
 *   ROOT/data/layer/<hex>/index.v  value of key layer/<hex>/index
 *   ROOT/journal/<writer>.<n>      JSON of a committed batch: {deletes, puts: [key, part]}
 *   ROOT/journal/<writer>.<n>.p<i> a value on its way
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { StorageFull, StoreUnavailable, type KeyValueStore, type StoreBatch } from '../ports.ts';
import { DaemonLock } from './daemon-lock.ts';

export interface FileStoreOptions {
  /** Names this opener among the threads that share the root: a-z, 0-9 and dashes. The daemon itself has none: it takes the lock and recovers. */
  writer?: string;
}

interface Journal { deletes: string[]; puts: [key: string, part: string][] }

const MAIN = 'main';

export class FileStore implements KeyValueStore {
  private readonly data: string;
  private readonly journal: string;
  private readonly writer: string;
  private readonly lock: DaemonLock | undefined;
  private readonly directories = new Set<string>();
  private serial = 0;

  constructor(private readonly root: string, options: FileStoreOptions = {}) {
    this.data = path.join(root, 'data');
    this.journal = path.join(root, 'journal');
    this.writer = options.writer ?? MAIN;
    guard(() => { fs.mkdirSync(this.data, { recursive: true }); fs.mkdirSync(this.journal, { recursive: true }); });
    if (options.writer === undefined) {
      this.lock = new DaemonLock(path.join(root, 'lock'));
      this.recover();
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try { return bytes(await fs.promises.readFile(this.file(key))); } catch (e) { return missing(e); }
  }
  getSync(key: string): Uint8Array | undefined {
    try { return bytes(fs.readFileSync(this.file(key))); } catch (e) { return missing(e); }
  }
  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> { return Promise.all(keys.map((k) => this.get(k))); }

  async keys(prefix: string): Promise<string[]> {
    const out: string[] = [];
    const slash = prefix.lastIndexOf('/');
    await this.walk(prefix.slice(0, slash + 1), this.directory(prefix.slice(0, slash + 1)), (key) => { if (key.startsWith(prefix)) out.push(key); }, prefix);
    return out.sort();
  }

  async entries(prefix: string): Promise<[string, Uint8Array][]> {
    const keys = await this.keys(prefix), values = await this.getMany(keys);
    return keys.flatMap((key, i) => { const value = values[i]; return value ? [[key, value] as [string, Uint8Array]] : []; });
  }

  async commit(batch: StoreBatch): Promise<void> {
    const puts = [...new Map(batch.puts ?? [])];
    const put = new Set(puts.map(([key]) => key));
    const deletes = (batch.deletes ?? []).filter((key) => !put.has(key));
    if (puts.length + deletes.length === 0) return;
    const base = `${this.writer}.${this.serial++}`;
    const parts = puts.map(([key], i): [string, string] => [key, `${base}.p${i}`]);
    try {
      await Promise.all(parts.map(([, part], i) => this.writePart(part, puts[i][1])));
      const record: Journal = { deletes, puts: parts };
      const single = puts.length === 1 && deletes.length === 0;
      if (!single) {
        await this.writePart(`${base}.new`, Buffer.from(JSON.stringify(record)));
        fs.renameSync(path.join(this.journal, `${base}.new`), path.join(this.journal, base));
      }
      // Synchronous on purpose: no reader of this thread sees half of it.
      this.apply(record);
      if (!single) fs.unlinkSync(path.join(this.journal, base));
    } catch (e) {
      if (!fs.existsSync(path.join(this.journal, base))) {
        for (const name of [`${base}.new`, ...parts.map(([, part]) => part)]) fs.rmSync(path.join(this.journal, name), { force: true });
      }
      throw translate(e);
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    if (prefix.endsWith('/')) {
      this.directories.clear();
      await fs.promises.rm(this.directory(prefix), { recursive: true, force: true });
      return;
    }
    for (const key of await this.keys(prefix)) await fs.promises.rm(this.file(key), { force: true });
  }

  /** The disk of the data root, as df shows it. */
  async usage(): Promise<{ used: number; quota: number }> {
    const { blocks, bfree, bavail, bsize } = await fs.promises.statfs(this.root);
    const used = (blocks - bfree) * bsize;
    return { used, quota: used + bavail * bsize };
  }

  async close(): Promise<void> { this.lock?.release(); }

  /** Finishes what committed and drops what did not, of one dead writer or (at the daemon's start) of all. */
  recover(writer?: string): void {
    guard(() => {
      const mine = (name: string): boolean => writer === undefined || name.startsWith(`${writer}.`);
      for (const name of fs.readdirSync(this.journal).filter(mine)) {
        if (!/^[a-z0-9-]+\.\d+$/.test(name)) continue;
        this.apply(JSON.parse(fs.readFileSync(path.join(this.journal, name), 'utf8')) as Journal);
        fs.unlinkSync(path.join(this.journal, name));
      }
      for (const name of fs.readdirSync(this.journal).filter(mine)) fs.rmSync(path.join(this.journal, name), { force: true });
    });
  }

  private apply(record: Journal): void {
    for (const key of record.deletes) fs.rmSync(this.file(key), { force: true });
    for (const [key, part] of record.puts) {
      const from = path.join(this.journal, part), to = this.file(key), directory = path.dirname(to);
      if (!this.directories.has(directory)) { fs.mkdirSync(directory, { recursive: true }); this.directories.add(directory); }
      try { fs.renameSync(from, to); } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
        // Either a replayed journal had done this one already, or another thread deleted the directory.
        if (fs.existsSync(from)) { fs.mkdirSync(directory, { recursive: true }); fs.renameSync(from, to); }
      }
    }
  }

  private async writePart(name: string, value: Uint8Array): Promise<void> {
    const handle = await fs.promises.open(path.join(this.journal, name), 'w');
    try { await handle.writeFile(value); await handle.datasync(); } finally { await handle.close(); }
  }

  /** Calls `visit` for every key below `directory` ('' or ending in /), which lies at `where`; `prefix` prunes directories that cannot hold it. */
  private async walk(directory: string, where: string, visit: (key: string) => void, prefix: string): Promise<void> {
    let list: fs.Dirent[];
    try { list = await fs.promises.readdir(where, { withFileTypes: true }); } catch (e) { missing(e); return; }
    for (const entry of list) {
      const inside = path.join(where, entry.name);
      if (entry.isDirectory()) {
        const below = `${directory}${unescapeName(entry.name)}/`;
        if (below.startsWith(prefix) || prefix.startsWith(below)) await this.walk(below, inside, visit, prefix);
      } else {
        visit(directory + unescapeName(entry.name.slice(0, -2)));
      }
    }
  }

  /** Where the keys below `prefix` ('' or ending in /) lie. */
  private directory(prefix: string): string { return path.join(this.data, ...prefix.split('/').slice(0, -1).map(directoryName)); }

  private file(key: string): string {
    const parts = key.split('/'), last = parts.pop()!;
    return path.join(this.data, ...parts.map(directoryName), `${escapeName(last)}.v`);
  }
}

/** A key component as a file name: what is not safe in one on every system becomes %XX. */
function escapeName(part: string): string {
  return part === '' ? '%' : part.replace(/^\.|[^A-Za-z0-9._@+=-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
/** Value files end in .v; a directory never does, so that a key may be both a value and a prefix of others. */
function directoryName(part: string): string { return escapeName(part).replace(/\.v$/, '%2Ev'); }
function unescapeName(name: string): string { return name === '%' ? '' : decodeURIComponent(name); }

function bytes(b: Buffer): Uint8Array { return new Uint8Array(b.buffer, b.byteOffset, b.byteLength); }

function missing(e: unknown): undefined {
  const code = (e as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw translate(e);
}

function guard(f: () => void): void { try { f(); } catch (e) { throw translate(e); } }

function translate(e: unknown): Error {
  const code = (e as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StorageFull();
  if (code === 'EACCES' || code === 'EROFS' || code === 'EIO' || code === 'EPERM') return new StoreUnavailable(`the data root cannot be used: ${(e as Error).message}`);
  return e as Error;
}
