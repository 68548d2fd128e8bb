/**
 * What the page shows of the engine, as signals: lists that follow the engine's events, storage in use, and the pulls and
 * loads that this page has started. Nothing here is the truth; the engine is, and every event makes a list be asked again.
 */
import { signal, type Signal } from '@preact/signals';
import type { EngineClient } from '../../client/engine-client.ts';
import type { ProgressMessage } from '../../cli/progress.ts';

export interface ContainerRow { Id: string; Names: string[]; Image: string; Command: string; State: string; Status: string; Created: number }
export interface ImageRow { Id: string; RepoTags: string[] | null; Size: number; Created: number; Containers: number }
export interface VolumeRow { Name: string; CreatedAt?: string; UsageData?: { Size: number; RefCount: number } }
export interface LayerProgress { id: string; status: string; current: number; total: number }
/** A pull or load in progress, or ended (`error` set, or `done`). */
export interface Transfer { title: string; layers: LayerProgress[]; message: string; done: boolean; error?: string; cancel(): void }

interface EngineEvent { Type: 'container' | 'image' | 'volume' | 'network'; Action: string }

export class EngineState {
  readonly containers = signal<ContainerRow[]>([]);
  readonly images = signal<ImageRow[]>([]);
  readonly volumes = signal<VolumeRow[]>([]);
  readonly storage = signal<{ used: number; quota: number } | undefined>(undefined);
  readonly transfers: Signal<Transfer[]> = signal([]);
  /** The last thing that went wrong or was done, for the live region and the toast. */
  readonly notice = signal<{ text: string; error: boolean } | undefined>(undefined);
  private readonly stale = new Set<EngineEvent['Type']>();
  private refreshing = false;

  constructor(readonly client: EngineClient, private readonly estimate: () => Promise<{ used: number; quota: number }>) {}

  /** Loads everything and follows the engine's events from then on. */
  async start(): Promise<void> {
    void this.follow();
    for (const type of ['container', 'image', 'volume'] as const) this.stale.add(type);
    await this.refresh();
  }

  private async follow(): Promise<void> {
    for await (const event of this.client.lines<EngineEvent>('GET', '/events')) {
      this.stale.add(event.Type);
      if (event.Type === 'container') this.stale.add('volume');
      void this.refresh();
    }
  }

  /** Asks again for the lists that events made stale; calls during a refresh are served by one more round. */
  private async refresh(): Promise<void> {
    if (this.refreshing) return;
    this.refreshing = true;
    try {
      while (this.stale.size > 0) {
        const types = new Set(this.stale);
        this.stale.clear();
        if (types.has('container')) this.containers.value = await this.client.json<ContainerRow[]>('GET', '/containers/json', { query: { all: true } });
        if (types.has('image') || types.has('container')) this.images.value = await this.client.json<ImageRow[]>('GET', '/images/json');
        if (types.has('volume')) this.volumes.value = (await this.client.json<{ Volumes: VolumeRow[] | null }>('GET', '/volumes')).Volumes ?? [];
        this.storage.value = await this.estimate();
      }
    } finally {
      this.refreshing = false;
    }
  }

  /** Runs an action of a button; failures become a notice. */
  async act(what: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.notice.value = { text: `${what}: ${error instanceof Error ? error.message : String(error)}`, error: true };
    }
  }

  pull(reference: string): Promise<void> {
    const name = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
    const at = name.includes('@') ? name.indexOf('@') : name.lastIndexOf(':');
    return this.transfer(`Pulling ${name}`, (signal) => this.client.lines('POST', '/images/create', { query: { fromImage: name.slice(0, at), tag: name.slice(at + 1) }, signal }));
  }

  load(name: string, archive: ReadableStream<Uint8Array>): Promise<void> {
    return this.transfer(`Loading ${name}`, (signal) => this.client.lines('POST', '/images/load', { body: archive, headers: { 'content-type': 'application/x-tar' }, signal }));
  }

  private async transfer(title: string, start: (signal: AbortSignal) => AsyncIterable<ProgressMessage>): Promise<void> {
    const aborter = new AbortController();
    let now: Transfer = { title, layers: [], message: '', done: false, cancel: () => aborter.abort() };
    const show = (next: Transfer): void => {
      this.transfers.value = this.transfers.value.map((t) => (t === now ? next : t));
      now = next;
    };
    this.transfers.value = [...this.transfers.value, now];
    try {
      for await (const m of start(aborter.signal)) {
        if (m.error !== undefined || m.errorDetail) throw new Error(m.errorDetail?.message ?? m.error);
        const text = m.stream ?? m.status ?? '';
        if (m.id && m.progressDetail) {
          const layer = { id: m.id, status: text, current: m.progressDetail.current ?? 0, total: m.progressDetail.total ?? 0 };
          show({ ...now, layers: now.layers.some((l) => l.id === m.id) ? now.layers.map((l) => (l.id === m.id ? layer : l)) : [...now.layers, layer] });
        } else if (text.trim() !== '') {
          show({ ...now, message: m.id ? `${m.id}: ${text}` : text.trim() });
        }
      }
      this.notice.value = { text: now.message || `${title}: done`, error: false };
      show({ ...now, done: true });
    } catch (error) {
      show({ ...now, done: true, error: aborter.signal.aborted ? 'cancelled' : error instanceof Error ? error.message : String(error) });
    }
  }

  dismiss(transfer: Transfer): void {
    this.transfers.value = this.transfers.value.filter((t) => t !== transfer);
  }
}
