/** All containers, by id, name and unambiguous id prefix. Reference: moby daemon.GetContainer, container/view.go. */
import { Conflict, InvalidParameter, NotFound } from '../../base/errors.ts';
import type { KeyValueStore } from '../../host/ports.ts';
import { encodeRecord } from '../records.ts';
import type { Container } from './container.ts';

export class Containers {
  private readonly byId = new Map<string, Container>();
  private readonly byName = new Map<string, string>();

  constructor(private readonly store: KeyValueStore) {}

  /** Newest first. */
  all(): Container[] { return [...this.byId.values()].sort((a, b) => Date.parse(b.record.created) - Date.parse(a.record.created)); }

  has(id: string): boolean { return this.byId.has(id); }

  /** Full id, then name, then id prefix, as docker looks things up. */
  get(nameOrId: string): Container {
    if (nameOrId === '') throw new InvalidParameter('No container name or ID supplied');
    const named = this.byName.get(nameOrId.replace(/^\//, ''));
    const exact = this.byId.get(nameOrId) ?? (named === undefined ? undefined : this.byId.get(named));
    if (exact) return exact;
    const matches = /^[0-9a-f]+$/.test(nameOrId) ? [...this.byId.values()].filter((c) => c.id.startsWith(nameOrId)) : [];
    if (matches.length > 1) throw new InvalidParameter(`multiple IDs found with provided prefix: ${nameOrId}`);
    if (matches.length === 0) throw new NotFound(`No such container: ${nameOrId}`);
    return matches[0];
  }

  find(nameOrId: string): Container | undefined {
    try { return this.get(nameOrId); } catch { return undefined; }
  }

  /** Takes a name for `id`, or says who has it. */
  reserve(name: string, id: string): void {
    const owner = this.byName.get(name);
    if (owner !== undefined && owner !== id) {
      throw new Conflict(`Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`);
    }
    this.byName.set(name, id);
  }

  release(name: string): void { this.byName.delete(name); }
  taken(name: string): boolean { return this.byName.has(name); }

  add(container: Container): void {
    this.byName.set(container.record.name, container.id);
    this.byId.set(container.id, container);
  }

  async save(container: Container): Promise<void> {
    if (this.byId.has(container.id)) await this.store.commit({ puts: [[`container/${container.id}`, encodeRecord(container.record)]] });
  }

  /** Forgets the container: its record, log and writable layer. */
  async drop(container: Container): Promise<void> {
    await this.store.commit({ deletes: [`container/${container.id}`] });
    await this.store.deletePrefix(`log/${container.id}/`);
    await this.store.deletePrefix(`rw/${container.id}/`);
    this.byId.delete(container.id);
    if (this.byName.get(container.record.name) === container.id) this.byName.delete(container.record.name);
  }
}
