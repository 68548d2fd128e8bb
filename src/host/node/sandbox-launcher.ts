/** Sandboxes as worker_threads. Each opens the store under a writer name of its own; what a dead one left is settled here. */
import { MessageChannel as NodeMessageChannel, Worker } from 'node:worker_threads';
import type { Log, SandboxLauncher } from '../ports.ts';
import type { FileStore } from './file-store.ts';

/** workerData of workers/sandbox.node.ts. */
export interface SandboxWorkerData { root: string; writer: string; port: MessagePort }
/** What the worker tells its parent. */
export interface SandboxLogLine { log: [subsystem: string, message: string] }

export class NodeSandboxLauncher implements SandboxLauncher {
  private serial = 0;

  /** @param entry the built worker, dist/node/sandbox.js */
  constructor(private readonly entry: URL, private readonly root: string, private readonly store: FileStore, private readonly log: Log) {}

  async launch(name: string): ReturnType<SandboxLauncher['launch']> {
    const { port1, port2 } = new NodeMessageChannel();
    const writer = `box-${this.serial++}-${name.toLowerCase().replace(/[^a-z0-9]/g, '')}`;
    const data: SandboxWorkerData = { root: this.root, writer, port: port2 as unknown as MessagePort };
    const worker = new Worker(this.entry, { workerData: data, transferList: [port2], name });
    worker.on('message', ({ log }: SandboxLogLine) => { this.log(log[0], `${name}: ${log[1]}`); });
    const lost = new Promise<string>((resolve) => {
      worker.on('error', (e) => { this.log('sandbox', `${name}: ${e.stack ?? e.message}`); resolve(e.message); });
      worker.on('exit', (code) => {
        try { this.store.recover(writer); } catch (e) { this.log('sandbox', `${name}: ${(e as Error).message}`); }
        resolve(`it exited with code ${code}`);
      });
    });
    return { port: port1 as unknown as MessagePort, terminate: () => { void worker.terminate(); }, lost };
  }
}
