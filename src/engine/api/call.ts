/** One API call as the operations see it, and the answers they make. */
import { InvalidParameter } from '../../base/errors.ts';
import { bodyBytes } from '../../base/streams.ts';
import type { Engine } from '../engine.ts';
import type { EngineRequest, EngineResponse } from './message.ts';
import { Query } from './query.ts';

/** An operation: one endpoint's handler. */
export type Operation = (engine: Engine, call: Call) => EngineResponse | Promise<EngineResponse>;

export class Call {
  readonly query: Query;

  /**
   * @param params the path pattern's variables, decoded
   * @param minor the API version spoken, 1.`minor`
   */
  constructor(readonly request: EngineRequest, readonly params: Record<string, string>, readonly minor: number) {
    this.query = new Query(request.query);
  }

  get signal(): AbortSignal | undefined { return this.request.signal; }

  /** The body as JSON; undefined when there is none. */
  async json<T>(): Promise<T | undefined> {
    const text = new TextDecoder().decode(await bodyBytes(this.request.body));
    if (text.trim() === '') return undefined;
    const type = (this.request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    if (type !== '' && type !== 'application/json') {
      throw new InvalidParameter(`unsupported Content-Type header (${type}): must be 'application/json'`);
    }
    try { return JSON.parse(text) as T; } catch (e) { throw new InvalidParameter(`invalid JSON: ${(e as Error).message}`); }
  }

  /** The body as JSON; refused when there is none. */
  async requiredJson<T>(): Promise<T> {
    const value = await this.json<T>();
    if (value === undefined || value === null) throw new InvalidParameter('invalid JSON: got EOF while reading request body');
    return value;
  }

  /** The body as a stream, for tar uploads. */
  stream(): ReadableStream<Uint8Array> {
    const { body } = this.request;
    if (body instanceof ReadableStream) return body;
    return new ReadableStream<Uint8Array>({ start(c) { if (body && body.length > 0) c.enqueue(body); c.close(); } });
  }

  /** A base64 JSON header, as X-Registry-Auth is. */
  base64Header<T>(name: string): T | undefined {
    const text = this.request.headers[name];
    if (!text) return undefined;
    try {
      const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    } catch { throw new InvalidParameter(`invalid ${name} header`); }
  }

  /** True when the client asked to upgrade the connection (else a hijacked answer is 200 and raw). */
  get upgrade(): boolean { return (this.request.headers.upgrade ?? '').toLowerCase() === 'tcp'; }
}

const encoder = new TextEncoder();

export function json(value: unknown, status = 200): EngineResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: encoder.encode(JSON.stringify(value) + '\n') };
}

export function empty(status = 204): EngineResponse { return { status, headers: {} }; }

export function text(status: number, body: string, headers: Record<string, string> = {}): EngineResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: encoder.encode(body) };
}
