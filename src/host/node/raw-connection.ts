/**
 * Hijacked connections. Node's HTTP cannot give a connection away without an Upgrade header, and with one it drops the request's
 * body; so the first request of a connection is looked at here, and attach and exec start are served without it.
 * Reference: moby server/httputils.HijackConnection; RFC 9112 for the head.
 */
import type * as net from 'node:net';
import type { EngineRequest, EngineResponse } from '../../engine/api/message.ts';
import type { Duplex } from '../ports.ts';
import { drained, engineRequest, headerCase } from './http-parts.ts';

export interface RawRequest { method: string; target: string; headers: Record<string, string> }

const MAX_HEAD = 64 * 1024, MAX_BODY = 1024 * 1024, LINGER_MS = 10_000;

export function isHijackable({ method, target }: RawRequest): boolean {
  return method === 'POST' && /^(\/v[0-9.]+)?\/(containers\/[^/]+\/attach|exec\/[^/]+\/start)(\?|$)/.test(target);
}

/** Reads the first request's head. `seen` is everything read, `rest` what follows the head. */
export function peekRequest(socket: net.Socket, found: (request: RawRequest | undefined, rest: Buffer, seen: Buffer) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const end = seen.indexOf('\r\n\r\n');
    if (end < 0 && seen.length < MAX_HEAD && seen.toString('latin1', 0, 5) === 'POST '.slice(0, seen.length)) return;
    stop();
    found(end < 0 ? undefined : parseHead(seen.toString('latin1', 0, end)), seen.subarray(end + 4), seen);
  };
  const onEnd = (): void => { stop(); socket.end(); };
  const stop = (): void => {
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    socket.pause();
  };
  socket.on('data', onData);
  socket.on('end', onEnd);
}

function parseHead(text: string): RawRequest | undefined {
  const [first, ...lines] = text.split('\r\n');
  const found = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first);
  if (!found) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method: found[1], target: found[2], headers };
}

/** Serves one request and, when it is hijacked, the raw connection after it. `early` has come after the head already. */
export function serveRaw(socket: net.Socket, request: RawRequest, early: Buffer, call: (request: EngineRequest) => Promise<EngineResponse>): void {
  const { method, target, headers } = request;
  const abort = new AbortController();
  let held = early, ended = false;
  let more: (() => void) | undefined;
  // Until the answer is there, input waits here and its end is remembered.
  const onData = (chunk: Buffer): void => { held = Buffer.concat([held, chunk]); if (held.length > MAX_BODY) socket.pause(); more?.(); };
  const onEnd = (): void => { ended = true; more?.(); };
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', () => { ended = true; more?.(); abort.abort(); });
  socket.resume();

  void (async () => {
    const length = Number(headers['content-length'] ?? 0);
    if (headers['transfer-encoding'] !== undefined || !(length <= MAX_BODY)) { socket.end('HTTP/1.1 411 Length Required\r\nConnection: close\r\n\r\n'); return; }
    if (headers.expect?.toLowerCase() === '100-continue') socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    while (held.length < length && !ended) await new Promise<void>((resolve) => { more = resolve; });
    const body = held.subarray(0, length);
    held = held.subarray(length);
    const response = await call(engineRequest(method, target, headers, { body, signal: abort.signal }));
    if (socket.destroyed) return;
    if (!response.hijack) { sendPlain(socket, response); return; }
    socket.write(head(response, response.status === 101 ? 'UPGRADED' : 'OK'));
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    response.hijack(duplex(socket, held, ended));
  })();
}

function head({ status, headers }: EngineResponse, reason: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${headerCase(name)}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`;
}

function sendPlain(socket: net.Socket, response: EngineResponse): void {
  const body = response.body instanceof Uint8Array ? response.body : new Uint8Array(0);
  socket.write(head({ ...response, headers: { ...response.headers, 'content-length': String(body.length), connection: 'close' } }, response.status < 400 ? 'OK' : 'Error'));
  socket.end(body);
  finish(socket);
}

/** The socket's two directions. Closing the writable half-closes; the connection goes when the client has closed too. */
export function duplex(socket: net.Socket, early: Uint8Array, ended: boolean): Duplex {
  let closed = ended;
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      if (early.length > 0) controller.enqueue(early);
      const close = (): void => { if (!closed) { closed = true; controller.close(); } };
      if (ended) { controller.close(); return; }
      socket.on('data', (chunk: Buffer) => {
        if (closed) return;
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.on('end', close);
      socket.on('close', close);
      socket.resume();
    },
    pull() { socket.resume(); },
    cancel() { closed = true; socket.resume(); },
  }, { highWaterMark: 256 * 1024, size: (chunk) => chunk.length });
  const writable = new WritableStream<Uint8Array>({
    start(controller) { socket.on('close', () => { if (!socket.writableFinished) controller.error(new Error('the client closed the connection')); }); },
    async write(chunk) {
      if (socket.destroyed) throw new Error('the client closed the connection');
      if (!socket.write(chunk)) await drained(socket);
    },
    close() { socket.end(); finish(socket); },
    abort() { socket.destroy(); },
  });
  return { readable, writable };
}

/** Destroying a socket with unread input would reset the connection and lose output on its way: wait for the client's end. */
function finish(socket: net.Socket): void {
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.on('end', () => { clearTimeout(timer); socket.destroySoon(); });
}
