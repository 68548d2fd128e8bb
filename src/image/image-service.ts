/**
 * All of image/ behind one object: what the engine calls. Images, their names and layers; pull, push, load, save, import;
 * layers and images made here by commit and build.
 *
 * Content flows registry -> blob (ingest, resumable, verified) -> layer (unpacked under its diff id) -> image (a record that
 * refers to layers). Nothing is visible before its commit; what no image refers to is deleted.
 */
import { InvalidParameter, NotFound, Unauthorized } from '../base/errors.ts';
import { iterate, streamOf } from '../base/streams.ts';
import { loadArchive } from './archive/load.ts';
import { saveArchive } from './archive/save.ts';
import type { ImageConfig } from './config.ts';
import { BlobStore } from './content/blob-store.ts';
import { ImageStore, type RemoveOptions } from './image-store.ts';
import { decompress } from './layer/inflate.ts';
import { LayerStore } from './layer/layer-store.ts';
import { parsePlatform, type Platform } from './platform.ts';
import { throttle, type Progress } from './progress.ts';
import { pullManifest } from './pull.ts';
import { canonicalName, canonicalString, familiarName, familiarString, parseReference, withDefaultTag, type Reference } from '../base/reference.ts';
import { RegistryClient, type ClientContext } from './registry/client.ts';
import { Downloads } from './registry/downloads.ts';
import { plainError, pullError, RegistryError } from './registry/errors.ts';
import { endpoints, type Endpoint } from './registry/hosts.ts';
import { pushImage } from './registry/push.ts';
import { parseRemote, platformsOf, withSource } from './remote.ts';
import { diffIdOf, layerKey, type HistoryLine, type Image, type ImageServiceOptions, type LoadResult, type NewLayer, type PullOptions, type RegistryAuth, type RegistryOptions, type Removal } from './types.ts';

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

  tag(image: string, target: string): Promise<void>;
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
  release(diffId: string): Promise<void>;
  /** `used` tells the store prefixes of layers that containers stand on: they stay even when their image goes. */
  setLayerUsers(used: () => Iterable<string>): void;
  /** A container has gone: of its layers (store prefixes), those that nothing needs any more are removed. */
  collectLayers(prefixes: readonly string[]): Promise<void>;
  /** Stores an image made here; rootfs.diff_ids must name existing layers. */
  createImage(config: ImageConfig, options?: { parent?: string; references?: readonly string[] }): Promise<Image>;
  /** The exact tar of a layer. */
  layerTar(diffId: string): ReadableStream<Uint8Array>;

  /** Unique layer bytes of all images and, per image, the bytes shared with others: docker system df. */
  diskUsage(): { layersSize: number; shared: Map<string, number> };
  /** Waits for changes under way. */
  close(): Promise<void>;
}

export async function openImageService(options: ImageServiceOptions): Promise<ImageService> {
  const layers = await LayerStore.open(options.store);
  const blobs = new BlobStore(options.store, options.clock);
  await blobs.sweep();
  return new LocalImageService(options, layers, blobs, await ImageStore.open(options.store, layers, options.clock));
}

/** A layer without entries: its tar is the end marker alone. */
const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

class LocalImageService implements ImageService {
  private readonly downloads: Downloads;
  private readonly platform: Platform;
  private registries: RegistryOptions;

  constructor(private readonly options: ImageServiceOptions, private readonly layers: LayerStore, private readonly blobs: BlobStore, private readonly images: ImageStore) {
    this.downloads = new Downloads(blobs);
    this.platform = parsePlatform(options.platform ?? 'linux/amd64');
    this.registries = options.registries ?? {};
  }

  list(): Image[] { return this.images.list(); }
  resolve(nameOrId: string): Image { return this.images.resolve(nameOrId); }
  find(nameOrId: string): Image | undefined { return this.images.find(nameOrId); }
  history(nameOrId: string): HistoryLine[] { return this.images.history(nameOrId); }
  tag(image: string, target: string): Promise<void> { return this.images.tag(image, target); }
  remove(nameOrId: string, options?: RemoveOptions): Promise<Removal[]> { return this.images.remove(nameOrId, options); }
  diskUsage(): { layersSize: number; shared: Map<string, number> } { return this.images.diskUsage(); }
  setRegistries(options: RegistryOptions): void { this.registries = options; }

  async pull(text: string, options: PullOptions = {}): Promise<Image> {
    const { reference, layout } = parseRemote(text), signal = options.signal ?? new AbortController().signal;
    const progress = this.progress(options.progress);
    try {
      const { source, root } = await withSource(reference, layout, options.auth, this.context(), async (source) => ({ source, root: await source.manifest(reference.digest ?? reference.tag!, signal) }));
      return await pullManifest({ layers: this.layers, images: this.images, downloads: this.downloads }, {
        reference, source, root, progress, signal, platformAsked: options.platform !== undefined && options.platform !== '',
        platform: options.platform ? parsePlatform(options.platform) : this.platform,
      });
    } catch (e) { throw pullError(e, reference); }
  }

  async pullAll(repository: string, options: PullOptions = {}): Promise<Image[]> {
    const { reference, layout } = parseRemote(repository);
    if (isTagged(repository)) throw new InvalidParameter("tag can't be used with --all-tags/-a");
    const tags = await withSource(reference, layout, options.auth, this.context(), (source) => source.tags(options.signal)).catch((e: unknown) => { throw pullError(e, reference); });
    const out: Image[] = [];
    for (const tag of tags) out.push(await this.pull(`${repository}:${tag}`, options));
    return out;
  }

  async push(text: string, options: { auth?: RegistryAuth; progress?: Progress; signal?: AbortSignal }): Promise<{ tag: string; digest: string; size: number }> {
    const reference = withDefaultTag(parseReference(text));
    if (reference.tag === undefined) throw new InvalidParameter('cannot push a digest reference');
    const image = this.images.find(familiarString(reference));
    if (!image) throw new NotFound(`An image does not exist locally with the tag: ${familiarName(reference)}`);
    const progress = this.progress(options.progress);
    progress({ status: `The push refers to repository [${canonicalName(reference)}]` });
    const endpoint = endpoints(reference.domain, this.registries).find((e): e is Endpoint & { kind: 'registry' } => e.kind === 'registry' && !e.mirror)!;
    const client = new RegistryClient(reference.domain, endpoint, options.auth, this.context());
    try {
      const { digest, size } = await pushImage({ layers: this.layers, blobs: this.blobs, client, name: reference.path, progress, signal: options.signal }, image, reference.tag);
      await this.images.addReferences(image.id, [{ domain: reference.domain, path: reference.path, digest }]);
      progress({ status: `${reference.tag}: digest: ${digest} size: ${size}` });
      progress({ aux: { Tag: reference.tag, Digest: digest, Size: size } });
      return { tag: reference.tag, digest, size };
    } catch (e) { throw plainError(e); }
  }

  async login(auth: RegistryAuth): Promise<string> {
    const domain = (auth.serveraddress || 'docker.io').replace(/^https?:\/\//, '').replace(/\/.*$/, '').replace(/^index\.docker\.io$/, 'docker.io');
    const endpoint = endpoints(domain, this.registries).find((e): e is Endpoint & { kind: 'registry' } => e.kind === 'registry' && !e.mirror)!;
    try { await new RegistryClient(domain, endpoint, auth, this.context()).request('', { scope: '' }); } catch (e) {
      if (e instanceof RegistryError && e.status === 401) throw new Unauthorized(`login attempt to ${endpoint.base}/v2/ failed with status: 401 Unauthorized`);
      throw plainError(e);
    }
    return 'Login Succeeded';
  }

  async distribution(text: string, auth?: RegistryAuth): ReturnType<ImageService['distribution']> {
    const { reference, layout } = parseRemote(text);
    try {
      return await withSource(reference, layout, auth, this.context(), async (source) => {
        const root = await source.manifest(reference.digest ?? reference.tag!);
        return { Descriptor: { mediaType: root.content.mediaType, digest: root.digest, size: root.bytes.length }, Platforms: await platformsOf(source, root) };
      });
    } catch (e) { throw plainError(e); }
  }

  async load(archive: ReadableStream<Uint8Array>, options: { progress?: Progress; signal?: AbortSignal } = {}): Promise<LoadResult> {
    const { layers, images, blobs, platform } = this;
    return { images: await loadArchive({ layers, images, blobs, platform, progress: this.progress(options.progress), signal: options.signal }, iterate(archive)) };
  }

  save(namesOrIds: readonly string[]): ReadableStream<Uint8Array> {
    const items = new Map<string, { image: Image; references: Reference[] }>();
    const add = (image: Image, reference?: Reference): void => {
      const item = items.get(image.id) ?? { image, references: [] };
      items.set(image.id, item);
      if (reference && !item.references.some((r) => canonicalString(r) === canonicalString(reference))) item.references.push(reference);
    };
    for (const name of namesOrIds) {
      const image = this.images.find(name);
      const reference = /^(?:sha256:)?[0-9a-f]+$/.test(name) && image?.id.includes(name.replace('sha256:', '')) ? undefined : parseReference(name);
      if (!reference) { add(this.images.resolve(name)); continue; }
      if (reference.digest !== undefined) { add(this.images.resolve(name)); continue; }
      if (reference.tag !== undefined) { add(this.images.resolve(name), reference); continue; }
      const tagged = this.images.list().flatMap((i) => i.repoTags.map((t) => [i, parseReference(t)] as const)).filter(([, t]) => canonicalName(t) === canonicalName(reference));
      if (tagged.length === 0) add(this.images.resolve(name));
      for (const [i, t] of tagged) add(i, t);
    }
    return streamOf(saveArchive(this.layers, [...items.values()]));
  }

  async import(tar: ReadableStream<Uint8Array>, options: { reference?: string; message?: string; config?: Partial<ImageConfig>; progress?: Progress; signal?: AbortSignal }): Promise<Image> {
    const references = options.reference ? [withDefaultTag(parseReference(options.reference))] : [];
    if (references.some((r) => r.digest !== undefined)) throw new InvalidParameter('cannot import digest reference');
    const { diffId } = await this.createLayer(tar, options.signal), created = new Date(this.options.clock.now()).toISOString();
    try {
      const config: ImageConfig = {
        architecture: this.platform.architecture, os: this.platform.os, created, ...options.config,
        rootfs: { type: 'layers', diff_ids: [diffId] }, history: [{ created, comment: options.message ?? 'Imported from -' }],
      };
      const image = await this.images.add(new TextEncoder().encode(JSON.stringify(config)), { references });
      options.progress?.({ status: image.id });
      return image;
    } finally { await this.release(diffId); }
  }

  async prune(options: { dangling: boolean; keep: (image: Image) => boolean }): Promise<{ deleted: Removal[]; spaceReclaimed: number }> {
    const pruned = await this.images.prune((image) => !options.keep(image) && (!options.dangling || image.repoTags.length === 0));
    await this.images.collect([...this.layers.all()].map((l) => l.diffId));
    await this.blobs.sweep(0);
    return pruned;
  }

  layerPrefixes(id: string): string[] { return this.images.resolve(id).layers.map((l) => layerKey(l.diffId)); }

  async createLayer(tar: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<NewLayer> {
    const spooled = await this.blobs.spool(decompress(iterate(tar)), signal);
    this.layers.hold(spooled.digest);
    try {
      const { diffId, size } = await this.layers.ensure(spooled.digest, () => spooled.read(), undefined, signal);
      return { diffId, size, empty: diffId === EMPTY_LAYER };
    } catch (e) {
      this.layers.release(spooled.digest);
      throw e;
    } finally { await spooled.remove(); }
  }

  setLayerUsers(used: () => Iterable<string>): void { this.layers.users = used; }
  async collectLayers(prefixes: readonly string[]): Promise<void> { await this.images.collect(prefixes.map(diffIdOf)); }

  async release(diffId: string): Promise<void> {
    this.layers.release(diffId);
    await this.images.collect([diffId]);
  }

  createImage(config: ImageConfig, options: { parent?: string; references?: readonly string[] } = {}): Promise<Image> {
    return this.images.add(new TextEncoder().encode(JSON.stringify(config)), { parent: options.parent, references: (options.references ?? []).map((r) => withDefaultTag(parseReference(r))) });
  }

  close(): Promise<void> { return this.images.settled(); }
  layerTar(diffId: string): ReadableStream<Uint8Array> { return streamOf(this.layers.tar(diffId)); }

  private context(): ClientContext {
    const { fetch, clock, log } = this.options;
    return { fetch, clock, log, options: this.registries, crossOrigin: this.registries.baseUrl !== undefined };
  }

  private progress(to: Progress | undefined): Progress { return to ? throttle(to, () => this.options.clock.monotonic()) : () => undefined; }
}

function isTagged(text: string): boolean { const r = text.startsWith('oci+') ? undefined : parseReference(text); return r !== undefined && (r.tag !== undefined || r.digest !== undefined); }
