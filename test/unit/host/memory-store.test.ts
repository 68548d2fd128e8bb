import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import { StorageFull } from '../../../src/host/ports.ts';
import { storeSuite } from '../../suites/store.ts';

describe('memory store', () => {
  storeSuite(async () => new MemoryStore());

  it('refuses a batch that does not fit and keeps nothing of it', async () => {
    const store = new MemoryStore(100);
    await store.commit({ puts: [['a', new Uint8Array(60)]] });
    await expect(store.commit({ deletes: [], puts: [['b', new Uint8Array(10)], ['c', new Uint8Array(60)]] })).rejects.toBeInstanceOf(StorageFull);
    expect(await store.keys('')).toEqual(['a']);
    await store.commit({ deletes: ['a'], puts: [['c', new Uint8Array(60)]] });
    expect(await store.keys('')).toEqual(['c']);
  });
});
