/**
 * The KeyValueStore on IndexedDB, through idb-keyval's store. A batch is one IndexedDB transaction with strict durability
 * where the browser has it, so that a closed tab or a crash keeps all of it or nothing. Any number of workers may have the
 * same store open. Reference: Indexed Database API 3.0.
 */
import { createStore, promisifyRequest, type UseStore } from 'idb-keyval';
import { StorageFull, StoreUnavailable, type KeyValueStore, type StoreBatch } from '../ports.ts';

/** Values read per request while walking a prefix. */
const PAGE = 256;

export class IdbStore implements KeyValueStore {
  private readonly use: UseStore;
  private readonly pending = new Set<Promise<unknown>>();

  constructor(databaseName: string) { this.use = createStore(databaseName, 'values'); }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.run('readonly', (store) => promisifyRequest(store.get(key) as IDBRequest<Uint8Array | undefined>));
  }

  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.run('readonly', (store) => Promise.all(keys.map((k) => promisifyRequest(store.get(k) as IDBRequest<Uint8Array | undefined>))));
  }

  keys(prefix: string): Promise<string[]> {
    return this.run('readonly', (store) => promisifyRequest(store.getAllKeys(range(prefix)) as IDBRequest<string[]>));
  }

  async entries(prefix: string): Promise<[string, Uint8Array][]> {
    const out: [string, Uint8Array][] = [];
    for (let keys = await this.keys(prefix); keys.length > 0; keys = keys.slice(PAGE)) {
      const page = keys.slice(0, PAGE), values = await this.getMany(page);
      page.forEach((key, i) => { const value = values[i]; if (value) out.push([key, value]); });
    }
    return out;
  }

  commit(batch: StoreBatch): Promise<void> {
    return this.write((store) => {
      for (const key of batch.deletes ?? []) store.delete(key);
      for (const [key, value] of batch.puts ?? []) store.put(exact(value), key);
    });
  }

  deletePrefix(prefix: string): Promise<void> { return this.write((store) => { store.delete(range(prefix)); }); }

  async usage(): Promise<{ used: number; quota: number }> {
    const estimate = await globalThis.navigator?.storage?.estimate?.() ?? {};
    return { used: estimate.usage ?? 0, quota: estimate.quota ?? Infinity };
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.pending]);
    await this.run('readonly', (store) => { store.transaction.db.close(); return Promise.resolve(); }).catch(() => undefined);
  }

  private write(change: (store: IDBObjectStore) => void): Promise<void> {
    return this.run('readonly', async ({ name, transaction: { db } }) => {
      // idb-keyval's own read-write transactions have the default, relaxed durability.
      const transaction = db.transaction(name, 'readwrite', { durability: 'strict' });
      const done = promisifyRequest(transaction);
      try { change(transaction.objectStore(name)); } catch (e) { transaction.abort(); await done.catch(() => undefined); throw e; }
      await done;
    });
  }

  private run<T>(mode: IDBTransactionMode, body: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    const running = this.use(mode, body).catch((e: unknown) => { throw translate(e); });
    this.pending.add(running);
    const forget = (): void => { this.pending.delete(running); };
    running.then(forget, forget);
    return running;
  }
}

/** Keys are ASCII, so that the character after every ASCII one ends the range. */
function range(prefix: string): IDBKeyRange { return IDBKeyRange.bound(prefix, prefix + '\u0080', false, true); }

/** IndexedDB stores the whole buffer behind a view. */
function exact(value: Uint8Array): Uint8Array { return value.byteLength === value.buffer.byteLength ? value : value.slice(); }

function translate(e: unknown): Error {
  const name = (e as { name?: string } | null)?.name;
  if (name === 'QuotaExceededError') return new StorageFull();
  if (name === 'InvalidStateError' || name === 'UnknownError' || name === 'SecurityError' || name === 'VersionError') {
    return new StoreUnavailable(`the browser's storage cannot be used: ${(e as Error).message}`);
  }
  return e instanceof Error ? e : new StoreUnavailable(`the browser's storage failed: ${String(e)}`);
}
