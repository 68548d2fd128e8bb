/**
 * Exposes a sandbox on a port. comlink keeps only name and message of an Error, so errors go as plain objects, with the
 * `code` that the engine reads (ENOENT …).
 */
import { expose, type Endpoint } from 'comlink';
import { Errno, errnoName } from '../abi/errno.ts';
import { Sandbox, type SandboxHost } from './sandbox.ts';
import type { SandboxApi } from './sandbox-api.ts';

export function serveSandbox(host: SandboxHost, port: Endpoint): void {
  const sandbox = new Sandbox(host);
  const served = new Proxy({} as SandboxApi, {
    get: (_target, name) => async (...args: unknown[]) => {
      const method = (sandbox as unknown as Record<string | symbol, unknown>)[name];
      if (typeof method !== 'function') throw new TypeError(`a sandbox has no ${String(name)}`);
      try { return await (method as (...a: unknown[]) => unknown).apply(sandbox, args); } catch (e) { throw portable(e); }
    },
  });
  expose(served, port);
}

function portable(e: unknown): unknown {
  if (!(e instanceof Error)) return e;
  return { name: e.name, message: e.message, stack: e.stack, ...(e instanceof Errno && { code: errnoName(e.code) }) };
}
