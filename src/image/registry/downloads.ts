/**
 * Blob downloads of all pulls together: three at a time (dockerd's max-concurrent-downloads), the same blob only once.
 * A download goes on while anybody waits for it and is cancelled with the last.
 */
import type { Blob, BlobStore } from '../content/blob-store.ts';
import type { Descriptor } from '../manifest.ts';

export interface DownloadWatcher { waiting(): void; progress(current: number): void; verifying(): void }

interface Transfer { watchers: Set<DownloadWatcher>; abort: AbortController; result: Promise<Blob> }

export class Downloads {
  private readonly transfers = new Map<string, Transfer>();
  private readonly queue: (() => void)[] = [];
  private running = 0;

  constructor(private readonly blobs: BlobStore, private readonly limit = 3) {}

  async get(descriptor: Descriptor, open: (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>, watcher: DownloadWatcher, signal: AbortSignal): Promise<Blob> {
    signal.throwIfAborted();
    let transfer = this.transfers.get(descriptor.digest);
    if (!transfer) {
      transfer = this.start(descriptor, open);
      this.transfers.set(descriptor.digest, transfer);
    }
    const { watchers, abort, result } = transfer;
    watchers.add(watcher);
    if (this.running >= this.limit) watcher.waiting();
    return new Promise<Blob>((resolve, reject) => {
      const leave = (): void => {
        watchers.delete(watcher);
        if (watchers.size === 0) { this.transfers.delete(descriptor.digest); abort.abort(signal.reason); }
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      const done = (): void => { signal.removeEventListener('abort', leave); watchers.delete(watcher); };
      result.then((blob) => { done(); resolve(blob); }, (e: unknown) => { done(); reject(e); });
    });
  }

  private start(descriptor: Descriptor, open: (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>): Transfer {
    const watchers = new Set<DownloadWatcher>(), abort = new AbortController();
    const run = async (): Promise<Blob> => {
      await this.acquire();
      try {
        return await this.blobs.ingest(descriptor.digest, descriptor.size, (offset) => open(offset, abort.signal), {
          signal: abort.signal,
          progress: (current) => { for (const w of watchers) w.progress(current); },
          verifying: () => { for (const w of watchers) w.verifying(); },
        });
      } finally {
        this.release();
        if (this.transfers.get(descriptor.digest) === transfer) this.transfers.delete(descriptor.digest);
      }
    };
    const transfer: Transfer = { watchers, abort, result: Promise.resolve().then(run) };
    transfer.result.catch(() => undefined);
    return transfer;
  }

  private acquire(): Promise<void> {
    if (this.running < this.limit) { this.running++; return Promise.resolve(); }
    return new Promise((resolve) => { this.queue.push(() => { this.running++; resolve(); }); });
  }

  private release(): void { this.running--; this.queue.shift()?.(); }
}
