import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LayerIndex, NodeType } from '../../../src/abi/layer-index.ts';
import { collect, concat } from '../../../src/base/streams.ts';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import { StorageFull } from '../../../src/host/ports.ts';
import { LayerStore } from '../../../src/image/layer/layer-store.ts';
import { readContent } from '../../../src/image/layer/tar-split.ts';
import { TAR_END, tarFile, type TarHeader } from '../../../src/image/layer/tar-write.ts';
import { unpackLayer } from '../../../src/image/layer/unpack.ts';

type Entry = Partial<TarHeader> & { name: string; content?: string };
const file = (name: string, content = name): Entry => ({ name, content });
const dir = (name: string, mode = 0o755): Entry => ({ name, type: 'directory', mode });
const symlink = (name: string, linkName: string): Entry => ({ name, type: 'symlink', linkName });
const hard = (name: string, linkName: string): Entry => ({ name, type: 'link', linkName });

function makeTar(entries: Entry[]): Uint8Array {
  return concat([...entries.flatMap(({ content, ...e }) => tarFile({ type: 'file', mode: 0o644, ...e }, new TextEncoder().encode(content ?? ''))), TAR_END]);
}
const diffIdOf = (tar: Uint8Array): string => `sha256:${createHash('sha256').update(tar).digest('hex')}`;
async function* pieces(bytes: Uint8Array, size = 3000): AsyncGenerator<Uint8Array, void> { for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size); }

async function unpack(entries: Entry[], store = new MemoryStore()): Promise<{ index: LayerIndex; store: MemoryStore; prefix: string; tar: Uint8Array }> {
  const tar = makeTar(entries), diffId = diffIdOf(tar), prefix = `layer/${diffId.slice(7)}`;
  await unpackLayer(store, pieces(tar), diffId, () => []);
  return { index: new LayerIndex((await store.get(`${prefix}/index`))!), store, prefix, tar };
}

function tree(index: LayerIndex): Record<string, string> {
  const out: Record<string, string> = {};
  const walk = (node: number, path: string): void => {
    const kind = Object.entries(NodeType).find(([, v]) => v === index.type(node))![0];
    out[path === '' ? '/' : path] = kind + (index.isOpaque(node) ? ' opaque' : '') + (index.isImplied(node) ? ' implied' : '');
    for (let i = 0; i < index.childCount(node); i++) { const c = index.firstChild(node) + i; walk(c, path === '' ? index.name(c) : `${path}/${index.name(c)}`); }
  };
  walk(0, '');
  return out;
}

describe('unpacking a layer', () => {
  it('keeps contents, metadata, links, devices and the exact tar', async () => {
    const big = 'z'.repeat(600_000);
    const { index, store, prefix, tar } = await unpack([
      dir('./'), dir('bin', 0o1777), { ...file('bin/tool', big), mode: 0o4755, uid: 3_000_000_000, gid: 7, mtimeSec: 5, mtimeNsec: 9 }, hard('bin/alias', 'bin/tool'), symlink('sh', 'bin/tool'),
      { name: 'null', type: 'char', mode: 0o666, devMajor: 1, devMinor: 3 }, { name: 'disk', type: 'block', devMajor: 259, devMinor: 70000 }, { name: 'pipe', type: 'fifo' },
      { ...file('x', 'with attrs'), xattrs: new Map([['user.a', new Uint8Array([1, 2])]]) },
    ]);
    const tool = index.find('bin/tool'), alias = index.find('bin/alias');
    expect([index.mode(tool), index.uid(tool), index.gid(tool), index.mtimeSec(tool), index.mtimeNsec(tool), index.nlink(tool), index.size(tool)]).toEqual([0o4755, 3_000_000_000, 7, 5, 9, 2, 600_000]);
    expect(index.inode(alias)).toBe(index.inode(tool));
    const content = await collect(readContent(store, prefix, index.contentOffset(alias), index.size(alias)));
    expect(new TextDecoder().decode(content)).toBe(big);
    expect(index.target(index.find('sh'))).toBe('bin/tool');
    expect([index.rdev(index.find('null')), index.rdev(index.find('disk'))]).toEqual([0x103, (70000 & 255) | (259 << 8) | ((70000 & ~255) << 12)]);
    expect(index.xattrs(index.find('x'))).toEqual(new Map([['user.a', new Uint8Array([1, 2])]]));
    const layers = await LayerStore.open(store), diffId = diffIdOf(tar);
    await layers.ensure(diffId, () => pieces(tar));
    expect(Buffer.compare(await collect(layers.tar(diffId)), tar)).toBe(0);
  });

  it('interprets every kind of whiteout', async () => {
    const { index } = await unpack([
      file('.wh.gone'), file('a/.wh.b'), dir('opaque'), file('opaque/.wh..wh..opq'), file('opaque/kept'), file('implied/.wh..wh..opq'), file('.wh..wh.plnk/x'), file('.wh..wh.aufs'),
      file('.wh.replaced'), dir('replaced'), file('.wh.both'), file('both'), dir('late'), file('late/f'), file('.wh.late'),
    ]);
    expect(tree(index)).toEqual({
      '/': 'Directory implied', a: 'Directory implied', 'a/b': 'Whiteout', gone: 'Whiteout', opaque: 'Directory opaque', 'opaque/kept': 'Regular', implied: 'Directory opaque implied',
      replaced: 'Directory opaque', both: 'Regular', late: 'Directory opaque', 'late/f': 'Regular',
    });
  });

  it('replaces directories by files and files by directories', async () => {
    const { index } = await unpack([dir('a'), file('a/x'), file('a'), file('b'), dir('b'), file('b/y'), dir('c', 0o700), file('c/z'), dir('c', 0o711)]);
    expect(tree(index)).toEqual({ '/': 'Directory implied', a: 'Regular', b: 'Directory', 'b/y': 'Regular', c: 'Directory', 'c/z': 'Regular' });
    expect(index.mode(index.find('c'))).toBe(0o711);
  });

  it('keeps a hard link when the name it was made from is replaced', async () => {
    const { index, store, prefix } = await unpack([file('one', 'first'), hard('two', 'one'), file('one', 'second')]);
    const read = async (p: string): Promise<string> => new TextDecoder().decode(await collect(readContent(store, prefix, index.contentOffset(index.find(p)), index.size(index.find(p)))));
    expect([await read('one'), await read('two')]).toEqual(['second', 'first']);
    expect(index.nlink(index.find('two'))).toBe(1);
  });

  it('follows symbolic links of the same layer to directories, within its root', async () => {
    const { index } = await unpack([symlink('lib', 'usr/lib'), dir('usr/lib'), file('lib/a.so'), symlink('abs', '/usr'), file('abs/lib/b.so'), hard('lib/c.so', 'abs/lib/b.so'), symlink('up', '/../../usr'), file('up/d')]);
    expect(Object.keys(tree(index)).sort()).toEqual(['/', 'abs', 'lib', 'up', 'usr', 'usr/d', 'usr/lib', 'usr/lib/a.so', 'usr/lib/b.so', 'usr/lib/c.so']);
  });

  it.each([
    [[file('../evil')], /"\.\.\/evil" is outside/], [[file('a/../../evil')], /is outside/], [[symlink('a/l', '../../etc')], /invalid symlink "a\/l" -> "..\/..\/etc"/],
    [[hard('l', '../../etc/passwd')], /invalid hardlink "l"/], [[hard('l', 'missing')], /link missing l: no such file/], [[dir('d'), hard('l', 'd')], /not permitted/],
    [[symlink('x', 'y'), symlink('y', 'x'), file('x/f')], /too many levels/], [[file('f'), file('f/g')], /f is not a directory/], [[file('.wh.')], /invalid whiteout/], [[file('d/.wh...')], /invalid whiteout/],
  ] as [Entry[], RegExp][])('refuses %j', async (entries, message) => {
    const store = new MemoryStore();
    await expect(unpack(entries, store)).rejects.toThrow(message);
    expect(await store.keys('')).toEqual([]);
  });

  it('accepts absolute names as Docker does, scoped to the root', async () => {
    const { index } = await unpack([file('/etc/passwd'), file('/../x'), symlink('l', '/../../etc/passwd')]);
    expect(Object.keys(tree(index)).sort()).toEqual(['/', 'etc', 'etc/passwd', 'l', 'x']);
  });

  it('handles a directory of 5,000 entries', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `d/${(i * 7919 % 5000).toString(36)}`);
    const { index } = await unpack(names.map((n) => file(n)));
    expect(index.childCount(index.find('d'))).toBe(5000);
    expect(names.every((n) => index.find(n) > 0)).toBe(true);
  });
});

describe('the layer store', () => {
  const tar = makeTar([file('a', 'x'.repeat(700_000)), dir('b')]), diffId = diffIdOf(tar), key = `layer/${diffId.slice(7)}`;

  it('refuses a tar that is not the layer it should be and keeps nothing', async () => {
    const store = new MemoryStore(), layers = await LayerStore.open(store), wrong = `sha256:${'0'.repeat(64)}`;
    await expect(layers.ensure(wrong, () => pieces(tar))).rejects.toThrow(/don't match image configuration/);
    expect(layers.get(wrong)).toBeUndefined();
    await LayerStore.open(store);
    expect(await store.keys('')).toEqual([]);
  });

  it('unpacks once for any number of askers', async () => {
    const store = new MemoryStore(), layers = await LayerStore.open(store);
    let opened = 0;
    const ask = (): Promise<unknown> => layers.ensure(diffId, () => { opened++; return pieces(tar); });
    await Promise.all([ask(), ask(), ask()]);
    expect(opened).toBe(1);
  });

  it('is never torn: whatever commit is the last one before a crash, the layer is whole or not there', async () => {
    for (let crash = 0; ; crash++) {
      const store = new MemoryStore();
      let commits = 0;
      const dying = Object.assign(Object.create(store) as MemoryStore, { commit: async (b: Parameters<MemoryStore['commit']>[0]) => { if (commits++ >= crash) throw new Error('crash'); await store.commit(b); }, deletePrefix: async (p: string) => { if (commits >= crash) throw new Error('crash'); await store.deletePrefix(p); } });
      const done = await (await LayerStore.open(dying)).ensure(diffId, () => pieces(tar)).then(() => true, () => false);
      const after = await LayerStore.open(store);
      if (after.get(diffId)) {
        expect(Buffer.compare(await collect(after.tar(diffId)), tar)).toBe(0);
        expect(await store.keys('torn/')).toEqual([]);
      } else {
        expect(await store.keys('')).toEqual([]);
      }
      if (done) { expect(crash).toBeGreaterThan(3); break; }
    }
  });

  it('gives back the space when the disk is full, and removes layers', async () => {
    const small = new MemoryStore(500_000), layers = await LayerStore.open(small);
    await expect(layers.ensure(diffId, () => pieces(tar))).rejects.toBeInstanceOf(StorageFull);
    expect(await small.keys('layer')).toEqual([]);
    const store = new MemoryStore(), whole = await LayerStore.open(store);
    await whole.ensure(diffId, () => pieces(tar));
    expect((await store.keys(`${key}/`)).length).toBe(5);
    await whole.remove(diffId);
    expect(await store.keys('')).toEqual([]);
  });

  it('says where a cut tar ends', async () => {
    const cut = tar.subarray(0, 100_000), layers = await LayerStore.open(new MemoryStore());
    await expect(layers.ensure(diffIdOf(cut), () => pieces(cut))).rejects.toThrow(/cut short in or after a/);
  });
});

