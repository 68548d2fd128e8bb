/** An engine on a memory store with one image, `tiny:latest`, and no way to start containers. */
import type { EngineRequest } from '../../../src/engine/api/message.ts';
import { bodyBytes } from '../../../src/base/streams.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import type { Clock, KeyValueStore } from '../../../src/host/ports.ts';
import type { ContainerDefaults } from '../../../src/image/config.ts';
import { openImageService } from '../../../src/image/image-service.ts';

/** Time stands still unless a test moves it. */
export class TestClock implements Clock {
  constructor(public ms = Date.parse('2026-05-01T10:00:00.123Z')) {}
  now(): number { return this.ms; }
  monotonic(): number { return this.ms; }
}

export interface Fixture {
  engine: Engine;
  clock: TestClock;
  store: KeyValueStore;
  call(method: EngineRequest['method'], target: string, body?: unknown): Promise<{ status: number; headers: Record<string, string>; json: any; text: string }>;
}

export async function engineFixture(store: KeyValueStore = new MemoryStore(), config: ContainerDefaults = { Cmd: ['sh'] }): Promise<Fixture> {
  const clock = new TestClock();
  const random = (into: Uint8Array): void => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); };
  const images = await openImageService({ store, clock, random, fetch: () => Promise.reject(new Error('no network')), log: () => undefined });
  if (!images.find('tiny')) {
    const empty = new ReadableStream<Uint8Array>({ start(c) { c.enqueue(new Uint8Array(1024)); c.close(); } });
    await images.import(empty, { reference: 'tiny', config: { config } });
  }
  const engine = await Engine.open({
    store, images, clock, random, log: () => undefined,
    sandboxes: { launch: () => Promise.reject(new Error('no sandboxes in unit tests')) },
    host: { name: 'test', operatingSystem: 'test', dataRoot: '/data', cpus: 1, memory: 1 << 30, kernelVersion: '6.1.0', mirrors: [], insecureRegistries: [], debug: false, warnings: [] },
  });
  return {
    engine, clock, store,
    async call(method, target, body) {
      const url = new URL(target, 'http://engine');
      const query: Record<string, string[]> = {};
      for (const [k, v] of url.searchParams) (query[k] ??= []).push(v);
      const response = await engine.handle({
        method, path: url.pathname, query, headers: body === undefined ? {} : { 'content-type': 'application/json' },
        body: body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body)),
      });
      const text = new TextDecoder().decode(await bodyBytes(response.body));
      let json: unknown;
      try { json = JSON.parse(text); } catch { json = undefined; }
      return { status: response.status, headers: response.headers, json, text };
    },
  };
}
