/** The built daemon (dist/node) on a free port, with a data root of its own and the demo images as its mirror of Docker Hub. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoImages } from '../../src/host/node/demo-images.ts';

export interface Daemon {
  /** For DOCKER_HOST. */
  host: string;
  dataRoot: string;
  process: ChildProcess;
  /** SIGTERM, wait for the exit, remove the data root unless `keep`; gives the exit code. */
  stop(keep?: boolean): Promise<number | null>;
}

export async function startDaemon({ dataRoot = mkdtempSync(join(tmpdir(), 'drydock-data-')), options = [] as string[] } = {}): Promise<Daemon> {
  const mirror = createServer((request, response) => demoImages(join(import.meta.dirname, '../../.cache/images'))(request, response, () => response.writeHead(404).end()));
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve));
  const socket = join(dataRoot, 'docker.sock');
  const child = spawn(process.execPath, ['dist/node/daemon.js', '--host', `unix://${socket}`, '--data-root', dataRoot, '--registry-mirror', `oci+http://127.0.0.1:${(mirror.address() as AddressInfo).port}/images`, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code} before it listened`)));
  });
  return {
    host: `unix://${socket}`, dataRoot, process: child,
    async stop(keep = false) {
      const code = await new Promise<number | null>((resolve) => { child.once('exit', resolve); child.kill('SIGTERM'); });
      mirror.close();
      mirror.closeAllConnections();
      if (!keep) rmSync(dataRoot, { recursive: true, force: true });
      return code;
    },
  };
}
