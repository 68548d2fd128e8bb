import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { IdbStore } from '../../../src/host/browser/idb-store.ts';
import { storeSuite } from '../../suites/store.ts';

let serial = 0;

describe('IndexedDB store', () => {
  storeSuite(async () => new IdbStore(`suite-${serial++}`), async (store) => { await store.close(); return new IdbStore(`suite-${serial - 1}`); });

  it('is one transaction per batch: a value that cannot be stored leaves nothing', async () => {
    const store = new IdbStore(`torn-${serial++}`);
    const bad = new Proxy(new Uint8Array(1), {});
    await expect(store.commit({ puts: [['a', new Uint8Array(1)], ['b', bad]] })).rejects.toThrow();
    expect(await store.keys('')).toEqual([]);
  });

  it('may be open twice', async () => {
    const name = `twice-${serial++}`, one = new IdbStore(name), two = new IdbStore(name);
    await one.commit({ puts: [['x', new Uint8Array([1])]] });
    expect([...(await two.get('x'))!]).toEqual([1]);
    await one.close();
    await two.commit({ puts: [['y', new Uint8Array([2])]] });
    expect(await two.keys('')).toEqual(['x', 'y']);
  });
});
