/** Registry errors (distribution-spec, "Error Codes"), and what Docker makes of them (moby distribution/errors.go). */
import { DockerError, Forbidden, NotFound, Unauthorized, Unavailable } from '../../base/errors.ts';
import type { HttpResponse } from '../../host/ports.ts';
import { familiarName, familiarString, type Reference } from '../../base/reference.ts';

export class RegistryError extends Error {
  override name = 'RegistryError';
  /** @param code of the specification, e.g. MANIFEST_UNKNOWN; UNKNOWN when the body told none */
  constructor(readonly status: number, readonly code: string, readonly detail: string, readonly retryAfter = 0) {
    super(`${code.toLowerCase().replaceAll('_', ' ')}: ${detail}`);
  }
}

/** The registry could not be reached at all: DNS, TLS, refused connection, or CORS, which a page cannot tell apart. */
export class RegistryUnreachable extends Error { override name = 'RegistryUnreachable'; }

const BY_STATUS: Record<number, [code: string, detail: string]> = {
  401: ['UNAUTHORIZED', 'authentication required'], 403: ['DENIED', 'requested access to the resource is denied'], 404: ['NOT_FOUND', 'not found'],
  429: ['TOOMANYREQUESTS', 'too many requests'],
};

/** Reads the body of a failed answer. */
export async function registryError(response: HttpResponse): Promise<RegistryError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? 0) || 0;
  const body = await response.text().catch(() => '');
  try {
    const parsed = JSON.parse(body) as { errors?: { code?: string; message?: string; detail?: unknown }[]; details?: string };
    const first = parsed.errors?.[0];
    if (first?.code) {
      const detail = typeof first.detail === 'string' ? `: ${first.detail}` : '';
      return new RegistryError(response.status, first.code, first.code === 'UNKNOWN' ? `${first.message ?? ''}${detail}` : first.message ?? first.code.toLowerCase(), retryAfter);
    }
    if (parsed.details) return new RegistryError(response.status, BY_STATUS[response.status]?.[0] ?? 'UNKNOWN', parsed.details, retryAfter);
  } catch { /* Not JSON: a proxy's page or plain text. */ }
  const known = BY_STATUS[response.status];
  if (response.status === 429 && body !== '' && body.length < 500) return new RegistryError(429, 'TOOMANYREQUESTS', body.trim(), retryAfter);
  return known ? new RegistryError(response.status, ...known, retryAfter) : new RegistryError(response.status, 'UNKNOWN', `received unexpected HTTP status: ${response.status}`, retryAfter);
}

/** The error of a pull in Docker's words. */
export function pullError(e: unknown, reference: Reference): unknown {
  if (e instanceof RegistryUnreachable) return new Unavailable(e.message);
  if (!(e instanceof RegistryError)) return e;
  switch (e.code) {
    case 'DENIED': case 'UNAUTHORIZED':
      return new NotFound(`pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${e.message}`);
    case 'MANIFEST_UNKNOWN': return new NotFound(`manifest for ${familiarString(reference)} not found: ${e.message}`);
    case 'NAME_UNKNOWN': return new NotFound(`repository ${familiarName(reference)} not found: ${e.message}`);
    default: return plainError(e);
  }
}

export function plainError(e: unknown): unknown {
  if (e instanceof RegistryUnreachable) return new Unavailable(e.message);
  if (!(e instanceof RegistryError)) return e;
  const Kind: new (message: string) => DockerError = e.status === 401 ? Unauthorized : e.status === 403 ? Forbidden : e.status === 404 ? NotFound : Unavailable;
  return new Kind(e.message);
}
