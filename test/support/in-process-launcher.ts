/** Sandboxes in the test's own thread, over a MessageChannel: the same code as in a worker. */
import type { Endpoint } from 'comlink';
import type { HostFs, KeyValueStore, Log, SandboxLauncher } from '../../src/host/ports.ts';
import { serveSandbox } from '../../src/runtime/serve.ts';
import { createClock } from './clock.ts';

export class InProcessLauncher implements SandboxLauncher {
  constructor(private readonly store: KeyValueStore, private readonly log: Log = () => undefined, private readonly hostFs?: HostFs) {}

  launch(): ReturnType<SandboxLauncher['launch']> {
    const { port1, port2 } = new MessageChannel(), { store, log, hostFs } = this;
    // The test goes on using the store when a sandbox closes its own.
    const view = Object.assign(Object.create(store) as KeyValueStore, { close: () => Promise.resolve() });
    serveSandbox({ store: view, clock: createClock(), random: (into) => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); }, log, hostFs, yieldToHost: (f) => { setImmediate(f); } }, port2 as unknown as Endpoint);
    return Promise.resolve({ port: port1, terminate: () => { port1.close(); port2.close(); } });
  }
}
