/**
 * A same-origin way to registries that send no CORS headers (Docker Hub, most others): `/registry/HOST/v2/…` is fetched
 * from HOST and streamed back, `/registry/HOST/token` from the realm that HOST itself named. Part of the dev and preview
 * servers. Not an open relay: reading only, known hosts only, and only for pages of this server on this machine.
 * Distribution spec: end-1 … end-3, token authentication.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';

/** Registries anyone may pull from; the value is the host that serves the API. */
const PUBLIC_REGISTRIES: Record<string, string> = {
  'docker.io': 'registry-1.docker.io', 'ghcr.io': 'ghcr.io', 'quay.io': 'quay.io', 'gcr.io': 'gcr.io', 'registry.k8s.io': 'registry.k8s.io',
  'public.ecr.aws': 'public.ecr.aws', 'mcr.microsoft.com': 'mcr.microsoft.com', 'registry.gitlab.com': 'registry.gitlab.com', 'cgr.dev': 'cgr.dev',
};
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;
const FORWARDED_REQUEST = ['accept', 'authorization', 'range', 'if-range'];
const FORWARDED_REPLY = ['content-type', 'content-range', 'accept-ranges', 'docker-content-digest', 'docker-distribution-api-version', 'etag', 'link', 'retry-after', 'ratelimit-limit', 'ratelimit-remaining'];

export interface RegistryProxyOptions {
  /** Further hosts (`host` or `host:port`), beside the public ones and loopback. */
  allow?: readonly string[];
}

type Next = () => void;

/** Connect-style middleware; requests that are not below /registry/ go on to `next`. */
export function registryProxy({ allow = [] }: RegistryProxyOptions = {}): (request: IncomingMessage, response: ServerResponse, next: Next) => void {
  const realms = new Map<string, string>();
  const upstreamOf = (host: string): string | undefined =>
    LOOPBACK.test(host) ? `http://${host}` : PUBLIC_REGISTRIES[host] ? `https://${PUBLIC_REGISTRIES[host]}` : allow.includes(host) ? `https://${host}` : undefined;

  return (request, response, next) => {
    const match = /^\/registry\/([^/]+)\/(v2\/.*|token(?:\?.*)?)$/.exec(request.url ?? '');
    if (!match) { next(); return; }
    const host = decodeURIComponent(match[1]), rest = match[2];
    const refuse = (status: number, message: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code: 'PROXY', message }] }));
    };
    const why = refusal(request);
    if (why) { refuse(403, why); return; }
    const upstream = upstreamOf(host);
    if (!upstream) { refuse(403, `registry ${host} is not on the proxy's list; add it with DRYDOCK_REGISTRIES=${host}`); return; }
    const isToken = rest.startsWith('token');
    const realm = realms.get(host);
    if (isToken && !realm) { refuse(404, `registry ${host} has not named a token realm`); return; }
    const query = rest.includes('?') ? rest.slice(rest.indexOf('?')) : '';
    const url = isToken ? realm! + (realm!.includes('?') ? query.replace('?', '&') : query) : `${upstream}/${rest}`;
    forward(request, response, url, (challenge) => challenge.replace(/realm="([^"]*)"/i, (_, named: string) => {
      realms.set(host, named);
      return `realm="http://${request.headers.host}/registry/${host}/token"`;
    })).catch((error: Error) => {
      if (response.headersSent) response.destroy(error);
      else refuse(502, `cannot reach ${host}: ${(error.cause as Error | undefined)?.message ?? error.message}`);
    });
  };
}

/** Why this request is none of ours; undefined when it is a read by a page of this server on this machine. */
function refusal(request: IncomingMessage): string | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'the registry proxy only reads';
  const peer = request.socket.remoteAddress ?? '';
  if (!/^(::ffff:)?127\.|^::1$/.test(peer)) return 'the registry proxy serves this machine only';
  if (!LOOPBACK.test(request.headers.host ?? '')) return 'the registry proxy answers on loopback names only';
  if (request.headers['sec-fetch-site'] === 'cross-site') return 'the registry proxy serves its own pages only';
  return undefined;
}

async function forward(request: IncomingMessage, response: ServerResponse, url: string, rewriteChallenge: (challenge: string) => string): Promise<void> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED_REQUEST) { const value = request.headers[name]; if (typeof value === 'string') headers[name] = value; }
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const reply = await fetch(url, { method: request.method, headers, redirect: 'follow', signal: gone.signal });
  const out: Record<string, string> = { 'cache-control': 'no-store' };
  for (const name of FORWARDED_REPLY) { const value = reply.headers.get(name); if (value !== null) out[name] = value; }
  const length = reply.headers.get('content-length');
  if (length !== null && !reply.headers.get('content-encoding')) out['content-length'] = length;
  const challenge = reply.headers.get('www-authenticate');
  if (challenge !== null) out['www-authenticate'] = rewriteChallenge(challenge);
  response.writeHead(reply.status, out);
  if (!reply.body || request.method === 'HEAD') { response.end(); return; }
  await pipeline(Readable.fromWeb(reply.body as NodeReadableStream), response);
}
