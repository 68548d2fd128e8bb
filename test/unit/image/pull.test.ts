import * as fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, iterate, streamOf } from '../../../src/base/streams.ts';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import type { HttpFetch, KeyValueStore } from '../../../src/host/ports.ts';
import { openImageService, type ImageService } from '../../../src/image/image-service.ts';
import type { ProgressMessage } from '../../../src/image/progress.ts';
import type { RegistryOptions } from '../../../src/image/types.ts';
import { installed, layerTar, skopeo, startRegistry, writeLayout } from '../../fixtures/registry.ts';

const realFetch = fetch as unknown as HttpFetch;
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const service = (store: KeyValueStore = new MemoryStore(), registries: RegistryOptions = {}, fetchWith: HttpFetch = realFetch): Promise<ImageService> =>
  openImageService({ store, fetch: fetchWith, clock, registries, random: (b) => { crypto.getRandomValues(b as Uint8Array<ArrayBuffer>); }, log: () => undefined });

const noise = (n: number, seed: number): string => { let x = seed; return Array.from({ length: n }, () => { x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff; return String.fromCharCode(33 + (x >> 16) % 90); }).join(''); };
const base = layerTar({ 'bin/': { type: 'directory' }, 'bin/sh': noise(3_000_000, 1), 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n' });
const top = layerTar({ 'app/main': noise(100_000, 2), 'etc/.wh.passwd': '' });

const available = installed('docker-registry') && installed('skopeo');
let dir = '', host = '', stop = (): void => undefined, files: Server, ids: string[] = [];
let filesUrl = '';

beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pull-'));
  ids = writeLayout(path.join(dir, 'layout/app'), [{ tag: 'latest', layers: [base, top] }]);
  writeLayout(path.join(dir, 'layout/multi'), [{ tag: 'latest', layers: [base] }, { tag: 'latest', layers: [top], platform: { os: 'linux', architecture: 'arm64' } }, { tag: 'arm', layers: [top], platform: { os: 'linux', architecture: 'arm64' } }]);
  files = createServer((request, response) => {
    const file = path.join(dir, 'layout', new URL(request.url!, 'http://x').pathname);
    if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) { response.writeHead(404).end(); return; }
    response.end(fs.readFileSync(file));
  });
  await new Promise<void>((r) => { files.listen(0, '127.0.0.1', r); });
  filesUrl = `http://127.0.0.1:${(files.address() as { port: number }).port}`;
  if (!available) return;
  ({ host, stop } = await startRegistry(path.join(dir, 'registry')));
  for (const [name, format] of [['oci', 'oci'], ['docker', 'v2s2']]) skopeo('copy', '--quiet', '--dest-tls-verify=false', '--format', format, `oci:${dir}/layout/app:latest`, `docker://${host}/test/${name}:1`);
});
afterAll(() => { stop(); files.close(); fs.rmSync(dir, { recursive: true, force: true }); });

const lines = (messages: ProgressMessage[]): string[] => messages.filter((m) => !/^(Downloading|Extracting|Waiting|Verifying)/.test(m.status ?? '')).map((m) => `${m.id ? `${m.id}: ` : ''}${m.status}`);

describe.skipIf(!available)('against a real registry', () => {
  it.each(['oci', 'docker'])('pulls %s manifests with Docker\'s progress lines, then is up to date', async (format) => {
    const images = await service(), messages: ProgressMessage[] = [];
    const image = await images.pull(`${host}/test/${format}:1`, { progress: (m) => messages.push(m) });
    expect(image.repoTags).toEqual([`${host}/test/${format}:1`]);
    if (format === 'oci') expect(image.id).toBe(ids[0]);
    const [first, ...rest] = lines(messages);
    expect(first).toBe(`1: Pulling from test/${format}`);
    expect(rest.filter((l) => l.endsWith('Pulling fs layer'))).toHaveLength(2);
    expect(rest.filter((l) => l.endsWith('Download complete'))).toHaveLength(2);
    expect(rest.filter((l) => l.endsWith('Pull complete'))).toHaveLength(2);
    expect(rest.slice(-3).map((l) => l.replace(/^[0-9a-f]{12}/, 'ID'))).toEqual(['ID: Pull complete', `Digest: ${image.repoDigests[0].split('@')[1]}`, `Status: Downloaded newer image for ${host}/test/${format}:1`]);
    expect(messages.some((m) => m.status === 'Downloading' && m.progressDetail?.current === m.progressDetail?.total)).toBe(true);
    const again: ProgressMessage[] = [];
    await images.pull(`${host}/test/${format}:1`, { progress: (m) => again.push(m) });
    expect(lines(again)).toEqual([`1: Pulling from test/${format}`, expect.stringMatching(/^Digest: /), `Status: Image is up to date for ${host}/test/${format}:1`]);
    expect(Buffer.compare(await collect(iterate(images.layerTar(image.layers[1].diffId))), top)).toBe(0);
  });

  it('shares layers and coalesces concurrent pulls', async () => {
    let blobs = 0;
    const counting: HttpFetch = (url, init) => { if (/\/blobs\//.test(url)) blobs++; return realFetch(url, init); };
    const images = await service(new MemoryStore(), {}, counting);
    await Promise.all(['oci', 'oci', 'docker', 'oci'].map((n) => images.pull(`${host}/test/${n}:1`)));
    // Both manifests have the same configuration: one image, two names.
    expect(images.list().map((i) => i.repoTags)).toEqual([[`${host}/test/docker:1`, `${host}/test/oci:1`]]);
    expect(images.diskUsage().layersSize).toBe(images.list()[0].size);
    expect(blobs).toBeLessThan(12);
  });

  it('goes on with a Range request when connections drop', async () => {
    const ranges: string[] = [];
    let drops = 0;
    const flaky: HttpFetch = async (url, init) => {
      const response = await realFetch(url, init);
      if (init?.headers?.range) ranges.push(init.headers.range);
      return /\/blobs\//.test(url) && drops++ < 6 ? cut(response, 700_000) : response;
    };
    const images = await service(new MemoryStore(), {}, flaky);
    const image = await images.pull(`${host}/test/oci:1`);
    expect(ranges.some((r) => /^bytes=\d{6,}-$/.test(r))).toBe(true);
    expect(Buffer.compare(await collect(iterate(images.layerTar(image.layers[0].diffId))), base)).toBe(0);
  }, 20_000);

  it('resumes in a later engine what an interrupted pull had stored', async () => {
    const store = new MemoryStore(), abort = new AbortController();
    const first = await service(store);
    const interrupted = first.pull(`${host}/test/oci:1`, { signal: abort.signal, progress: (m) => { if (m.status === 'Downloading' && m.progressDetail!.current! > 1_500_000) abort.abort(new Error('the tab was closed')); } });
    await expect(interrupted).rejects.toThrow('the tab was closed');
    await new Promise((r) => setTimeout(r, 50));
    expect((await store.keys('blob/')).some((k) => k.includes('/part/'))).toBe(true);
    const ranges: string[] = [];
    const second = await service(store, {}, (url, init) => { if (init?.headers?.range) ranges.push(init.headers.range); return realFetch(url, init); });
    expect(second.list()).toEqual([]);
    const image = await second.pull(`${host}/test/oci:1`);
    expect(ranges[0]).toMatch(/^bytes=[1-9]\d+-$/);
    expect(Buffer.compare(await collect(iterate(second.layerTar(image.layers[0].diffId))), base)).toBe(0);
    expect(await store.keys('blob/')).toEqual([]);
    expect((await service(store)).find(`${host}/test/oci:1`)?.id).toBe(image.id);
  });

  it('refuses bytes that do not match their digest, and keeps none of them', async () => {
    const store = new MemoryStore();
    const liar: HttpFetch = async (url, init) => {
      const response = await realFetch(url, init);
      return /\/blobs\//.test(url) && Number(response.headers.get('content-length')) > 100_000 ? flip(response) : response;
    };
    await expect((await service(store, {}, liar)).pull(`${host}/test/oci:1`)).rejects.toThrow(/^filesystem layer verification failed for digest sha256:/);
    expect((await store.keys('layer')).length).toBe(0);
  });

  it('says what Docker says when there is nothing', async () => {
    const images = await service();
    await expect(images.pull(`${host}/test/oci:nope`)).rejects.toThrow(`manifest for ${host}/test/oci:nope not found: manifest unknown: manifest unknown`);
    await expect(images.pull(`${host}/none/such`)).rejects.toThrow(/^manifest for .* not found: manifest unknown|^repository .* not found: name unknown/);
    await expect(images.pull('127.0.0.1:1/x')).rejects.toThrow(/^Get "http:\/\/127\.0\.0\.1:1\/v2\/x\/manifests\/latest": .*(ECONNREFUSED|bad port)/);
  });

  it('pushes what skopeo can read back, without uploading twice', async () => {
    const images = await service(), messages: ProgressMessage[] = [];
    await images.pull(`${host}/test/oci:1`);
    await images.tag(`${host}/test/oci:1`, `${host}/pushed/app:2`);
    const { digest } = await images.push(`${host}/pushed/app:2`, { progress: (m) => messages.push(m) });
    expect(messages.filter((m) => m.status === 'Pushed')).toHaveLength(2);
    expect(messages.at(-1)).toEqual({ aux: { Tag: '2', Digest: digest, Size: expect.any(Number) } });
    expect(JSON.parse(skopeo('inspect', '--tls-verify=false', `docker://${host}/pushed/app:2`))).toMatchObject({ Digest: digest });
    skopeo('copy', '--quiet', '--src-tls-verify=false', `docker://${host}/pushed/app:2`, `oci:${dir}/back:x`);
    const again: ProgressMessage[] = [];
    expect((await images.push(`${host}/pushed/app:2`, { progress: (m) => again.push(m) })).digest).toBe(digest);
    expect(again.filter((m) => m.status === 'Layer already exists')).toHaveLength(2);
    expect((await images.pullAll(`${host}/pushed/app`)).map((i) => i.repoTags)).toEqual([[`${host}/pushed/app:2`, `${host}/test/oci:1`].sort()]);
    await expect(images.push('not/here', {})).rejects.toThrow('An image does not exist locally with the tag: not/here');
  });

  it.skipIf(!installed('htpasswd'))('authenticates with Basic credentials only after a challenge', async () => {
    const secure = await startRegistry(path.join(dir, 'secure'), { user: 'u', password: 'p:w' });
    try {
      skopeo('copy', '--quiet', '--dest-tls-verify=false', '--dest-creds', 'u:p:w', `oci:${dir}/layout/app:latest`, `docker://${secure.host}/app:1`);
      const images = await service();
      await expect(images.pull(`${secure.host}/app:1`)).rejects.toThrow('no basic auth credentials');
      await expect(images.login({ username: 'u', password: 'wrong', serveraddress: secure.host })).rejects.toThrow(/401 Unauthorized/);
      expect(await images.login({ username: 'u', password: 'p:w', serveraddress: secure.host })).toBe('Login Succeeded');
      expect((await images.pull(`${secure.host}/app:1`, { auth: { auth: btoa('u:p:w') } })).id).toBe(ids[0]);
    } finally { secure.stop(); }
  });
});

describe('static layouts and mirrors', () => {
  it('pulls docker.io names from a layout mirror, platform by platform', async () => {
    const images = await service(new MemoryStore(), { mirrors: { 'docker.io': [`oci+${filesUrl}`] } });
    expect((await images.pull('app')).repoTags).toEqual(['app:latest']);
    expect((await images.pull('multi')).layers).toHaveLength(1);
    expect((await images.pull('multi', { platform: 'linux/arm64' })).config.architecture).toBe('arm64');
    expect((await images.pull('multi:arm')).config.architecture).toBe('arm64');
    await expect(images.pull('multi', { platform: 'linux/s390x' })).rejects.toThrow('no matching manifest for linux/s390x in the manifest list entries');
    await expect(images.pull('multi:arm', { platform: 'linux/amd64' })).rejects.toThrow(/does not provide the specified platform \(linux\/amd64\)/);
  });

  it('pulls a layout by its own address', async () => {
    const images = await service(), address = `${filesUrl.slice(7)}/app`;
    expect((await images.pull(`oci+${filesUrl}/app`)).repoTags).toEqual([`${address}:latest`]);
    await expect(images.pull(`oci+${filesUrl}/missing`)).rejects.toThrow(/not found/);
  });

  it('tells a page about CORS and the ways out', async () => {
    const blocked: HttpFetch = (url) => (url.startsWith('https://registry.example/') ? Promise.reject(new TypeError('Failed to fetch')) : realFetch(url));
    const images = await service(new MemoryStore(), { baseUrl: `${filesUrl}/`, proxyBase: '/registry' }, blocked);
    const failure = images.pull('registry.example/x/y');
    await expect(failure).rejects.toThrow(/registry\.example.*CORS.*proxy or mirror.*OCI layout.*docker load/);
  });

  it('gets anonymous tokens, also when the challenge cannot be read', async () => {
    const log: string[] = [];
    const answers: HttpFetch = async (url, init) => {
      log.push(`${init?.headers?.authorization ?? '-'} ${url}`);
      const json = (status: number, body: unknown, headers = {}): Response => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
      if (/^https:\/\/auth\.docker\.io\/token|\/registry\/docker\.io\/token/.test(url)) return json(200, { token: 'T', expires_in: 300 });
      if (init?.headers?.authorization !== 'Bearer T') return json(401, {});
      return json(429, { errors: [{ code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit.' }] });
    };
    const refusal = 'toomanyrequests: You have reached your pull rate limit.';
    await expect((await service(new MemoryStore(), {}, answers)).pull('alpine')).rejects.toThrow(refusal);
    expect(log).toEqual([
      '- https://registry-1.docker.io/v2/library/alpine/manifests/latest',
      '- https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Falpine%3Apull',
      'Bearer T https://registry-1.docker.io/v2/library/alpine/manifests/latest',
    ]);
    log.length = 0;
    await expect((await service(new MemoryStore(), { baseUrl: 'http://page/', proxyBase: '/registry' }, answers)).pull('alpine')).rejects.toThrow(refusal);
    expect(log.map((l) => l.split('?')[0])).toEqual(['- http://page/registry/docker.io/v2/library/alpine/manifests/latest', '- http://page/registry/docker.io/token', 'Bearer T http://page/registry/docker.io/v2/library/alpine/manifests/latest']);
  });
});

function cut(response: Awaited<ReturnType<HttpFetch>>, after: number): Response {
  const chunks = (async function* () { let n = 0; for await (const c of iterate(response.body!)) { if (n + c.length > after) throw new TypeError('terminated'); n += c.length; yield c; } })();
  return new Response(streamOf(chunks) as never, { status: response.status, headers: { 'content-range': response.headers.get('content-range') ?? '' } });
}

function flip(response: Awaited<ReturnType<HttpFetch>>): Response {
  const chunks = (async function* () { for await (const c of iterate(response.body!)) { const d = c.slice(); d[d.length >> 1] ^= 1; yield d; } })();
  return new Response(streamOf(chunks) as never, { status: response.status });
}
