/** The daemon under Node: wires stores, images, sandboxes and the HTTP server to the engine. */
import { randomFillSync } from 'node:crypto';
import * as os from 'node:os';
import { compileInterpreter } from '../src/cpu/create.ts';
import { Engine } from '../src/engine/engine.ts';
import { messageOf } from '../src/engine/errors.ts';
import { ENGINE_VERSION } from '../src/engine/version.ts';
import { USAGE, UsageError, parseDaemonOptions, type DaemonOptions } from '../src/host/node/daemon-options.ts';
import { FileStore } from '../src/host/node/file-store.ts';
import { nodeHostFs } from '../src/host/node/host-fs.ts';
import { listenAll } from '../src/host/node/listen.ts';
import { nodePortPublisher } from '../src/host/node/port-publisher.ts';
import { NodeSandboxLauncher } from '../src/host/node/sandbox-launcher.ts';
import type { HttpFetch } from '../src/host/ports.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { openImageService } from '../src/image/image-service.ts';
import { RELEASE } from '../src/kernel/version.ts';

const STOP_SECONDS = 10;

async function serve(options: DaemonOptions): Promise<void> {
  const clock = systemClock();
  const random = (into: Uint8Array): void => { randomFillSync(into); };
  const log = options.debug ? (subsystem: string, message: string): void => { console.error(`${new Date().toISOString()} ${subsystem}: ${message}`); } : (): void => undefined;
  const store = new FileStore(options.dataRoot);
  const images = await openImageService({ store, clock, random, log, fetch: fetch as unknown as HttpFetch, registries: { mirrors: { 'docker.io': options.mirrors }, insecure: options.insecureRegistries } });
  const engine = await Engine.open({
    store, images, clock, random, log, hostFs: nodeHostFs, ports: nodePortPublisher,
    sandboxes: new NodeSandboxLauncher(new URL('./sandbox.js', import.meta.url), options.dataRoot, store, compileInterpreter(), log),
    host: {
      name: os.hostname(), operatingSystem: `Drydock on Node ${process.versions.node} (${os.type()} ${os.release()})`, dataRoot: options.dataRoot, cpus: os.availableParallelism(),
      memory: os.totalmem(), kernelVersion: RELEASE, mirrors: options.mirrors, insecureRegistries: options.insecureRegistries, debug: options.debug, warnings: [],
    },
  });
  const listening = await listenAll(engine.handle, options.listen);
  console.log(`Drydock engine listening on ${listening.addresses.join(' and ')}`);

  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void engine.shutdown(STOP_SECONDS).then(() => { listening.close(); process.exit(0); }, (e: unknown) => { console.error(`drydock: ${messageOf(e)}`); process.exit(1); });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

try {
  const options = parseDaemonOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else if (options.version) console.log(`Drydock engine ${ENGINE_VERSION}`);
  else await serve(options);
} catch (e) {
  console.error(`drydock: ${messageOf(e)}`);
  process.exit(e instanceof UsageError ? 2 : 1);
}
