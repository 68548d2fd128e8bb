/**
 * The client of the Engine API: typed errors, JSON, JSON lines, and the two stream formats. The CLI, the page and embeds
 * talk to an engine only through this, whether it runs in a worker of the tab or behind HTTP.
 */
import { bodyBytes } from '../base/streams.ts';
import type { Duplex } from '../host/ports.ts';
import type { EngineReply, EngineTransport } from '../protocol/engine-port.ts';

/** The engine refused: `status` is the HTTP status, `message` Docker's text. */
export class EngineError extends Error {
  override name = 'EngineError';
  constructor(readonly status: number, message: string) { super(message); }
}

export type QueryValue = string | number | boolean | undefined | readonly string[] | Record<string, unknown>;

export interface CallOptions {
  query?: Record<string, QueryValue>;
  headers?: Record<string, string>;
  /** Objects are sent as JSON. */
  body?: object | Uint8Array | ReadableStream<Uint8Array>;
  signal?: AbortSignal;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

const encoder = new TextEncoder();

function encodeQuery(query: Record<string, QueryValue>): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) out[name] = [...value];
    else if (typeof value === 'object') out[name] = [JSON.stringify(value)];
    else out[name] = [value === true ? '1' : value === false ? '0' : String(value)];
  }
  return out;
}

/** JSON documents of a newline-delimited (or merely concatenated by line) stream, as they arrive. */
export async function* jsonLines<T>(body: EngineReply['body']): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  const chunks = body instanceof ReadableStream ? body : [body ?? new Uint8Array(0)];
  for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}

export class EngineClient {
  constructor(private readonly transport: EngineTransport) {}

  /** Sends a call; statuses of 400 and above throw EngineError. */
  async call(method: Method, path: string, options: CallOptions = {}): Promise<EngineReply> {
    const { body } = options;
    const raw = body === undefined || body instanceof Uint8Array || body instanceof ReadableStream;
    const headers = { ...options.headers };
    if (!raw) headers['content-type'] = 'application/json';
    const reply = await this.transport({
      method, path, headers,
      query: encodeQuery(options.query ?? {}),
      body: raw ? (body as Uint8Array | ReadableStream<Uint8Array> | undefined) : encoder.encode(JSON.stringify(body)),
      signal: options.signal,
    });
    if (reply.status >= 400) throw new EngineError(reply.status, await errorText(reply));
    return reply;
  }

  /** A call whose answer is one JSON document (undefined for an empty one). */
  async json<T>(method: Method, path: string, options?: CallOptions): Promise<T> {
    const bytes = await bodyBytes((await this.call(method, path, options)).body);
    return (bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes))) as T;
  }

  /** A call whose answer is a stream of JSON documents: pull, events, stats, load … */
  async *lines<T>(method: Method, path: string, options?: CallOptions): AsyncGenerator<T> {
    yield* jsonLines<T>((await this.call(method, path, options)).body);
  }

  /** A call that hijacks: attach, exec start. */
  async connect(path: string, options: CallOptions = {}): Promise<Duplex> {
    const headers = { ...options.headers, connection: 'Upgrade', upgrade: 'tcp' };
    const reply = await this.call('POST', path, { ...options, headers });
    if (!reply.connection) throw new EngineError(reply.status, 'unable to upgrade to tcp, received ' + reply.status);
    return reply.connection;
  }
}

async function errorText(reply: EngineReply): Promise<string> {
  const text = new TextDecoder().decode(await bodyBytes(reply.body));
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text || `request returned status ${reply.status}`;
  }
}
