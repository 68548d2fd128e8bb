/** What the persistent tree promises: nothing torn, nothing lost, lazy data, shared volumes that merge by name. */
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../../src/host/memory-store.ts';
import { StorageFull, type KeyValueStore, type StoreBatch } from '../../../../src/host/ports.ts';
import { OverlayFs } from '../../../../src/kernel/fs/overlay/overlay.ts';
import { PersistentFs } from '../../../../src/kernel/fs/persistent/persistent-fs.ts';
import { Rig } from '../../../support/kernel-rig.ts';
import { buildLayer, type LayerTree, stack } from '../../../support/layers.ts';

const volume = (store: KeyValueStore, exclusive = true, memory?: number): Promise<Rig> => Rig.create((vfs) => PersistentFs.load(vfs, store, 'volume/v', { exclusive }), memory);
const MB = 1 << 20;

/** A store without synchronous reads that counts, and can fail. */
class SlowStore extends MemoryStore {
  override getSync = undefined as never;
  reads: string[] = [];
  commits = 0;
  failure: Error | undefined;
  override async get(key: string): Promise<Uint8Array | undefined> {
    this.reads.push(key);
    return (await this.getMany([key]))[0];
  }
  override async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> { return keys.map((k) => MemoryStore.prototype.getSync.call(this, k) as Uint8Array | undefined); }
  override async commit(batch: StoreBatch): Promise<void> {
    this.commits++;
    if (this.failure) throw this.failure;
    await super.commit(batch);
  }
}

describe('persistent', () => {
  it('keeps metadata of every kind', async () => {
    const store = new MemoryStore(), rig = await volume(store);
    await rig.must('mkdir', '/dir', 0o711);
    await rig.write('/dir/f', 'data');
    await rig.must('link', '/dir/f', '/hard');
    await rig.must('symlink', 'dir/f', '/soft');
    await rig.must('mknod', '/fifo', 0o010600, 0);
    await rig.must('mknod', '/null', 0o020666, 0x103);
    await rig.must('chown', '/dir/f', 12, 34);
    await rig.must('setxattr', '/dir/f', 'user.colour', 'red', 3, 0);
    const long = '/' + 'ü'.repeat(127);
    await rig.write(long, 'long name');
    const spec = rig.alloc(32);
    rig.task.mm.writeU64(spec, 1_000_000); rig.task.mm.writeU64(spec + 8, 5); rig.task.mm.writeU64(spec + 16, 2_000_000); rig.task.mm.writeU64(spec + 24, 7);
    await rig.must('utimensat', -100, '/dir/f', spec, 0);
    const before = await rig.stat('/dir/f');
    await rig.must('sync');

    const again = await volume(store);
    expect(await again.stat('/dir/f')).toEqual(before);
    expect(before).toMatchObject({ nlink: 2, uid: 12, gid: 34, mtime: 2_000_000 });
    expect(await again.read('/hard')).toBe('data');
    expect(await again.read('/soft')).toBe('data');
    expect(await again.stat('/dir')).toMatchObject({ mode: 0o040711, nlink: 2 });
    expect(await again.stat('/fifo')).toMatchObject({ mode: 0o010600 });
    expect(await again.stat('/null')).toMatchObject({ rdev: 0x103 });
    expect(await again.read(long)).toBe('long name');
    const value = again.alloc(16);
    expect(again.text(value, await again.must('getxattr', '/dir/f', 'user.colour', value, 16))).toBe('red');
  });

  it('commits all of a flush or nothing of it', async () => {
    const store = new SlowStore(), rig = await volume(store);
    await rig.write('/a', 'first');
    await rig.must('sync');
    store.failure = new Error('the power went');
    await rig.must('rename', '/a', '/b');
    await rig.write('/b', 'second');
    expect(await rig.outcome('open', '/b', 0, 0)).toEqual(expect.any(Number));
    const fd = await rig.must('open', '/b', 1, 0);
    expect(await rig.outcome('fsync', fd)).toBe('EIO');
    const crashed = await volume(store);
    expect(await crashed.list('/')).toEqual(['a']);
    expect(await crashed.read('/a')).toBe('first');
    store.failure = undefined;
    await rig.must('fsync', fd);
    const later = await volume(store);
    expect(await later.list('/')).toEqual(['b']);
    expect(await later.read('/b')).toBe('second');
  });

  it('says ENOSPC when the store is full, loses nothing, and goes on when there is room', async () => {
    const store = new SlowStore(), rig = await volume(store);
    await rig.write('/kept', 'kept');
    store.failure = new StorageFull();
    const fd = await rig.must('open', '/kept', 1, 0);
    expect(await rig.outcome('fsync', fd)).toBe('ENOSPC');
    expect(await rig.outcome('open', '/new', 0o101, 0o644)).toBe('ENOSPC');
    const other = await rig.must('open', '/kept', 1, 0);
    expect(await rig.outcome('pwrite64', other, 'x', 1, 10 * MB)).toBe('ENOSPC');
    expect(await rig.read('/kept')).toBe('kept');
    store.failure = undefined;
    await rig.must('fsync', fd);
    await rig.write('/new', 'fits');
    await rig.must('sync');
    expect(await (await volume(store)).list('/')).toEqual(['kept', 'new']);
  });

  it('reads data lazily, chunk by chunk, and writes only chunks that changed', async () => {
    const store = new SlowStore(), rig = await volume(store), big = new Uint8Array(MB).map((_, i) => i * 7 + (i >>> 12));
    await rig.write('/big', big);
    await rig.must('sync');
    const again = await volume(store);
    store.reads = [];
    expect(store.reads).toHaveLength(0);
    const fd = await again.must('open', '/big', 2, 0), buffer = again.alloc(16);
    expect(await again.must('pread64', fd, buffer, 16, 500_000)).toBe(16);
    expect(again.bytes(buffer, 16)).toEqual(big.subarray(500_000, 500_016));
    expect(store.reads).toHaveLength(1);
    await again.must('pwrite64', fd, 'changed', 7, 700_000);
    const puts: string[] = [], commit = store.commit.bind(store);
    store.commit = async (batch) => { puts.push(...(batch.puts ?? []).map(([key]) => key)); await commit(batch); };
    await again.must('fsync', fd);
    expect(puts.filter((k) => k.includes('/d/'))).toHaveLength(1);
    big.set(new TextEncoder().encode('changed'), 700_000);
    expect(Buffer.compare(await (await volume(store)).readBytes('/big'), big)).toBe(0);
  });

  it('shortened and regrown files have zeros, whatever was flushed between', async () => {
    const store = new MemoryStore();
    let rig = await volume(store);
    await rig.write('/f', 'x'.repeat(200_000));
    for (const flush of [true, false, true]) {
      await rig.must('truncate', '/f', 100);
      if (flush) { await rig.must('sync'); rig = await volume(store); }
      await rig.must('truncate', '/f', 150_000);
      await rig.must('sync');
      rig = await volume(store);
      expect(Buffer.from(await rig.readBytes('/f')).equals(Buffer.concat([Buffer.from('x'.repeat(100)), Buffer.alloc(149_900)]))).toBe(true);
    }
  });

  it('files without a name live until closed, and leave nothing', async () => {
    const store = new MemoryStore(), rig = await volume(store);
    const fd = await rig.must('open', '/gone', 0o102, 0o600);
    await rig.must('write', fd, 'still here', 10);
    await rig.must('sync');
    await rig.must('unlink', '/gone');
    await rig.must('sync');
    const buffer = rig.alloc(16);
    expect(rig.text(buffer, await rig.must('pread64', fd, buffer, 16, 0))).toBe('still here');
    await rig.must('close', fd);
    await rig.must('sync');
    expect((await store.keys('volume/v/')).filter((k) => k.includes('/d/'))).toEqual([]);
    expect(await store.keys('volume/v/i/')).toHaveLength(1);
  });

  it('more data than guest memory passes through', async () => {
    const store = new SlowStore(), rig = await volume(store, true, 24 * MB), block = new Uint8Array(MB);
    const fd = await rig.must('open', '/huge', 0o102, 0o600);
    for (let i = 0; i < 40; i++) {
      block.fill(i + 1);
      for (let at = 0; at < MB;) at += await rig.must('write', fd, block.subarray(at), MB - at);
    }
    const buffer = rig.alloc(1);
    for (const i of [0, 13, 39]) {
      await rig.must('pread64', fd, buffer, 1, i * MB + 77);
      expect(rig.bytes(buffer, 1)[0]).toBe(i + 1);
    }
  });

  it('two sandboxes on one volume merge name by name', async () => {
    const store = new MemoryStore(), one = await volume(store, false), two = await volume(store, false);
    await one.write('/one', '1');
    await two.write('/two', '2');
    await one.must('sync');
    await two.must('sync');
    const both = await volume(store, false);
    expect(await both.list('/')).toEqual(['one', 'two']);
    expect(await both.read('/one') + await both.read('/two')).toBe('12');
  });

  it('flushes by itself within a second or so', async () => {
    const store = new MemoryStore(), rig = await volume(store);
    await rig.write('/f', 'x');
    await new Promise((done) => setTimeout(done, 1300));
    expect(await (await volume(store)).list('/')).toEqual(['f']);
  });
});

describe('overlay over a persistent upper', () => {
  const layers = ([
    { 'etc/': '', 'etc/passwd': 'root\n', 'etc/old': 'old', 'usr/': '', 'usr/lib/': '', 'usr/lib/so': 'S'.repeat(300_000), 'link': '-> etc/passwd' },
    { 'etc/.wh.old': '', 'usr/lib/new': 'n' },
  ] as LayerTree[]).map(buildLayer);
  const mount = (store: KeyValueStore): Promise<Rig> => Rig.create(async (vfs) => new OverlayFs(vfs, stack(vfs, layers), await PersistentFs.load(vfs, store, 'rw/c', { exclusive: true })));

  it('stores only what changed of a big file, and keeps inode numbers over copy-up and remount', async () => {
    const store = new MemoryStore(), rig = await mount(store), before = await rig.stat('/usr/lib/so') as { ino: number };
    const fd = await rig.must('open', '/usr/lib/so', 2, 0);
    await rig.must('pwrite64', fd, 'patched', 7, 150_000);
    await rig.must('chmod', '/etc/passwd', 0o600);
    await rig.must('sync');
    const data = await store.entries('rw/c/d/');
    expect(data.map(([, bytes]) => bytes.length)).toEqual([65536]);
    const again = await mount(store), content = await again.read('/usr/lib/so');
    expect(content).toBe(`${'S'.repeat(150_000)}patched${'S'.repeat(149_993)}`);
    expect((await again.stat('/usr/lib/so') as { ino: number }).ino).toBe(before.ino);
    expect(await again.read('/etc/passwd')).toBe('root\n');
    expect(await again.stat('/etc/passwd')).toMatchObject({ mode: 0o100600 });
  });

  it('whiteouts, replaced and moved directories survive', async () => {
    const store = new MemoryStore(), rig = await mount(store);
    await rig.must('unlink', '/etc/passwd');
    await rig.must('rename', '/usr/lib', '/moved');
    await rig.must('mkdir', '/usr/lib', 0o755);
    await rig.write('/usr/lib/fresh', 'f');
    await rig.must('sync');
    let again = await mount(store);
    expect(await again.list('/etc')).toEqual([]);
    expect(await again.list('/moved')).toEqual(['new', 'so']);
    expect(await again.list('/usr/lib')).toEqual(['fresh']);
    expect(await again.stat('/link')).toBe('ENOENT');
    await again.write('/moved/more', 'm');
    await again.must('rename', '/moved', '/usr/back');
    await again.must('sync');
    again = await mount(store);
    expect(await again.list('/usr/back')).toEqual(['more', 'new', 'so']);
    expect((await again.read('/usr/back/so')).length).toBe(300_000);
    expect(await again.list('/')).toEqual(['etc', 'link', 'usr']);
  });

  it('an open file sees what is written through another name after copy-up', async () => {
    const rig = await mount(new MemoryStore()), reader = await rig.must('open', '/etc/passwd', 0, 0), buffer = rig.alloc(16);
    await rig.write('/etc/passwd', 'changed');
    expect(rig.text(buffer, await rig.must('read', reader, buffer, 16))).toBe('changed');
  });
});
