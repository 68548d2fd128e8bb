/** The worker of one container under Node. */
import { randomFillSync } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { Endpoint } from 'comlink';
import { FileStore } from '../src/host/node/file-store.ts';
import { nodeHostFs } from '../src/host/node/host-fs.ts';
import type { SandboxLogLine, SandboxWorkerData, SandboxWorkerStart } from '../src/host/node/sandbox-launcher.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { serveSandbox } from '../src/runtime/serve.ts';

const { interpreter } = workerData as SandboxWorkerData;

parentPort!.once('message', ({ root, writer, port }: SandboxWorkerStart) => {
  serveSandbox({
    store: new FileStore(root, { writer }),
    clock: systemClock(),
    random: (into) => { randomFillSync(into); },
    log: (...log) => { parentPort!.postMessage({ log } satisfies SandboxLogLine); },
    hostFs: nodeHostFs,
    yieldToHost: (f) => { setImmediate(f); },
    interpreter,
  }, port as unknown as Endpoint);
});
