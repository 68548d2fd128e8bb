/**
 * The unpacked layers: a record `layers/<hex>` each, data under `layer/<hex>/`. Several pulls that need the same layer
 * share one unpacking. A layer that nobody holds and no image refers to may be removed by the image store.
 */
import { NotFound } from '../../base/errors.ts';
import type { KeyValueStore } from '../../host/ports.ts';
import { layerKey, type Layer } from '../types.ts';
import { joinTar } from './tar-split.ts';
import { unpackLayer } from './unpack.ts';

/** A compressed form of a layer that some registry has. */
export interface LayerBlob { digest: string; size: number; mediaType: string }
export interface LayerRecord extends Layer { /** Bytes of its tar. */ tarSize: number; blobs: LayerBlob[] }

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const hex = (diffId: string): string => diffId.slice(7);

export class LayerStore {
  private readonly records = new Map<string, LayerRecord>();
  private readonly unpacking = new Map<string, Promise<LayerRecord>>();
  private readonly holds = new Map<string, number>();

  /** Store prefixes of layers that containers stand on. */
  users: () => Iterable<string> = () => [];

  private constructor(private readonly store: KeyValueStore) {}

  static async open(store: KeyValueStore): Promise<LayerStore> {
    const layers = new LayerStore(store);
    for (const [, bytes] of await store.entries('layers/')) {
      const record = JSON.parse(new TextDecoder().decode(bytes)) as LayerRecord;
      layers.records.set(record.diffId, record);
    }
    // A marker without a record: the engine died while unpacking or deleting it.
    for (const key of await store.keys('torn/')) {
      const diffId = `sha256:${key.slice('torn/'.length)}`;
      if (!layers.records.has(diffId)) await store.deletePrefix(`${layerKey(diffId)}/`);
      await store.commit({ deletes: [key] });
    }
    return layers;
  }

  get(diffId: string): LayerRecord | undefined { return this.records.get(diffId); }
  all(): IterableIterator<LayerRecord> { return this.records.values(); }

  /** Keeps a layer from being removed until the same number of releases. */
  hold(diffId: string): void { this.holds.set(diffId, (this.holds.get(diffId) ?? 0) + 1); }
  release(diffId: string): void {
    const n = (this.holds.get(diffId) ?? 0) - 1;
    if (n > 0) this.holds.set(diffId, n); else this.holds.delete(diffId);
  }
  /** Layers that must stay: those held, being unpacked, or under a container. */
  kept(): (diffId: string) => boolean {
    const used = new Set(this.users());
    return (diffId) => this.holds.has(diffId) || this.unpacking.has(diffId) || used.has(layerKey(diffId));
  }

  /** The layer, unpacked from `tar` (uncompressed) unless it is there or being unpacked already. */
  async ensure(diffId: string, tar: () => AsyncIterable<Uint8Array>, blob?: LayerBlob, signal?: AbortSignal): Promise<LayerRecord> {
    const running = this.unpacking.get(diffId);
    if (running) {
      const record = await running.catch(() => undefined);
      return record ?? this.ensure(diffId, tar, blob, signal);
    }
    const known = this.records.get(diffId);
    if (known) { if (blob) await this.addBlob(known, blob); return known; }
    const work = this.unpack(diffId, tar, blob, signal);
    this.unpacking.set(diffId, work);
    try { return await work; } finally { this.unpacking.delete(diffId); }
  }

  /** Remembers a compressed form, so that a push can skip the upload. */
  async addBlob(layer: LayerRecord, blob: LayerBlob): Promise<void> {
    if (layer.blobs.some((b) => b.digest === blob.digest)) return;
    const record = { ...layer, blobs: [...layer.blobs, blob] };
    this.records.set(layer.diffId, record);
    await this.store.commit({ puts: [[`layers/${hex(layer.diffId)}`, encode(record)]] });
  }

  async *tar(diffId: string): AsyncGenerator<Uint8Array, void> {
    if (!this.records.has(diffId)) throw new NotFound(`layer ${diffId} does not exist`);
    this.hold(diffId);
    try { yield* joinTar(this.store, layerKey(diffId)); } finally { this.release(diffId); }
  }

  async remove(diffId: string): Promise<void> {
    if (!this.records.delete(diffId)) return;
    await this.store.commit({ deletes: [`layers/${hex(diffId)}`], puts: [[`torn/${hex(diffId)}`, new Uint8Array(0)]] });
    await this.store.deletePrefix(`${layerKey(diffId)}/`);
    await this.store.commit({ deletes: [`torn/${hex(diffId)}`] });
  }

  private async unpack(diffId: string, tar: () => AsyncIterable<Uint8Array>, blob: LayerBlob | undefined, signal: AbortSignal | undefined): Promise<LayerRecord> {
    const marker = `torn/${hex(diffId)}`;
    await this.store.commit({ puts: [[marker, new Uint8Array(0)]] });
    await this.store.deletePrefix(`${layerKey(diffId)}/`);
    let record: LayerRecord | undefined;
    try {
      await unpackLayer(this.store, tar(), diffId, ({ size, tarSize }) => {
        record = { diffId, size, tarSize, blobs: blob ? [blob] : [] };
        return [[`layers/${hex(diffId)}`, encode(record)]];
      }, signal);
    } catch (e) {
      if ((await this.store.keys(`${layerKey(diffId)}/`)).length === 0) await this.store.commit({ deletes: [marker] });
      throw e;
    }
    this.records.set(diffId, record!);
    await this.store.commit({ deletes: [marker] });
    return record!;
  }
}
