/**
 * The Engine API over HTTP, on unix sockets and TCP: requests become EngineRequests, answers are streamed back, a client that
 * goes away aborts its call, and hijacked endpoints (attach, exec start) turn the connection into raw bytes both ways.
 */
import * as http from 'node:http';
import type * as net from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { EngineHandler, EngineRequest, EngineResponse } from '../../engine/api/message.ts';
import { drained, engineRequest, headerCase } from './http-parts.ts';
import { isHijackable, peekRequest, serveRaw, type RawRequest } from './raw-connection.ts';
import { refuseBrowser } from './browser-guard.ts';

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];

/** An HTTP server that is given its connections by `accept`. */
export class ApiServer {
  private readonly server: http.Server;
  private readonly sockets = new Set<net.Socket>();

  /** @param guarded refuses requests that a web page may have made (loopback TCP) */
  constructor(private readonly handler: EngineHandler, private readonly guarded: boolean) {
    this.server = http.createServer({ keepAliveTimeout: 75_000, requestTimeout: 0, headersTimeout: 60_000 });
    this.server.timeout = 0;
    this.server.on('request', (request, response) => { void this.answer(request, response); });
    this.server.on('upgrade', (request, socket, head) => {
      const { method = '', url = '/', rawHeaders } = request;
      serveRaw(socket as net.Socket, { method, target: url, headers: flatten(rawHeaders) }, head, (r) => this.call(r));
    });
    this.server.on('clientError', (_, socket) => { if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'); });
  }

  /** Takes a new connection. Hijackable requests are served here from the first byte, all others by Node's HTTP. */
  accept(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    peekRequest(socket, (request: RawRequest | undefined, rest: Buffer, seen: Buffer) => {
      if (request && isHijackable(request)) { serveRaw(socket, request, rest, (r) => this.call(r)); return; }
      socket.unshift(seen);
      this.server.emit('connection', socket);
      socket.resume();
    });
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private call(request: EngineRequest): Promise<EngineResponse> {
    const refusal = this.guarded ? refuseBrowser(request) : undefined;
    return refusal ? Promise.resolve(refusal) : this.handler(request);
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = '', url = '/', rawHeaders } = request;
    if (!METHODS.includes(method)) { sendHead(response, 404, { 'content-type': 'application/json' }); response.end('{"message":"page not found"}\n'); return; }
    const abort = new AbortController();
    response.on('close', () => { if (!response.writableFinished) abort.abort(); });
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
    const body = hasBody ? (Readable.toWeb(request) as NodeReadableStream<Uint8Array> as ReadableStream<Uint8Array>) : undefined;
    const answer = await this.call(engineRequest(method, url, flatten(rawHeaders), { body, signal: abort.signal }));
    const headers = { ...answer.headers };
    if (answer.hijack) {
      sendHead(response, 500, { 'content-type': 'application/json' });
      response.end('{"message":"this connection cannot be hijacked: send Upgrade: tcp, or use a new connection"}\n');
      return;
    }
    if (answer.body instanceof Uint8Array) headers['content-length'] = String(answer.body.length);
    else if (!answer.body && method !== 'HEAD' && answer.status !== 204 && answer.status !== 304) headers['content-length'] = '0';
    sendHead(response, answer.status, headers);
    if (!answer.body || method === 'HEAD') response.end();
    else if (answer.body instanceof Uint8Array) response.end(answer.body);
    else await pump(answer.body, response, abort.signal);
    if (hasBody && !request.readableEnded) request.resume();
  }
}

function sendHead(response: http.ServerResponse, status: number, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(headerCase(name), value);
  response.writeHead(status);
  response.flushHeaders();
}

async function pump(body: ReadableStream<Uint8Array>, response: http.ServerResponse, gone: AbortSignal): Promise<void> {
  const reader = body.getReader();
  gone.addEventListener('abort', () => { void reader.cancel().catch(() => undefined); }, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (gone.aborted) return;
      if (!response.write(value)) await drained(response);
    }
    response.end();
  } catch { response.destroy(); }
}

/** Lower-case names; of a repeated header the last value counts. */
function flatten(raw: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) out[raw[i].toLowerCase()] = raw[i + 1];
  return out;
}
