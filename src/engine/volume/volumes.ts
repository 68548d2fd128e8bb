/** Volumes: named writable trees in the store that outlive containers. Reference: moby volume/{service,local}. */
import { InvalidParameter, NotFound } from '../../base/errors.ts';
import type { Volume } from '../api/types/volume.ts';
import type { MountRecord } from '../container/container.ts';
import type { Engine } from '../engine.ts';
import { newId, timestamp } from '../ids.ts';
import { allRecords, putRecord } from '../records.ts';

export interface VolumeRecord {
  name: string;
  created: string;
  labels: Record<string, string> | null;
  /** Store prefix of the data; never reused, so that a new volume of an old name starts empty. */
  store: string;
  /** Nobody named it: `volume prune` takes it. */
  anonymous: boolean;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export class Volumes {
  private readonly byName = new Map<string, VolumeRecord>();

  constructor(private readonly engine: Engine) {}

  async restore(): Promise<void> {
    for (const record of await allRecords<VolumeRecord>(this.engine.store, 'volume/')) this.byName.set(record.name, record);
  }

  all(): VolumeRecord[] { return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)); }

  get(name: string): VolumeRecord {
    const record = this.byName.get(name);
    if (!record) throw new NotFound(`get ${name}: no such volume`);
    return record;
  }

  has(name: string): boolean { return this.byName.has(name); }

  /** The volume of that name, made when there is none; '' makes an anonymous one. */
  async obtain(name: string, labels: Record<string, string> | null): Promise<{ volume: VolumeRecord; fresh: boolean }> {
    const existing = this.byName.get(name);
    if (existing) return { volume: existing, fresh: false };
    const anonymous = name === '';
    if (!anonymous && !NAME.test(name)) {
      throw new InvalidParameter(`create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`);
    }
    const id = newId(this.engine.random);
    const volume: VolumeRecord = {
      name: anonymous ? id : name, created: timestamp(this.engine.clock).replace(/\.\d+Z$/, 'Z'), store: `vol/${id}`, anonymous,
      labels: anonymous ? { ...labels, 'com.docker.volume.anonymous': '' } : labels,
    };
    this.byName.set(volume.name, volume);
    await putRecord(this.engine.store, `volume/${volume.name}`, volume);
    this.event('create', volume.name, { driver: 'local' });
    return { volume, fresh: true };
  }

  /** Precondition: no container uses it. */
  async delete(name: string): Promise<void> {
    const volume = this.get(name);
    this.byName.delete(name);
    await this.engine.store.commit({ deletes: [`volume/${name}`] });
    await this.engine.store.deletePrefix(`${volume.store}/`);
    this.event('destroy', name, { driver: 'local' });
  }

  /** The anonymous volumes among a removed container's mounts, unless another container uses them. */
  async removeAnonymous(mounts: readonly MountRecord[]): Promise<void> {
    for (const mount of mounts) {
      if (mount.Type === 'volume' && mount.anonymous && this.byName.has(mount.Name!) && this.users(mount.Name!).length === 0) await this.delete(mount.Name!);
    }
  }

  /** Ids of the containers that refer to the volume. */
  users(name: string): string[] {
    return this.engine.containers.all().filter((c) => c.record.mounts.some((m) => m.Type === 'volume' && m.Name === name)).map((c) => c.id);
  }

  mountpoint(volume: VolumeRecord): string { return `${this.engine.host.dataRoot}/${volume.store}`; }

  describe(volume: VolumeRecord): Volume {
    return { CreatedAt: volume.created, Driver: 'local', Labels: volume.labels, Mountpoint: this.mountpoint(volume), Name: volume.name, Options: null, Scope: 'local' };
  }

  /** Bytes of the volume's data in the store. */
  async size(volume: VolumeRecord): Promise<number> { return storeSize(this.engine, `${volume.store}/`); }

  event(action: string, name: string, attributes: Record<string, string>): void { this.engine.events.emit('volume', action, name, attributes); }
}

/** Bytes of all values below a store prefix. */
export async function storeSize(engine: Engine, prefix: string): Promise<number> {
  let total = 0;
  for (const key of await engine.store.keys(prefix)) total += (await engine.store.get(key))?.length ?? 0;
  return total;
}
