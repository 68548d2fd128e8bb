/** Sandboxes as module workers of the page's engine worker, on the same IndexedDB database. */
import type { Log, SandboxLauncher } from '../ports.ts';

/** First message to workers/sandbox.browser.ts. */
export interface SandboxWorkerStart { database: string; port: MessagePort }
/** What the worker tells its parent. */
export interface SandboxLogLine { log: [subsystem: string, message: string] }

export class BrowserSandboxLauncher implements SandboxLauncher {
  constructor(private readonly database: string, private readonly log: Log) {}

  async launch(name: string): ReturnType<SandboxLauncher['launch']> {
    const worker = new Worker(new URL('../../../workers/sandbox.browser.ts', import.meta.url), { type: 'module', name });
    const { port1, port2 } = new MessageChannel();
    worker.onmessage = ({ data }: MessageEvent<SandboxLogLine>) => { this.log(data.log[0], `${name}: ${data.log[1]}`); };
    const lost = new Promise<string>((resolve) => {
      worker.onerror = (e) => { this.log('sandbox', `${name}: ${e.message}`); resolve(e.message || 'it could not be loaded'); };
    });
    worker.postMessage({ database: this.database, port: port2 } satisfies SandboxWorkerStart, [port2]);
    return { port: port1, terminate: () => { worker.terminate(); }, lost };
  }
}
