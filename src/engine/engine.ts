/**
 * The Docker daemon: its parts, wired. Operations (one a file, below container/, image/ …) get this object and the call;
 * nothing else lives here. Reference: moby daemon/, with op files instead of one large struct.
 */
import type { ImageService } from '../image/image-service.ts';
import type { Clock, HostFs, KeyValueStore, Log, PortPublisher, RandomBytes, SandboxLauncher } from '../host/ports.ts';
import { dispatch } from './api/dispatch.ts';
import type { EngineHandler } from './api/message.ts';
import { Containers } from './container/containers.ts';
import { stopAll } from './container/shutdown.ts';
import { Events } from './events.ts';
import { Execs } from './exec/execs.ts';
import { Ipam } from './network/ipam.ts';
import { restore } from './restore.ts';
import { Volumes } from './volume/volumes.ts';

/** What the engine says about its surroundings in version and info. */
export interface HostFacts {
  /** Name of the machine or tab. */
  name: string;
  /** `Drydock in a browser tab`, … */
  operatingSystem: string;
  /** Where the data are, as a person would look for them: a directory, or the name of a database. */
  dataRoot: string;
  cpus: number;
  memory: number;
  /** uname -r as containers see it. */
  kernelVersion: string;
  mirrors: readonly string[];
  insecureRegistries: readonly string[];
  debug: boolean;
  warnings: readonly string[];
}

export interface EngineOptions {
  store: KeyValueStore;
  images: ImageService;
  sandboxes: SandboxLauncher;
  clock: Clock;
  random: RandomBytes;
  log: Log;
  host: HostFacts;
  /** Directories of the host for bind mounts; absent in a tab. */
  hostFs?: HostFs;
  /** Published ports; absent in a tab. */
  ports?: PortPublisher;
}

export class Engine {
  readonly store: KeyValueStore;
  readonly images: ImageService;
  readonly sandboxes: SandboxLauncher;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly host: HostFacts;
  readonly hostFs: HostFs | undefined;
  readonly ports: PortPublisher | undefined;
  readonly ipam = new Ipam();
  readonly events: Events;
  readonly containers: Containers;
  readonly volumes: Volumes;
  readonly execs = new Execs();
  /** Set once shutdown begins: nothing restarts any more. */
  stopping = false;
  /** The engine's own id, kept in the store. */
  id = '';

  private constructor(options: EngineOptions) {
    this.store = options.store;
    this.images = options.images;
    this.sandboxes = options.sandboxes;
    this.clock = options.clock;
    this.random = options.random;
    this.log = options.log;
    this.host = options.host;
    this.hostFs = options.hostFs;
    this.ports = options.ports;
    this.events = new Events(options.clock);
    this.containers = new Containers(options.store);
    this.images.setLayerUsers(() => this.containers.all().flatMap((c) => c.record.layers));
    this.volumes = new Volumes(this);
  }

  /** Reads the state back and applies the restart policies. */
  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    await restore(engine);
    return engine;
  }

  readonly handle: EngineHandler = (request) => dispatch(this, request);

  /** Stops every container (stop signal, then SIGKILL after `seconds`), and closes the store. */
  async shutdown(seconds = 10): Promise<void> {
    this.stopping = true;
    await stopAll(this, seconds);
    await this.images.close();
    await this.store.close();
  }
}
