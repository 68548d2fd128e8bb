import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileStore } from '../../../src/host/node/file-store.ts';
import { StoreUnavailable } from '../../../src/host/ports.ts';
import { storeSuite } from '../../suites/store.ts';

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'file-store-'));
let serial = 0;
const fresh = (): string => path.join(base, String(serial++));
afterAll(() => { fs.rmSync(base, { recursive: true, force: true }); });

const WRITER = `
import { FileStore } from ${JSON.stringify(path.resolve('src/host/node/file-store.ts'))};
const store = new FileStore(process.argv[1]);
process.stdout.write('open\\n');
for (let n = Number((await store.keys('gone/'))[0]?.slice(5) ?? -1) + 1; ; n++) {
  const value = new TextEncoder().encode(String(n).repeat(2000));
  await store.commit({ deletes: ['gone/' + (n - 1)], puts: [['gone/' + n, value], ...Array.from({ length: 8 }, (_, i) => ['v/' + i, value])] });
}
`;

describe('file store', () => {
  let last = '';
  storeSuite(async () => new FileStore(last = fresh()), async (store) => { await store.close(); return new FileStore(last); });

  it('survives kill -9 in the middle of commits with every batch whole', async () => {
    const root = fresh();
    const bundle = path.join(base, 'writer.mjs');
    const { build } = await import('vite');
    const entry = path.join(base, 'writer-entry.ts');
    fs.writeFileSync(entry, WRITER);
    await build({ configFile: false, logLevel: 'silent', build: { ssr: entry, outDir: base, emptyOutDir: false, minify: false, rolldownOptions: { output: { entryFileNames: 'writer.mjs' } } } });
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', `process.argv[1] = ${JSON.stringify(root)}; await import(${JSON.stringify(bundle)})`], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 60 + round * 17));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      const store = new FileStore(root);
      const values = (await store.entries('v/')).map(([, v]) => new TextDecoder().decode(v));
      const marks = await store.keys('gone/');
      expect(new Set(values).size).toBe(1);
      expect(marks).toHaveLength(1);
      const n = marks[0].slice(5);
      expect(values[0]).toBe(n.repeat(2000));
      expect(fs.readdirSync(path.join(root, 'journal'))).toEqual([]);
      await store.close();
    }
  });

  it('finishes the committed batches of a writer that died and drops its unfinished ones', async () => {
    const root = fresh(), main = new FileStore(root);
    const journal = path.join(root, 'journal');
    await main.commit({ puts: [['rw/old', new Uint8Array([1])]] });
    fs.writeFileSync(path.join(journal, 'box-1.7.p0'), 'value');
    fs.writeFileSync(path.join(journal, 'box-1.7'), JSON.stringify({ deletes: ['rw/old'], puts: [['rw/new', 'box-1.7.p0']] }));
    fs.writeFileSync(path.join(journal, 'box-1.8.p0'), 'never');
    fs.writeFileSync(path.join(journal, 'box-2.1.p0'), 'alive');
    main.recover('box-1');
    expect(await main.keys('rw/')).toEqual(['rw/new']);
    expect(fs.readdirSync(journal)).toEqual(['box-2.1.p0']);
    await main.close();
  });

  it('keeps a second daemon away, lets threads in, and takes over from a dead one', async () => {
    const root = fresh(), main = new FileStore(root);
    const second = (): unknown => { try { return new FileStore(root); } catch (e) { return e; } };
    expect(second()).toBeInstanceOf(StoreUnavailable);
    const box = new FileStore(root, { writer: 'box-1' });
    await box.commit({ puts: [['rw/a', new Uint8Array([1])], ['rw/b', new Uint8Array([2])]] });
    expect(main.getSync('rw/a')).toEqual(new Uint8Array([1]));
    await box.close();
    await main.close();
    fs.writeFileSync(path.join(root, 'lock'), `${process.pid} 12345`);
    const third = second() as FileStore;
    expect(third).toBeInstanceOf(FileStore);
    await third.close();
  });
});
