/**
 * Images and their names: `image/<hex>/config` (the bytes whose digest is the id), `image/<hex>/record`, and one record
 * `images/refs` with all names, so that moving a tag is one atomic write. Removing an image removes the layers that no
 * other image refers to and nobody holds. Semantics and texts: moby daemon/images/image_delete.go.
 */
import { Conflict, InvalidParameter, NotFound } from '../base/errors.ts';
import type { Clock, KeyValueStore } from '../host/ports.ts';
import { chainIds } from './chain-id.ts';
import { parseConfig, type ImageConfig } from './config.ts';
import { digestOf, hexOf } from './digest.ts';
import { canonicalName, canonicalString, familiarString, parseReference, withDefaultTag, type Reference } from '../base/reference.ts';
import type { LayerStore } from './layer/layer-store.ts';
import type { HistoryLine, Image, Removal } from './types.ts';

interface Stored { id: string; config: ImageConfig; rawConfig: Uint8Array; parent?: string; manifest?: string }
interface Refs { tags: Record<string, string>; digests: Record<string, string>; tagged: Record<string, number> }

export interface RemoveOptions { force?: boolean; noPrune?: boolean; inUse?: (id: string) => { container: string; running: boolean } | undefined }

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

export class ImageStore {
  private readonly images = new Map<string, Stored>();
  private refs: Refs = { tags: {}, digests: {}, tagged: {} };
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(private readonly store: KeyValueStore, private readonly layers: LayerStore, private readonly clock: Clock) {}

  static async open(store: KeyValueStore, layers: LayerStore, clock: Clock): Promise<ImageStore> {
    const images = new ImageStore(store, layers, clock);
    const records = new Map(await store.entries('image/'));
    for (const [key, rawConfig] of records) {
      const hex = /^image\/([0-9a-f]{64})\/config$/.exec(key)?.[1];
      const record = hex && records.get(`image/${hex}/record`);
      if (!hex || !record) continue;
      images.images.set(`sha256:${hex}`, { ...(parse(record) as { parent?: string; manifest?: string }), id: `sha256:${hex}`, config: parseConfig(rawConfig), rawConfig });
    }
    const refs = await store.get('images/refs');
    if (refs) images.refs = parse(refs) as Refs;
    return images;
  }

  list(): Image[] {
    return [...this.images.keys()].map((id) => this.image(id)).sort((a, b) => Date.parse(b.config.created ?? '') - Date.parse(a.config.created ?? '') || (a.id < b.id ? -1 : 1));
  }

  has(id: string): boolean { return this.images.has(id); }

  find(nameOrId: string): Image | undefined {
    if (this.images.has(nameOrId)) return this.image(nameOrId);
    if (/^[0-9a-f]{64}$/.test(nameOrId)) return this.images.has(`sha256:${nameOrId}`) ? this.image(`sha256:${nameOrId}`) : undefined;
    const byName = this.lookup(tryParse(nameOrId));
    if (byName !== undefined && this.images.has(byName)) return this.image(byName);
    const prefix = /^(?:sha256:)?([0-9a-f]{1,63})$/.exec(nameOrId)?.[1];
    const matches = prefix === undefined ? [] : [...this.images.keys()].filter((id) => id.startsWith(`sha256:${prefix}`));
    return matches.length === 1 ? this.image(matches[0]) : undefined;
  }

  resolve(nameOrId: string): Image {
    const image = this.find(nameOrId);
    if (image) return image;
    if (/^(?:sha256:)?[0-9a-f]{64}$/.test(nameOrId)) throw new NotFound(`No such image: sha256:${nameOrId.replace('sha256:', '')}`);
    throw new NotFound(`No such image: ${familiarString(withDefaultTag(parseReference(nameOrId)))}`);
  }

  /** Adds an image whose layers are all there, and gives it names, in one step. */
  add(rawConfig: Uint8Array, options: { parent?: string; manifest?: string; references?: readonly Reference[] } = {}): Promise<Image> {
    return this.exclusive(async () => {
      const id = await digestOf(rawConfig), config = parseConfig(rawConfig);
      const missing = config.rootfs.diff_ids.find((d) => !this.layers.get(d));
      if (missing) throw new InvalidParameter(`layer ${missing} does not exist`);
      const before = this.images.get(id);
      const stored: Stored = { id, config, rawConfig, parent: options.parent ?? before?.parent, manifest: options.manifest ?? before?.manifest };
      const refs = this.withReferences(id, options.references ?? []);
      await this.store.commit({ puts: [
        [`image/${hexOf(id)}/config`, rawConfig], [`image/${hexOf(id)}/record`, encode({ parent: stored.parent, manifest: stored.manifest })], ['images/refs', encode(refs)],
      ] });
      this.images.set(id, stored);
      this.refs = refs;
      return this.image(id);
    });
  }

  tag(nameOrId: string, target: string): Promise<void> {
    const reference = withDefaultTag(parseReference(target));
    if (reference.digest !== undefined) throw new InvalidParameter('refusing to create a tag with a digest reference');
    const { id } = this.resolve(nameOrId);
    return this.addReferences(id, [reference]);
  }

  addReferences(id: string, references: readonly Reference[]): Promise<void> {
    return this.exclusive(() => this.saveRefs(this.withReferences(id, references)));
  }

  remove(nameOrId: string, options: RemoveOptions = {}): Promise<Removal[]> {
    return this.exclusive(async () => {
      const image = this.resolve(nameOrId), { id } = image, removals: Removal[] = [];
      let references = this.referencesOf(id);
      let untaggedFirst = false;
      if (!isIdPrefix(id, nameOrId)) {
        const user = options.inUse?.(id);
        if (!options.force && singleReference(references) && user) {
          throw new Conflict(`conflict: unable to remove repository reference "${nameOrId}" (must force) - container ${user.container.slice(0, 12)} is using its referenced image ${short(id)}`);
        }
        const wanted = withDefaultTag(parseReference(nameOrId));
        await this.untag([wanted], removals);
        references = this.referencesOf(id);
        if (wanted.digest === undefined && !references.some((r) => r.digest === undefined && canonicalName(r) === canonicalName(wanted))) {
          await this.untag(references.filter((r) => r.digest !== undefined && canonicalName(r) === canonicalName(wanted)), removals);
          references = this.referencesOf(id);
        }
        if (references.length > 0) return removals;
        untaggedFirst = true;
      } else if (singleReference(references)) {
        const conflict = this.conflict(id, options, !options.force, false);
        if (conflict) throw conflict;
        await this.untag(references, removals);
      }
      await this.removeImage(id, options, untaggedFirst, removals);
      return removals;
    });
  }

  /** Removes images that `pick` chooses, unless they are in use or are parents. */
  prune(pick: (image: Image) => boolean): Promise<{ deleted: Removal[]; spaceReclaimed: number }> {
    return this.exclusive(async () => {
      const before = this.totalSize(), deleted: Removal[] = [];
      for (let again = true; again;) {
        again = false;
        for (const image of this.list()) {
          if (!pick(image) || this.children(image.id).length > 0) continue;
          await this.untag(this.referencesOf(image.id), deleted);
          await this.removeImage(image.id, { force: true, noPrune: true }, true, deleted);
          again = true;
        }
      }
      return { deleted, spaceReclaimed: before - this.totalSize() };
    });
  }

  /** Removes layers that neither an image nor a holder needs. */
  collect(candidates: Iterable<string>): Promise<string[]> { return this.exclusive(() => this.collectLayers(candidates)); }

  history(nameOrId: string): HistoryLine[] {
    const { id, config, layers, repoTags } = this.resolve(nameOrId);
    const lines: HistoryLine[] = [];
    let layer = 0;
    for (const entry of config.history ?? []) {
      const size = entry.empty_layer ? 0 : layers[layer++]?.size ?? 0;
      lines.unshift({ Id: '<missing>', Created: Math.floor(Date.parse(entry.created ?? '') / 1000) || 0, CreatedBy: entry.created_by ?? '', Tags: null, Size: size, Comment: entry.comment ?? '' });
    }
    let at: string | undefined = id;
    for (const line of lines) {
      if (at === undefined) break;
      line.Id = at;
      const tags: readonly string[] = at === id ? repoTags : this.image(at).repoTags;
      line.Tags = tags.length > 0 ? [...tags] : null;
      at = this.images.get(at)?.parent;
      if (at !== undefined && !this.images.has(at)) at = undefined;
    }
    return lines;
  }

  /** Digest of the manifest that the image was pulled with. */
  manifestOf(id: string): string | undefined { return this.images.get(id)?.manifest; }

  diskUsage(): { layersSize: number; shared: Map<string, number> } {
    const users = new Map<string, number>();
    for (const { config } of this.images.values()) for (const d of new Set(config.rootfs.diff_ids)) users.set(d, (users.get(d) ?? 0) + 1);
    const shared = new Map<string, number>();
    for (const { id, config } of this.images.values()) {
      shared.set(id, config.rootfs.diff_ids.reduce((n, d) => n + (users.get(d)! > 1 ? this.layers.get(d)?.size ?? 0 : 0), 0));
    }
    return { layersSize: this.totalSize(), shared };
  }

  private totalSize(): number { return [...this.layers.all()].reduce((n, l) => n + l.size, 0); }

  private image(id: string): Image {
    const { config, rawConfig, parent } = this.images.get(id)!, references = this.referencesOf(id);
    const layers = config.rootfs.diff_ids.map((d) => ({ diffId: d, size: this.layers.get(d)?.size ?? 0 }));
    const names = (digest: boolean): string[] => references.filter((r) => (r.digest !== undefined) === digest).map(familiarString).sort();
    return { id, config, rawConfig, layers, repoTags: names(false), repoDigests: names(true), size: layers.reduce((n, l) => n + l.size, 0), ...(parent !== undefined && { parent }), lastTagTime: this.refs.tagged[id] ?? 0 };
  }

  private lookup(reference: Reference | undefined): string | undefined {
    if (!reference) return undefined;
    const full = withDefaultTag(reference);
    return full.digest !== undefined ? this.refs.digests[`${canonicalName(full)}@${full.digest}`] : this.refs.tags[canonicalString(full)];
  }

  private referencesOf(id: string): Reference[] {
    const of = (map: Record<string, string>): string[] => Object.keys(map).filter((name) => map[name] === id);
    return [...of(this.refs.tags), ...of(this.refs.digests)].map(parseReference);
  }

  private children(id: string): string[] { return [...this.images.values()].filter((i) => i.parent === id).map((i) => i.id); }

  private withReferences(id: string, references: readonly Reference[]): Refs {
    const refs: Refs = structuredClone(this.refs);
    for (const reference of references) {
      if (reference.digest !== undefined) refs.digests[`${canonicalName(reference)}@${reference.digest}`] = id;
      else { refs.tags[canonicalString(withDefaultTag(reference))] = id; refs.tagged[id] = this.clock.now(); }
    }
    return refs;
  }

  private async untag(references: readonly Reference[], removals: Removal[]): Promise<void> {
    if (references.length === 0) return;
    const refs: Refs = structuredClone(this.refs);
    for (const r of references) { if (r.digest !== undefined) delete refs.digests[`${canonicalName(r)}@${r.digest}`]; else delete refs.tags[canonicalString(r)]; }
    await this.saveRefs(refs);
    for (const r of references) removals.push({ Untagged: familiarString(r.digest !== undefined ? { ...r, tag: undefined } : r) });
  }

  private async saveRefs(refs: Refs): Promise<void> {
    await this.store.commit({ puts: [['images/refs', encode(refs)]] });
    this.refs = refs;
  }

  private conflict(id: string, options: RemoveOptions, soft: boolean, references: boolean): Conflict | undefined {
    const text = (hard: boolean, why: string): Conflict => new Conflict(`conflict: unable to delete ${short(id)} (${hard ? 'cannot' : 'must'} be forced) - ${why}`);
    const user = options.inUse?.(id);
    if (user?.running) return text(true, `image is being used by running container ${user.container.slice(0, 12)}`);
    if (this.children(id).length > 0) return text(true, 'image has dependent child images');
    if (soft && references && this.referencesOf(id).length > 0) return text(false, 'image is referenced in multiple repositories');
    if (soft && user) return text(false, `image is being used by stopped container ${user.container.slice(0, 12)}`);
    return undefined;
  }

  private async removeImage(id: string, options: RemoveOptions, quiet: boolean, removals: Removal[]): Promise<void> {
    const conflict = this.conflict(id, options, !options.force, true);
    if (conflict) {
      if (quiet) return;
      throw conflict;
    }
    await this.untag(this.referencesOf(id), removals);
    const { config, parent } = this.images.get(id)!;
    const refs: Refs = structuredClone(this.refs);
    delete refs.tagged[id];
    await this.store.commit({ deletes: [`image/${hexOf(id)}/config`, `image/${hexOf(id)}/record`], puts: [['images/refs', encode(refs)]] });
    this.refs = refs;
    this.images.delete(id);
    removals.push({ Deleted: id });
    const chain = await chainIds(config.rootfs.diff_ids);
    const gone = new Set(await this.collectLayers([...config.rootfs.diff_ids].reverse()));
    config.rootfs.diff_ids.map((d, i) => [d, chain[i]]).reverse().forEach(([d, chainId]) => { if (gone.delete(d)) removals.push({ Deleted: chainId }); });
    if (options.noPrune || parent === undefined || !this.images.has(parent)) return;
    if (this.referencesOf(parent).length === 0) await this.removeImage(parent, { ...options, force: false }, true, removals);
  }

  private async collectLayers(candidates: Iterable<string>): Promise<string[]> {
    const used = new Set([...this.images.values()].flatMap((i) => i.config.rootfs.diff_ids)), kept = this.layers.kept(), gone: string[] = [];
    for (const diffId of new Set(candidates)) {
      if (used.has(diffId) || kept(diffId) || !this.layers.get(diffId)) continue;
      await this.layers.remove(diffId);
      gone.push(diffId);
    }
    return gone;
  }

  async settled(): Promise<void> { await this.tail; }

  private exclusive<T>(body: () => Promise<T>): Promise<T> {
    const run = this.tail.then(body);
    this.tail = run.catch(() => undefined);
    return run;
  }
}

function tryParse(text: string): Reference | undefined { try { return parseReference(text); } catch { return undefined; } }
function short(id: string): string { return id.slice(7, 19); }
function isIdPrefix(id: string, text: string): boolean { return id.startsWith(text) && text.startsWith('sha256:') || (/^[0-9a-f]+$/.test(text) && id.startsWith(`sha256:${text}`)); }

/** All references are in one repository, with at most one tag. */
function singleReference(references: readonly Reference[]): boolean {
  return references.length <= 1 || (new Set(references.map(canonicalName)).size === 1 && references.filter((r) => r.digest === undefined).length <= 1);
}
