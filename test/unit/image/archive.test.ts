import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, concat, iterate, streamOf } from '../../../src/base/streams.ts';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import { openImageService, type ImageService } from '../../../src/image/image-service.ts';
import { TAR_END, tarFile } from '../../../src/image/layer/tar-write.ts';
import { installed, layerTar, skopeo, writeLayout } from '../../fixtures/registry.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const service = (store = new MemoryStore()): Promise<ImageService> => openImageService({ store, fetch: () => Promise.reject(new Error('no network')), clock, random: () => undefined, log: () => undefined });
const streamed = (bytes: Uint8Array, size = 5000): ReadableStream<Uint8Array> => streamOf((async function* () { for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size); })());
const loadLines = async (images: ImageService, bytes: Uint8Array): Promise<string[]> => { const out: string[] = []; await images.load(streamed(bytes), { progress: (m) => { if (m.stream) out.push(m.stream); } }); return out; };

const base = layerTar({ 'bin/sh': 'x'.repeat(300_000) }), top = layerTar({ 'etc/.wh.old': '', 'app': 'main' });
let dir = '', id = '';
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'archive-'));
  [id] = writeLayout(path.join(dir, 'layout'), [{ tag: 'latest', layers: [base, top] }]);
});
afterAll(() => { fs.rmSync(dir, { recursive: true, force: true }); });
const read = (name: string): Uint8Array => new Uint8Array(fs.readFileSync(path.join(dir, name)));

describe.skipIf(!installed('skopeo'))('docker load', () => {
  it('reads docker archives and OCI archives, plain and compressed', async () => {
    skopeo('copy', '-q', `oci:${dir}/layout:latest`, `docker-archive:${dir}/docker.tar:my/app:1`);
    skopeo('copy', '-q', `oci:${dir}/layout:latest`, `oci-archive:${dir}/oci.tar:localhost/my/app:2`);
    skopeo('copy', '-q', `oci:${dir}/layout:latest`, `oci-archive:${dir}/tag.tar:latest`);
    const images = await service();
    expect(await loadLines(images, read('docker.tar'))).toEqual(['Loaded image: my/app:1\n']);
    expect(images.resolve('my/app:1').layers.map((l) => l.size)).toEqual([300_000, 4]);
    expect(await loadLines(images, gzipSync(read('oci.tar')))).toEqual(['Loaded image: localhost/my/app:2\n']);
    expect(await loadLines(images, read('tag.tar'))).toEqual([`Loaded image ID: ${id}\n`]);
    execFileSync('zstd', ['-q', '-f', path.join(dir, 'oci.tar')]);
    expect(await loadLines(await service(), read('oci.tar.zst'))).toEqual(['Loaded image: localhost/my/app:2\n']);
    execFileSync('tar', ['-C', path.join(dir, 'layout'), '-cf', path.join(dir, 'plain.tar'), '.']);
    expect(await loadLines(await service(), read('plain.tar'))).toEqual([`Loaded image ID: ${id}\n`]);
  });

  it('writes archives that skopeo reads as both kinds, and that load as the same image', async () => {
    const images = await service();
    await images.load(streamed(read('docker.tar')));
    const source = images.resolve('my/app:1');
    await images.tag('my/app:1', 'my/app:two');
    await images.tag('my/app:1', 'other.host/x:3');
    fs.writeFileSync(path.join(dir, 'saved.tar'), await collect(iterate(images.save(['my/app', 'other.host/x:3']))));
    for (const name of ['my/app:1', 'my/app:two', 'other.host/x:3']) {
      skopeo('copy', '-q', `docker-archive:${dir}/saved.tar:${name}`, `dir:${dir}/as-docker`);
      expect(JSON.parse(fs.readFileSync(path.join(dir, 'as-docker/manifest.json'), 'utf8')).config.digest).toBe(source.id);
    }
    expect(JSON.parse(skopeo('inspect', '--raw', `oci-archive:${dir}/saved.tar:two`)).config.digest).toBe(source.id);
    const other = await service();
    expect((await loadLines(other, read('saved.tar'))).sort()).toEqual(['Loaded image: my/app:1\n', 'Loaded image: my/app:two\n', 'Loaded image: other.host/x:3\n']);
    expect(other.list().map((i) => i.id)).toEqual([source.id]);
    expect(Buffer.compare(await collect(iterate(other.layerTar(source.layers[1].diffId))), top)).toBe(0);
  });
});

describe('docker load of bad archives', () => {
  const tar = (files: Record<string, string | Uint8Array>): Uint8Array => concat([...Object.entries(files).flatMap(([name, c]) => tarFile({ name, type: 'file', mode: 0o644 }, typeof c === 'string' ? new TextEncoder().encode(c) : c)), TAR_END]);
  const config = (diffIds: string[]): string => JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } });

  it.each([
    ['not a tar', new Uint8Array(2000).fill(65), /invalid tar header/],
    ['no manifest', tar({ hello: 'x' }), 'invalid archive: does not contain a manifest.json'],
    ['a manifest that is no JSON', tar({ 'manifest.json': '{' }), /^invalid archive: manifest\.json: /],
    ['a missing config', tar({ 'manifest.json': '[{"Config":"c.json","RepoTags":null,"Layers":[]}]' }), 'invalid archive: c.json is missing'],
    ['a missing layer', tar({ 'manifest.json': '[{"Config":"c","RepoTags":["x:1"],"Layers":["../../l"]}]', c: config([`sha256:${'1'.repeat(64)}`]) }), 'invalid archive: l is missing'],
    ['a wrong layer', tar({ 'manifest.json': '[{"Config":"c","RepoTags":["x:1"],"Layers":["l"]}]', c: config([`sha256:${'1'.repeat(64)}`]), l: layerTar({ a: 'b' }) }), /don't match image configuration/],
    ['too few layers', tar({ 'manifest.json': '[{"Config":"c","RepoTags":["x:1"],"Layers":[]}]', c: config([`sha256:${'1'.repeat(64)}`]) }), /layers length mismatch/],
    ['a bad name', tar({ 'manifest.json': '[{"Config":"c","RepoTags":["X Y"],"Layers":[]}]', c: config([]) }), /invalid reference format/],
  ] as [string, Uint8Array, RegExp | string][])('%s', async (_, bytes, message) => {
    const store = new MemoryStore(), images = await service(store);
    await expect(images.load(streamed(bytes))).rejects.toThrow(message);
    expect(images.list()).toEqual([]);
    expect(await store.keys('')).toEqual([]);
  });
});

describe('names, removal and history', () => {
  async function three(): Promise<ImageService> {
    const images = await service();
    const parent = await images.import(streamed(base), { reference: 'parent', message: 'first' });
    const layer = await images.createLayer(streamed(top));
    await images.createImage({ ...parent.config, rootfs: { type: 'layers', diff_ids: [parent.layers[0].diffId, layer.diffId] }, history: [...parent.config.history!, { created_by: 'RUN x', created: '2024-01-01T00:00:00Z' }, { created_by: 'CMD', empty_layer: true }] }, { parent: parent.id, references: ['child:1', 'child:2', 'repo.x/child:1'] });
    await images.release(layer.diffId);
    return images;
  }

  it('finds by name, id and prefix, and says No such image otherwise', async () => {
    const images = await three(), child = images.resolve('child:1');
    for (const name of ['child:2', 'docker.io/library/child:1', child.id, child.id.slice(7), child.id.slice(7, 19), child.id.slice(0, 15)]) expect(images.resolve(name).id).toBe(child.id);
    for (const [name, text] of [['child', 'No such image: child:latest'], ['docker.io/x/y:z', 'No such image: x/y:z'], ['0'.repeat(64), `No such image: sha256:${'0'.repeat(64)}`]]) expect(() => images.resolve(name)).toThrow(text);
    await expect((async () => images.tag('child:1', `x@${child.id}`))()).rejects.toThrow('refusing to create a tag with a digest reference');
    expect(images.history('child:1').map((h) => [h.Id, h.CreatedBy, h.Size, h.Tags])).toEqual([
      [child.id, 'CMD', 0, ['child:1', 'child:2', 'repo.x/child:1']], [images.resolve('parent').id, 'RUN x', 4, ['parent:latest']], ['<missing>', '', 300_000, null],
    ]);
  });

  it('removes as dockerd does', async () => {
    const images = await three(), child = images.resolve('child:1').id, parent = images.resolve('parent').id, short = child.slice(7, 19);
    await expect(images.remove(parent)).rejects.toThrow(`conflict: unable to delete ${parent.slice(7, 19)} (cannot be forced) - image has dependent child images`);
    await expect(images.remove(child)).rejects.toThrow(`conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`);
    expect(await images.remove('child:1')).toEqual([{ Untagged: 'child:1' }]);
    expect(await images.remove('repo.x/child:1')).toEqual([{ Untagged: 'repo.x/child:1' }]);
    const stopped = { inUse: () => ({ container: 'c'.repeat(64), running: false }) }, running = { force: true, inUse: () => ({ container: 'c'.repeat(64), running: true }) };
    await expect(images.remove('child:2', stopped)).rejects.toThrow(`conflict: unable to remove repository reference "child:2" (must force) - container cccccccccccc is using its referenced image ${short}`);
    await expect(images.remove(child, stopped)).rejects.toThrow(`conflict: unable to delete ${short} (must be forced) - image is being used by stopped container cccccccccccc`);
    await expect(images.remove(child, running)).rejects.toThrow(`conflict: unable to delete ${short} (cannot be forced) - image is being used by running container cccccccccccc`);
    const removed = await images.remove('child:2');
    expect(removed.map((r) => Object.keys(r)[0])).toEqual(['Untagged', 'Deleted', 'Deleted']);
    expect(images.find(child)).toBeUndefined();
    expect((await images.remove('parent')).map((r) => Object.keys(r)[0])).toEqual(['Untagged', 'Deleted', 'Deleted']);
    expect(images.diskUsage().layersSize).toBe(0);
  });

  it('keeps layers under containers, and reopens with everything', async () => {
    const store = new MemoryStore(), images = await service(store);
    const image = await images.import(streamed(gzipSync(base)), { reference: 'x:1', config: { config: { Cmd: ['sh'] } } });
    const reopened = await service(store);
    expect(reopened.resolve('x:1')).toEqual(image);
    const prefixes = reopened.layerPrefixes('x:1');
    let used = prefixes;
    reopened.setLayerUsers(() => used);
    await reopened.remove('x:1');
    expect((await store.keys('layer/')).length).toBeGreaterThan(0);
    await reopened.collectLayers(prefixes);
    expect((await store.keys('layer/')).length).toBeGreaterThan(0);
    used = [];
    await reopened.collectLayers(prefixes);
    expect(await store.keys('layer')).toEqual([]);
  });

  it('prunes dangling images and what nothing refers to', async () => {
    const images = await three();
    await images.tag('parent', 'child:1');
    expect((await images.prune({ dangling: true, keep: () => false })).deleted).toEqual([]);
    const { deleted, spaceReclaimed } = await images.prune({ dangling: false, keep: (i) => i.repoTags.includes('parent:latest') });
    expect(deleted.filter((d) => 'Untagged' in d)).toHaveLength(2);
    expect(spaceReclaimed).toBe(4);
    expect(images.list()).toHaveLength(1);
  });
});
