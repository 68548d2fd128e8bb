/** The worker of one container in a page. */
import { IdbStore } from '../src/host/browser/idb-store.ts';
import type { SandboxLogLine, SandboxWorkerStart } from '../src/host/browser/sandbox-launcher.ts';
import { createYield } from '../src/host/browser/yield.ts';
import { serveSandbox } from '../src/runtime/serve.ts';

addEventListener('message', ({ data }: MessageEvent<SandboxWorkerStart>) => {
  serveSandbox({
    store: new IdbStore(data.database),
    clock: { now: () => performance.timeOrigin + performance.now(), monotonic: () => performance.now() },
    random: (into) => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); },
    log: (...log) => { postMessage({ log } satisfies SandboxLogLine); },
    yieldToHost: createYield(),
  }, data.port);
}, { once: true });
