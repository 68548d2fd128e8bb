/**
 * The nouns of image/: what the engine sees of images, layers, credentials and registries.
 */
import type { Clock, HttpFetch, KeyValueStore, Log, RandomBytes } from '../host/ports.ts';
import type { ImageConfig } from './config.ts';

/** An image at rest. Its id is the digest of its configuration, as in Docker's own image store. */
export interface Image {
  /** `sha256:<64 hex>`. */
  readonly id: string;
  readonly config: ImageConfig;
  /** The configuration's bytes; their sha256 is the id. */
  readonly rawConfig: Uint8Array;
  /** Layers, lowest first. */
  readonly layers: readonly Layer[];
  /** Names as `docker images` shows them: `alpine:latest`, `ghcr.io/x/y:1`. Sorted. */
  readonly repoTags: readonly string[];
  /** `alpine@sha256:…`. Sorted. */
  readonly repoDigests: readonly string[];
  /** Bytes of all layers unpacked. */
  readonly size: number;
  /** Id of the image it was built on, when it was built here. */
  readonly parent?: string;
  /** When it last got a tag, ms since the epoch; 0 when never. */
  readonly lastTagTime: number;
}

/** An unpacked layer. Its data lie under the store prefix layerKey(diffId). */
export interface Layer {
  /** `sha256:…` of the uncompressed tar. */
  readonly diffId: string;
  /** Bytes of file content. */
  readonly size: number;
}

/** Store prefix of an unpacked layer, as RootfsSpec.layers wants it: `layer/<hex>`. */
export function layerKey(diffId: string): string { return `layer/${diffId.slice(7)}`; }
/** The layer that lies under a store prefix. */
export function diffIdOf(prefix: string): string { return `sha256:${prefix.slice('layer/'.length)}`; }

/** Credentials as X-Registry-Auth carries them (base64url JSON, decoded). */
export interface RegistryAuth {
  username?: string;
  password?: string;
  /** base64 of username:password, from old clients. */
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
  serveraddress?: string;
}

/** Where images come from; all of it optional, settable at run time. */
export interface RegistryOptions {
  /**
   * Per registry host (`docker.io`, `ghcr.io`, …) what to try before the registry itself: `https://host[/path]` (a v2 registry)
   * or `oci+https://host/path` (OCI layouts as static files: PATH/<repository>/index.json). For docker.io, `library/` is dropped.
   */
  mirrors?: Record<string, readonly string[]>;
  /** Same-origin proxy for registries without CORS: `BASE/DOMAIN/v2/…` stands for that registry's API, `BASE/DOMAIN/token` for its token service. */
  proxyBase?: string;
  /** Hosts spoken to over http; loopback addresses always are. */
  insecure?: readonly string[];
  /** Resolves relative mirror addresses (`oci+/images`) in a page. */
  baseUrl?: string;
}

export interface ImageServiceOptions {
  store: KeyValueStore;
  fetch: HttpFetch;
  clock: Clock;
  random: RandomBytes;
  log: Log;
  registries?: RegistryOptions;
  /** Platform of images pulled when none is asked for; `linux/amd64`. */
  platform?: string;
}

export interface PullOptions {
  /** `linux/arm64`, as --platform gives it. */
  platform?: string;
  auth?: RegistryAuth;
  progress?: (message: import('./progress.ts').ProgressMessage) => void;
  signal?: AbortSignal;
}

export interface LoadResult { images: Image[] }

/** One line of `docker rmi`: the fields of ImageDeleteResponseItem. */
export type Removal = { Untagged: string } | { Deleted: string };

export interface HistoryLine { Id: string; Created: number; CreatedBy: string; Tags: string[] | null; Size: number; Comment: string }

/** A layer that was just written by commit, build or import. */
export interface NewLayer { diffId: string; size: number; empty: boolean }
