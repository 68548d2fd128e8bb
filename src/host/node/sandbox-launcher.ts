/**
 * Sandboxes as worker_threads. One worker is always kept ready, since loading the code is most of a container's start; all
 * share one compiled interpreter. Each opens the store under a writer name of its own; what a dead one left is settled here.
 */
import { MessageChannel as NodeMessageChannel, Worker } from 'node:worker_threads';
import type { Log, SandboxLauncher } from '../ports.ts';
import type { FileStore } from './file-store.ts';

/** workerData of workers/sandbox.node.ts. */
export interface SandboxWorkerData { interpreter: WebAssembly.Module }
/** First message to it: it is a sandbox from now on. */
export interface SandboxWorkerStart { root: string; writer: string; port: MessagePort }
/** What the worker tells its parent. */
export interface SandboxLogLine { log: [subsystem: string, message: string] }

/** How long after a launch the next worker is made ready, ms: the container that starts comes first. */
const SPARE_DELAY = 300;

export class NodeSandboxLauncher implements SandboxLauncher {
  private serial = 0;
  private spare: Worker | undefined;

  /** @param entry the built worker, dist/node/sandbox.js */
  constructor(private readonly entry: URL, private readonly root: string, private readonly store: FileStore, private readonly interpreter: WebAssembly.Module, private readonly log: Log) {
    this.spare = this.create();
  }

  async launch(name: string): ReturnType<SandboxLauncher['launch']> {
    const worker = this.spare ?? this.create();
    this.spare = undefined;
    setTimeout(() => { this.spare ??= this.create(); }, SPARE_DELAY).unref();
    const { port1, port2 } = new NodeMessageChannel();
    const writer = `box-${this.serial++}-${name.toLowerCase().replace(/[^a-z0-9]/g, '')}`;
    worker.ref();
    worker.on('message', ({ log }: SandboxLogLine) => { this.log(log[0], `${name}: ${log[1]}`); });
    const lost = new Promise<string>((resolve) => {
      worker.on('error', (e) => { this.log('sandbox', `${name}: ${e.stack ?? e.message}`); resolve(e.message); });
      worker.on('exit', (code) => {
        try { this.store.recover(writer); } catch (e) { this.log('sandbox', `${name}: ${(e as Error).message}`); }
        resolve(`it exited with code ${code}`);
      });
    });
    worker.postMessage({ root: this.root, writer, port: port2 as unknown as MessagePort } satisfies SandboxWorkerStart, [port2]);
    return { port: port1 as unknown as MessagePort, terminate: () => { void worker.terminate(); }, lost };
  }

  private create(): Worker {
    const worker = new Worker(this.entry, { workerData: { interpreter: this.interpreter } satisfies SandboxWorkerData });
    worker.once('exit', () => { if (this.spare === worker) this.spare = undefined; });
    worker.unref();
    return worker;
  }
}
