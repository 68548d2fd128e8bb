/** The worker of one container in a page. */
import { IdbStore } from '../src/host/browser/idb-store.ts';
import type { SandboxLogLine, SandboxWorkerPrepare, SandboxWorkerStart } from '../src/host/browser/sandbox-launcher.ts';
import { createYield } from '../src/host/browser/yield.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { serveSandbox } from '../src/runtime/serve.ts';

let interpreter: WebAssembly.Module | undefined;

addEventListener('message', ({ data }: MessageEvent<SandboxWorkerPrepare | SandboxWorkerStart>) => {
  if ('interpreter' in data) { interpreter = data.interpreter; return; }
  serveSandbox({
    store: new IdbStore(data.database),
    clock: systemClock(),
    random: (into) => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); },
    log: (...log) => { postMessage({ log } satisfies SandboxLogLine); },
    yieldToHost: createYield(),
    interpreter,
  }, data.port);
});
