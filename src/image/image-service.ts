/**
 * All of image/ behind one object: what the engine calls. Images, their names and layers; pull, push, load, save, import;
 * layers and images made here by commit and build.
 *
 * Content flows registry -> blob (ingest, resumable, verified) -> layer (unpacked under its diff id) -> image (a record that
 * refers to layers). Nothing is visible before its commit; what no image refers to is deleted.
 */
import type { ImageConfig } from './config.ts';
import type { HistoryLine, Image, ImageServiceOptions, LoadResult, NewLayer, PullOptions, RegistryAuth, RegistryOptions, Removal } from './types.ts';
import type { Progress } from './progress.ts';

export interface ImageService {
  /** Every image, newest first. */
  list(): Image[];
  /** By reference (`alpine`, `alpine:3`, `x@sha256:…`), id, or unambiguous id prefix. Throws NotFound `No such image: X`. */
  resolve(nameOrId: string): Image;
  /** As resolve, but undefined when there is none. */
  find(nameOrId: string): Image | undefined;

  /** Pulls; yields the image. Progress lines are Docker's, the last being `Status: …`. */
  pull(reference: string, options?: PullOptions): Promise<Image>;
  /** Every tag of a repository (docker pull -a). */
  pullAll(repository: string, options?: PullOptions): Promise<Image[]>;
  push(reference: string, options: { auth?: RegistryAuth; progress?: Progress; signal?: AbortSignal }): Promise<{ tag: string; digest: string; size: number }>;
  /** Checks credentials against a registry (docker login); resolves to the status text. */
  login(auth: RegistryAuth): Promise<string>;
  /** The manifest descriptor and platforms of a remote reference (GET /distribution/{name}/json). */
  distribution(reference: string, auth?: RegistryAuth): Promise<{ Descriptor: { mediaType: string; digest: string; size: number }; Platforms: { architecture: string; os: string; variant?: string }[] }>;
  setRegistries(options: RegistryOptions): void;

  /** Reads `docker save` and OCI archives, plain or compressed. Progress lines as the engine's (`Loaded image: X`). */
  load(archive: ReadableStream<Uint8Array>, options?: { progress?: Progress; signal?: AbortSignal }): Promise<LoadResult>;
  /** An archive that both `docker load` and OCI tools read. */
  save(namesOrIds: readonly string[]): ReadableStream<Uint8Array>;
  /** docker import: a filesystem tar becomes a one-layer image. */
  import(tar: ReadableStream<Uint8Array>, options: { reference?: string; message?: string; config?: Partial<ImageConfig>; progress?: Progress; signal?: AbortSignal }): Promise<Image>;

  tag(image: string, target: string): void | Promise<void>;
  /**
   * docker rmi. `inUse` says by which container an image is used, so that the answer is Docker's conflict text; `force` removes
   * names even then. Removes untagged parents too unless noPrune.
   */
  remove(nameOrId: string, options?: { force?: boolean; noPrune?: boolean; inUse?: (id: string) => { container: string; running: boolean } | undefined }): Promise<Removal[]>;
  /** Removes dangling images (or all that `keep` refuses), and says how many bytes that freed. */
  prune(options: { dangling: boolean; keep: (image: Image) => boolean }): Promise<{ deleted: Removal[]; spaceReclaimed: number }>;

  history(nameOrId: string): HistoryLine[];

  /** Store prefixes of the layers for RootfsSpec.layers, lowest first. */
  layerPrefixes(id: string): string[];
  /** Unpacks an uncompressed layer tar (commit, build, import). The layer is held until an image refers to it or release(). */
  createLayer(tar: ReadableStream<Uint8Array>): Promise<NewLayer>;
  release(diffId: string): void | Promise<void>;
  /** Stores an image made here; rootfs.diff_ids must name existing layers. */
  createImage(config: ImageConfig, options?: { parent?: string; references?: readonly string[] }): Promise<Image>;
  /** The exact tar of a layer. */
  layerTar(diffId: string): ReadableStream<Uint8Array>;

  /** Unique layer bytes of all images and, per image, the bytes shared with others: docker system df. */
  diskUsage(): { layersSize: number; shared: Map<string, number> };
  close(): Promise<void>;
}

export type { ImageServiceOptions };
