/** What every KeyValueStore must do; each implementation's test runs it. */
import { describe, expect, it } from 'vitest';
import type { KeyValueStore } from '../../src/host/ports.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

/** @param reopen closes what `open` gave and opens the same data again; undefined when the store keeps nothing */
export function storeSuite(open: () => Promise<KeyValueStore>, reopen?: (store: KeyValueStore) => Promise<KeyValueStore>): void {
  const using = (body: (store: KeyValueStore) => Promise<void>) => async (): Promise<void> => {
    const store = await open();
    try { await body(store); } finally { await store.close(); }
  };

  describe('reading and writing', () => {
    it('gives back what was put, byte for byte, and nothing for other keys', using(async (s) => {
      const all = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) & 255);
      await s.commit({ puts: [['a/b', all], ['empty', new Uint8Array(0)]] });
      expect(await s.get('a/b')).toEqual(all);
      expect((await s.get('empty'))?.length).toBe(0);
      expect(await s.get('a')).toBeUndefined();
      expect(await s.get('a/b/c')).toBeUndefined();
      expect((await s.getMany(['empty', 'no', 'a/b'])).map((v) => v?.length)).toEqual([0, undefined, 70_000]);
    }));

    it('keeps a copy of the view only, not of the buffer behind it', using(async (s) => {
      const big = new Uint8Array(1000).fill(7), view = big.subarray(10, 13);
      const committed = s.commit({ puts: [['v', view]] });
      await committed;
      big.fill(9);
      expect([...(await s.get('v'))!]).toEqual([7, 7, 7]);
      const got = (await s.get('v'))!;
      got[0] = 1;
      expect((await s.get('v'))![0]).toBe(7);
    }));

    it('lets a key be a value and a prefix of other keys, with awkward names', using(async (s) => {
      const keys = ['k', 'k/x', 'k/x.v/y', 'k/x.v', 'k//z', 'k/./q', 'k/../q', 'k/A', 'k/a', 'k/a b%2F~\\:"*?', 'k/%', 'k/%2E'];
      await s.commit({ puts: keys.map((k) => [k, bytes(k)] as const) });
      for (const k of keys) expect(text(await s.get(k))).toBe(k);
      expect(await s.keys('k')).toEqual([...keys].sort());
      expect(await s.keys('k/x')).toEqual(['k/x', 'k/x.v', 'k/x.v/y']);
    }));

    it('lists a prefix in byte order, and only it', using(async (s) => {
      const keys = ['l/1', 'l/10', 'l/2', 'l/a/b', 'l-', 'l', 'm/1', 'k/9', 'l/~'];
      await s.commit({ puts: keys.map((k) => [k, bytes(k)] as const) });
      expect(await s.keys('l/')).toEqual(['l/1', 'l/10', 'l/2', 'l/a/b', 'l/~']);
      expect(await s.keys('l/1')).toEqual(['l/1', 'l/10']);
      expect(await s.keys('nothing')).toEqual([]);
      expect((await s.entries('l/')).map(([k, v]) => [k, text(v)])).toEqual([['l/1', 'l/1'], ['l/10', 'l/10'], ['l/2', 'l/2'], ['l/a/b', 'l/a/b'], ['l/~', 'l/~']]);
      expect((await s.keys('')).length).toBe(keys.length);
    }));

    it('applies deletes before puts', using(async (s) => {
      await s.commit({ puts: [['x', bytes('1')], ['y', bytes('1')]] });
      await s.commit({ deletes: ['x', 'y', 'never'], puts: [['x', bytes('2')]] });
      expect(text(await s.get('x'))).toBe('2');
      expect(await s.get('y')).toBeUndefined();
      await s.commit({});
    }));

    it('takes the last of two puts of the same key', using(async (s) => {
      await s.commit({ puts: [['x', bytes('1')], ['x', bytes('2')]] });
      expect(text(await s.get('x'))).toBe('2');
    }));

    it('deletes by prefix', using(async (s) => {
      await s.commit({ puts: ['p/a', 'p/b/c', 'p', 'pq', 'q/a'].map((k) => [k, bytes(k)] as const) });
      await s.deletePrefix('p/');
      expect(await s.keys('')).toEqual(['p', 'pq', 'q/a']);
      await s.deletePrefix('p');
      expect(await s.keys('')).toEqual(['q/a']);
      await s.commit({ puts: [['p/b/c', bytes('again')]] });
      expect(text(await s.get('p/b/c'))).toBe('again');
    }));

    it('reads at once where it offers to', using(async (s) => {
      await s.commit({ puts: [['x', bytes('1')]] });
      if (s.getSync) { expect(text(s.getSync('x'))).toBe('1'); expect(s.getSync('no')).toBeUndefined(); }
    }));

    it('handles a thousand values in one batch and many batches at once', using(async (s) => {
      await s.commit({ puts: Array.from({ length: 1000 }, (_, i) => [`many/${i}`, bytes(String(i))] as const) });
      expect((await s.keys('many/')).length).toBe(1000);
      await Promise.all(Array.from({ length: 20 }, (_, i) => s.commit({ puts: [[`c/${i}`, bytes('x')], [`d/${i}`, bytes('y')]] })));
      expect((await s.keys('c/')).length + (await s.keys('d/')).length).toBe(40);
      const usage = await s.usage();
      expect(usage.quota).toBeGreaterThanOrEqual(usage.used);
    }));
  });

  if (reopen) {
    it('keeps everything over close and open', async () => {
      let s = await open();
      await s.commit({ puts: [['a', bytes('1')], ['b/c', bytes('2')]] });
      s = await reopen(s);
      expect(await s.keys('')).toEqual(['a', 'b/c']);
      expect(text(await s.get('b/c'))).toBe('2');
      await s.close();
    });
  }
}
