/**
 * Sandboxes as module workers of the page's engine worker, on the same IndexedDB database. One worker is always kept ready,
 * since loading the code is most of a container's start; all share one compiled interpreter.
 */
import type { Log, SandboxLauncher } from '../ports.ts';

/** First message to workers/sandbox.browser.ts: code that can be loaded ahead. */
export interface SandboxWorkerPrepare { interpreter: WebAssembly.Module }
/** Second message: it is a sandbox from now on. */
export interface SandboxWorkerStart { database: string; port: MessagePort }
/** What the worker tells its parent. */
export interface SandboxLogLine { log: [subsystem: string, message: string] }

/** How long after a launch the next worker is made ready, ms: the container that starts comes first. */
const SPARE_DELAY = 300;

export class BrowserSandboxLauncher implements SandboxLauncher {
  private spare: Worker | undefined;

  constructor(private readonly database: string, private readonly interpreter: WebAssembly.Module, private readonly log: Log) {
    this.spare = this.create();
  }

  async launch(name: string): ReturnType<SandboxLauncher['launch']> {
    const worker = this.spare ?? this.create();
    this.spare = undefined;
    setTimeout(() => { this.spare ??= this.create(); }, SPARE_DELAY);
    const { port1, port2 } = new MessageChannel();
    worker.onmessage = ({ data }: MessageEvent<SandboxLogLine>) => { this.log(data.log[0], `${name}: ${data.log[1]}`); };
    const lost = new Promise<string>((resolve) => {
      worker.onerror = (e) => { this.log('sandbox', `${name}: ${e.message}`); resolve(e.message || 'it could not be loaded'); };
    });
    worker.postMessage({ database: this.database, port: port2 } satisfies SandboxWorkerStart, [port2]);
    return { port: port1, terminate: () => { worker.terminate(); }, lost };
  }

  private create(): Worker {
    const worker = new Worker(new URL('../../../workers/sandbox.browser.ts', import.meta.url), { type: 'module', name: 'sandbox' });
    worker.postMessage({ interpreter: this.interpreter } satisfies SandboxWorkerPrepare);
    return worker;
  }
}
