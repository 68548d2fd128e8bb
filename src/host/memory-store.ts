/** A KeyValueStore in memory: for unit tests, and for a page that may not keep anything (private windows). */
import { StorageFull, type KeyValueStore, type StoreBatch } from './ports.ts';

export class MemoryStore implements KeyValueStore {
  private readonly values = new Map<string, Uint8Array>();
  private used = 0;

  /** @param quota bytes of keys and values after which commit throws StorageFull */
  constructor(private readonly quota = Infinity) {}

  async get(key: string): Promise<Uint8Array | undefined> { return this.getSync(key); }
  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> { return keys.map((k) => this.getSync(k)); }
  getSync(key: string): Uint8Array | undefined { return this.values.get(key)?.slice(); }

  async keys(prefix: string): Promise<string[]> { return this.keysSync(prefix); }
  async entries(prefix: string): Promise<[string, Uint8Array][]> { return this.keysSync(prefix).map((k) => [k, this.values.get(k)!.slice()]); }

  async commit(batch: StoreBatch): Promise<void> {
    const after = new Map<string, Uint8Array | undefined>();
    for (const key of batch.deletes ?? []) after.set(key, undefined);
    for (const [key, value] of batch.puts ?? []) after.set(key, value);
    let used = this.used;
    for (const [key, value] of after) used += cost(key, value) - cost(key, this.values.get(key));
    if (used > this.quota) throw new StorageFull();
    for (const [key, value] of after) { if (value) this.values.set(key, value.slice()); else this.values.delete(key); }
    this.used = used;
  }

  async deletePrefix(prefix: string): Promise<void> { await this.commit({ deletes: this.keysSync(prefix) }); }
  async usage(): Promise<{ used: number; quota: number }> { return { used: this.used, quota: this.quota }; }
  async close(): Promise<void> {}

  private keysSync(prefix: string): string[] { return [...this.values.keys()].filter((k) => k.startsWith(prefix)).sort(); }
}

function cost(key: string, value: Uint8Array | undefined): number { return value ? key.length + value.length : 0; }
