/** A download that survives dropped connections: it goes on with a Range request where the last one ended. */
import { iterate } from '../../base/streams.ts';
import type { HttpResponse, Log } from '../../host/ports.ts';
import { RegistryError, RegistryUnreachable } from './errors.ts';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/** @param open sends the request with these headers; throws for other answers than 2xx */
export async function* fetchRanges(open: (headers: Record<string, string>) => Promise<HttpResponse>, size: number, offset: number, log: Log, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  let at = offset;
  for (let attempt = 1; at < size || size === 0; attempt++) {
    try {
      const response = await open(at > 0 ? { range: `bytes=${at}-` } : {});
      let skip = at > 0 && response.status !== 206 ? at : 0;
      for await (let chunk of iterate(response.body ?? new ReadableStream({ start(c) { c.close(); } }))) {
        if (skip > 0) { const n = Math.min(skip, chunk.length); skip -= n; chunk = chunk.subarray(n); }
        if (chunk.length === 0) continue;
        at += chunk.length;
        attempt = 1;
        yield chunk;
      }
      if (at >= size) return;
      throw new Error(`unexpected EOF after ${at} of ${size} bytes`);
    } catch (e) {
      signal?.throwIfAborted();
      const lasting = e instanceof RegistryError && e.status < 500 && e.status !== 429 && e.status !== 408;
      if (lasting || attempt >= ATTEMPTS || (e instanceof RegistryUnreachable && at === offset)) throw e;
      log('image', `download interrupted, trying again: ${(e as Error).message}`);
      const wanted = e instanceof RegistryError ? e.retryAfter * 1000 : 0;
      await pause(Math.min(Math.max(FIRST_DELAY_MS * 2 ** (attempt - 1), wanted), LONGEST_DELAY_MS), signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, ms);
    const stop = (): void => { clearTimeout(timer); reject(signal!.reason); };
    signal?.addEventListener('abort', stop, { once: true });
  });
}
