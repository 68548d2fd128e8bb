/**
 * Authentication: `WWW-Authenticate` challenges (RFC 9110 §11), Bearer tokens from the registry's token service and Basic
 * credentials. Reference: distribution docs, "Token Authentication Specification" and "OAuth2".
 */
import type { HttpFetch } from '../../host/ports.ts';
import type { RegistryAuth } from '../types.ts';
import { registryError } from './errors.ts';

export interface Challenge { scheme: 'bearer' | 'basic'; parameters: Record<string, string> }

/** The first challenge of the header that we can answer. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const schemes = [...(header ?? '').matchAll(/(?:^|,\s*)(bearer|basic)\b([^]*?)(?=(?:,\s*(?:bearer|basic)\b)|$)/gi)];
  const found: Challenge[] = schemes.map(([, scheme, rest]) => ({
    scheme: scheme.toLowerCase() as Challenge['scheme'],
    parameters: Object.fromEntries([...rest.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)].map(([, k, quoted, plain]) => [k.toLowerCase(), (quoted ?? plain).replace(/\\(.)/g, '$1')])),
  }));
  return found.find((c) => c.scheme === 'bearer' && c.parameters.realm) ?? found.find((c) => c.scheme === 'basic');
}

/** `user:password` of the credentials, if they have them. */
export function basicCredentials(auth: RegistryAuth | undefined): string | undefined {
  if (auth?.username !== undefined && auth.username !== '') return base64(`${auth.username}:${auth.password ?? ''}`);
  return auth?.auth || undefined;
}

function base64(text: string): string { return btoa(String.fromCharCode(...new TextEncoder().encode(text))); }

const CLIENT_ID = 'drydock';
/** Tokens without expires_in are valid for a minute, says the specification. */
const DEFAULT_EXPIRY = 60;

export class TokenCache {
  private readonly tokens = new Map<string, { token: string; expires: number }>();

  constructor(private readonly fetch: HttpFetch, private readonly monotonic: () => number, private readonly route: (realm: string) => string) {}

  cached(host: string, scope: string): string | undefined {
    const entry = this.tokens.get(`${host} ${scope}`);
    return entry && entry.expires > this.monotonic() ? entry.token : undefined;
  }

  forget(host: string, scope: string): void { this.tokens.delete(`${host} ${scope}`); }

  /** The value of an Authorization header, or undefined when the challenge cannot be answered. */
  async answer(host: string, challenge: Challenge, scope: string, auth: RegistryAuth | undefined, signal?: AbortSignal): Promise<string | undefined> {
    const basic = basicCredentials(auth);
    if (challenge.scheme === 'basic') return basic && `Basic ${basic}`;
    if (auth?.registrytoken) return `Bearer ${auth.registrytoken}`;
    const { realm, service } = challenge.parameters;
    const wanted = challenge.parameters.scope ?? scope;
    const response = auth?.identitytoken
      ? await this.fetch(this.route(realm), {
        method: 'POST', signal, headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new TextEncoder().encode(new URLSearchParams({ grant_type: 'refresh_token', refresh_token: auth.identitytoken, client_id: CLIENT_ID, ...(service && { service }), scope: wanted }).toString()),
      })
      : await this.fetch(tokenUrl(this.route(realm), service, wanted), { signal, ...(basic && { headers: { authorization: `Basic ${basic}` } }) });
    if (!response.ok) throw await registryError(response);
    const body = JSON.parse(await response.text()) as { token?: string; access_token?: string; expires_in?: number };
    const token = body.token ?? body.access_token;
    if (!token) return undefined;
    const lifetime = Math.max(body.expires_in ?? DEFAULT_EXPIRY, DEFAULT_EXPIRY);
    this.tokens.set(`${host} ${scope}`, { token: `Bearer ${token}`, expires: this.monotonic() + (lifetime - 10) * 1000 });
    return `Bearer ${token}`;
  }
}

function tokenUrl(realm: string, service: string | undefined, scope: string): string {
  const url = new URL(realm);
  if (service) url.searchParams.set('service', service);
  for (const part of scope.split(' ').filter((s) => s !== '')) url.searchParams.append('scope', part);
  return url.href;
}
