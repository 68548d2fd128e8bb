/** A transport to any Docker-compatible engine over HTTP: `unix:///path` or `tcp://host:port`, as DOCKER_HOST says it. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Duplex as NodeDuplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { EngineReply, EngineTransport } from '../../protocol/engine-port.ts';

export function httpTransport(host: string): EngineTransport {
  const target = host.startsWith('unix://') ? { socketPath: host.slice('unix://'.length) } : tcpTarget(host);
  return ({ method, path, query, headers, body, signal }) => new Promise<EngineReply>((resolve, reject) => {
    const search = Object.entries(query).flatMap(([k, values]) => values.map((v) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`)).join('&');
    const upgrade = headers.upgrade !== undefined;
    const request = httpRequest({ ...target, method, path: path + (search ? `?${search}` : ''), headers, agent: false, signal: signal as globalThis.AbortSignal | undefined });
    request.on('error', reject);
    request.on('response', (response) => resolve(reply(response)));
    request.on('upgrade', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ status: response.statusCode!, headers: plainHeaders(response), connection: NodeDuplex.toWeb(socket as unknown as NodeDuplex) as never });
    });
    if (body instanceof Uint8Array || body === undefined) request.end(body);
    else if (upgrade) request.end();
    else pipeline(Readable.fromWeb(body as unknown as NodeReadableStream), request).catch(reject);
  });
}

function tcpTarget(host: string): { host: string; port: number } {
  const url = new URL(host.replace(/^tcp:/, 'http:'));
  return { host: url.hostname, port: Number(url.port || 2375) };
}

const plainHeaders = (response: IncomingMessage): Record<string, string> => Object.fromEntries(Object.entries(response.headers).map(([k, v]) => [k, String(v)]));

function reply(response: IncomingMessage): EngineReply {
  return { status: response.statusCode!, headers: plainHeaders(response), body: Readable.toWeb(response) as never };
}
