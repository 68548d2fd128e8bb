/** The engine of a page: one per origin. A page connects by posting `{connect: port}`; the message API is spoken on that port. */
import { compileInterpreter } from '../src/cpu/create.ts';
import { Engine } from '../src/engine/engine.ts';
import type { EngineHandler } from '../src/engine/api/message.ts';
import { IdbStore } from '../src/host/browser/idb-store.ts';
import { BrowserSandboxLauncher } from '../src/host/browser/sandbox-launcher.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { openImageService } from '../src/image/image-service.ts';
import { RELEASE } from '../src/kernel/version.ts';
import { serveEngine } from '../src/protocol/engine-port.ts';

const DATABASE = 'drydock';
/** The site's own images first, as OCI layouts; then the registries, through the site's proxy since most send no CORS headers. */
const OWN_IMAGES = 'oci+/images', REGISTRY_PROXY = '/registry';

async function open(): Promise<Engine> {
  const store = new IdbStore(DATABASE);
  const clock = systemClock();
  const random = (into: Uint8Array): void => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); };
  const log = (subsystem: string, message: string): void => { console.debug(`${subsystem}: ${message}`); };
  const images = await openImageService({
    store, clock, random, log, fetch: (url, init) => fetch(url, init as RequestInit),
    registries: { mirrors: { 'docker.io': [OWN_IMAGES] }, proxyBase: REGISTRY_PROXY, baseUrl: location.origin },
  });
  return Engine.open({
    store, images, clock, random, log, sandboxes: new BrowserSandboxLauncher(DATABASE, compileInterpreter(), log),
    host: {
      name: location.hostname, operatingSystem: `Drydock in a browser tab (${location.origin})`, dataRoot: `indexeddb:${DATABASE}`, cpus: navigator.hardwareConcurrency,
      memory: ((navigator as { deviceMemory?: number }).deviceMemory ?? 4) * 2 ** 30, kernelVersion: RELEASE, mirrors: [OWN_IMAGES], insecureRegistries: [], debug: false, warnings: [],
    },
  });
}

const engine = open();
const handle: EngineHandler = async (request) => {
  try { return await (await engine).handle(request); } catch (e) {
    return { status: 503, headers: { 'content-type': 'application/json' }, body: new TextEncoder().encode(JSON.stringify({ message: `the engine did not start: ${(e as Error).message}` })) };
  }
};

addEventListener('message', ({ data }: MessageEvent<{ connect?: MessagePort }>) => { if (data.connect) serveEngine(handle, data.connect); });
