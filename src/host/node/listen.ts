/** Listening on unix sockets and TCP for the API server. */
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import type { EngineHandler } from '../../engine/api/message.ts';
import { isLoopback, type Listen } from './daemon-options.ts';
import { ApiServer } from './http-server.ts';

export interface Listening {
  /** `tcp://127.0.0.1:2375`, with the real port. */
  addresses: string[];
  close(): void;
}

export async function listenAll(handler: EngineHandler, where: readonly Listen[]): Promise<Listening> {
  const open: { server: net.Server; api: ApiServer; file?: string }[] = [];
  const addresses: string[] = [];
  const close = (): void => {
    for (const { server, api, file } of open) {
      server.close();
      api.close();
      if (file) fs.rmSync(file, { force: true });
    }
  };
  try {
    for (const address of where) {
      const api = new ApiServer(handler, address.kind === 'tcp' && isLoopback(address.host));
      const server = net.createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => api.accept(socket));
      if (address.kind === 'unix') {
        await clearSocket(address.path);
        fs.mkdirSync(path.dirname(address.path), { recursive: true });
        await listen(server, { path: address.path });
        fs.chmodSync(address.path, 0o660);
        open.push({ server, api, file: address.path });
        addresses.push(`unix://${address.path}`);
      } else {
        await listen(server, { host: address.host, port: address.port });
        open.push({ server, api });
        addresses.push(`tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${(server.address() as net.AddressInfo).port}`);
      }
    }
  } catch (e) { close(); throw e; }
  return { addresses, close };
}

function listen(server: net.Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => { server.removeListener('error', reject); resolve(); });
  });
}

/** Removes a socket that nobody serves any more; refuses to take one that somebody does. */
async function clearSocket(file: string): Promise<void> {
  if (!fs.existsSync(file)) return;
  if (!fs.statSync(file).isSocket()) throw new Error(`${file} exists and is no socket`);
  const served = await new Promise<boolean>((resolve) => {
    const probe = net.connect(file, () => { probe.destroy(); resolve(true); });
    probe.on('error', () => resolve(false));
  });
  if (served) throw new Error(`${file} is served by another process`);
  fs.rmSync(file);
}
