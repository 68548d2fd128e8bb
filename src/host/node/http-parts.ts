/** What the two ways of serving HTTP here, Node's and the raw one for hijacked connections, have in common. */
import type { Writable } from 'node:stream';
import type { EngineRequest } from '../../engine/api/message.ts';

/** What makes an EngineRequest, whichever way the request came in. */
export function engineRequest(method: string, target: string, headers: Record<string, string>, rest: Pick<EngineRequest, 'body' | 'signal'>): EngineRequest {
  const at = target.indexOf('?');
  const query: Record<string, string[]> = {};
  if (at >= 0) for (const [name, value] of new URLSearchParams(target.slice(at + 1))) (query[name] ??= []).push(value);
  return { method: method as EngineRequest['method'], path: at < 0 ? target : target.slice(0, at), query, headers, ...rest };
}

/** Resolves when more may be written, or never will. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeListener('drain', done);
      stream.removeListener('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** `content-type` as `Content-Type`. */
export function headerCase(name: string): string { return name.replace(/(^|-)([a-z])/g, (_, dash: string, c: string) => dash + c.toUpperCase()); }
