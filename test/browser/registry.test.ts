/** Pulling in the page from a real registry on loopback: with CORS, without it through the proxy, and what the error says without both. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { Browser, docker, serveApp, type App } from '../support/chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'drydock-registry-'));
const registries: ChildProcess[] = [];

const freePort = (): Promise<number> => new Promise((resolve) => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address() as { port: number }; s.close(() => resolve(port)); }); });

async function startRegistry(cors: boolean): Promise<string> {
  const port = await freePort(), config = join(folder, `${port}.yml`);
  const headers = cors ? `\n  headers:\n    Access-Control-Allow-Origin: ['*']\n    Access-Control-Allow-Headers: [Authorization, Accept, Range]\n    Access-Control-Expose-Headers: [Docker-Content-Digest, Www-Authenticate, Content-Range]` : '';
  writeFileSync(config, `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${folder}/data}}\nhttp:\n  addr: 127.0.0.1:${port}${headers}\n`);
  registries.push(spawn('docker-registry', ['serve', config], { stdio: 'ignore' }));
  for (let i = 0; i < 100; i++) {
    if (await fetch(`http://127.0.0.1:${port}/v2/`).then((r) => r.ok, () => false)) return `127.0.0.1:${port}`;
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error('docker-registry did not start');
}

let app: App, browser: Browser, page: Page;
beforeAll(async () => {
  app = await serveApp();
  browser = await Browser.launch();
  page = await browser.open(app.url);
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  for (const r of registries) r.kill();
  rmSync(folder, { recursive: true, force: true });
});

it.each([['with CORS', true], ['without CORS, through the proxy', false]])('pulls from a registry %s', async (_, cors) => {
  const host = await startRegistry(cors);
  execFileSync('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', 'oci:.cache/images/busybox:latest', `docker://${host}/tools/busybox:1`]);
  const { exitCode, stdout, stderr } = await docker(page, `docker pull ${host}/tools/busybox:1`);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/1: Pulling from tools\/busybox\n[^]*Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for/);
  expect((await docker(page, `docker run --rm ${host}/tools/busybox:1 echo pulled`)).stdout).toBe('pulled\n');
  expect((await docker(page, `docker rmi ${host}/tools/busybox:1`)).exitCode).toBe(0);
});

it('names CORS, the host and three ways out', async () => {
  const { exitCode, stderr } = await docker(page, 'docker pull registry.invalid/x/y');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/registry\.invalid/);
  expect(stderr).toMatch(/CORS/);
  expect(stderr).toMatch(/proxy|mirror/);
  expect(stderr).toMatch(/docker load/);
});
