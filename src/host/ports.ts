/**
 * Everything the core needs from its surroundings. host/browser and host/node implement these interfaces; only entry
 * points (workers/) and tests import the implementations, everybody else gets a port as a parameter.
 */

/** A set of changes that becomes visible all at once or not at all. Deletes are applied before puts. */
export interface StoreBatch {
  readonly puts?: ReadonlyArray<readonly [key: string, value: Uint8Array]>;
  readonly deletes?: readonly string[];
}

/**
 * The persistent store: keys are `/`-separated paths of printable ASCII (`layer/<hex>/index`), values are bytes.
 * IndexedDB in the browser, files under Node. Every implementation passes test/suites/store.ts.
 *
 * Errors: StorageFull when the medium is full (nothing of the batch is kept), StoreUnavailable when it cannot be used.
 */
export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>;
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /** Keys that start with `prefix`, in byte order. */
  keys(prefix: string): Promise<string[]>;
  /** Keys and values that start with `prefix`, in byte order. For small records only. */
  entries(prefix: string): Promise<[string, Uint8Array][]>;
  /** Applies the batch atomically and durably. */
  commit(batch: StoreBatch): Promise<void>;
  /** Deletes everything under `prefix`. Not atomic for large sets; callers delete the referencing record first. */
  deletePrefix(prefix: string): Promise<void>;
  /** Bytes in use and in all of the medium (the origin's share, the disk). Asked at every container's start: takes no longer for more data. */
  usage(): Promise<{ used: number; quota: number }>;
  /** Synchronous read, where the host has one (Node): lets a page fault be served without parking the task. */
  getSync?(key: string): Uint8Array | undefined;
  close(): Promise<void>;
}

export class StorageFull extends Error {
  override name = 'StorageFull';
  constructor(message = 'no space left on device') { super(message); }
}

export class StoreUnavailable extends Error { override name = 'StoreUnavailable'; }

/** Time. Wall clock in ms since the epoch, monotonic in ms, both fractional. */
export interface Clock {
  now(): number;
  monotonic(): number;
}

/** Cryptographically strong random bytes, filled in place. */
export type RandomBytes = (into: Uint8Array) => void;

/** A fetch as the registry client needs it; `fetch` itself fits. */
export interface HttpFetch {
  (url: string, init?: { method?: string; headers?: Record<string, string>; body?: Uint8Array | ReadableStream<Uint8Array>; signal?: AbortSignal; redirect?: 'follow' | 'manual' }): Promise<HttpResponse>;
}
export interface HttpResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Streaming SHA-256; `digest` gives lower-case hex without the `sha256:` prefix. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** One line per call, structured enough to filter: `log('kernel', 'unimplemented syscall io_uring_setup (425)')`. */
export type Log = (subsystem: string, message: string) => void;

/** A two-way byte stream: a hijacked connection, a process's stdio, an uplink. */
export interface Duplex {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Starts the worker that runs one container; resolves to a port on which runtime/sandbox-api.ts is spoken (comlink). */
export interface SandboxLauncher {
  launch(name: string): Promise<{ port: MessagePort; terminate(): void; /** Resolves with the reason when the worker ends by itself. */ lost?: Promise<string> }>;
}

/** Directories of the host for bind mounts (Node only). All calls are synchronous and throw {code:'ENOENT'…}-style errors. */
export interface HostFs {
  stat(path: string, follow: boolean): HostStat;
  readdir(path: string): string[];
  readlink(path: string): string;
  read(path: string, offset: number, into: Uint8Array): number;
  write(path: string, offset: number, from: Uint8Array): number;
  truncate(path: string, size: number): void;
  create(path: string, mode: number): void;
  mkdir(path: string, mode: number): void;
  symlink(target: string, path: string): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  rmdir(path: string): void;
  chmod(path: string, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  utimes(path: string, atimeMs: number, mtimeMs: number): void;
  fsync(path: string): void;
}
export interface HostStat { ino: number; mode: number; nlink: number; uid: number; gid: number; rdev: number; size: number; atimeMs: number; mtimeMs: number; ctimeMs: number }

/** Listens on the host for connections to containers: published ports (Node only). */
export interface PortPublisher {
  /** @param hostPort 0 for any free one. Rejects with an error whose code is EADDRINUSE, EACCES … */
  publish(hostIp: string, hostPort: number, onConnection: (connection: Duplex) => void): Promise<{ port: number; /** Stops listening and ends its connections. */ close(): Promise<void> }>;
}

/** Local files, as far as the place has any: a page offers picked files and downloads. */
export interface LocalFiles {
  /** Opens a file for reading; throws an Error with Docker's text (`open x: no such file or directory`). */
  read(name: string): Promise<ReadableStream<Uint8Array>>;
  write(name: string, content: ReadableStream<Uint8Array>): Promise<void>;
}
