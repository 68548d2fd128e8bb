/**
 * Which addresses serve a registry: its mirrors, the registry itself (http on loopback, https elsewhere), and the page's
 * same-origin proxy when the registry cannot be read across origins.
 */
import type { RegistryOptions } from '../types.ts';
import { KNOWN_HOSTS } from './known-hosts.ts';

export type Endpoint =
  | { kind: 'registry'; /** Address before /v2/. */ base: string; /** Requests leave the page's origin. */ direct: boolean; mirror: boolean }
  | { kind: 'layout'; base: string };

/** Endpoints of registry `domain` in the order to try. */
export function endpoints(domain: string, options: RegistryOptions): Endpoint[] {
  const out: Endpoint[] = [];
  for (const mirror of options.mirrors?.[domain] ?? []) {
    const layout = mirror.startsWith('oci+'), address = trim(layout ? mirror.slice(4) : mirror);
    const base = options.baseUrl !== undefined ? trim(new URL(address, options.baseUrl).href) : address;
    out.push(layout ? { kind: 'layout', base } : { kind: 'registry', base, direct: true, mirror: true });
  }
  const host = KNOWN_HOSTS[domain]?.api ?? domain, loopback = isLoopback(host);
  const scheme = loopback || options.insecure?.includes(domain) ? 'http' : 'https';
  const itself: Endpoint = { kind: 'registry', base: `${scheme}://${host}`, direct: true, mirror: false };
  if (options.proxyBase === undefined) return [...out, itself];
  const proxied: Endpoint = { kind: 'registry', base: `${proxyBase(options)}/${domain}`, direct: false, mirror: false };
  return loopback ? [...out, itself, proxied] : [...out, proxied, itself];
}

/** Where a token is asked for: the realm itself, or the proxy's place for it (a proxy that names its own realm is taken at its word). */
export function tokenRealm(realm: string, endpoint: Endpoint & { kind: 'registry' }): string {
  return endpoint.direct || realm.startsWith(endpoint.base) ? realm : `${endpoint.base}/token`;
}

/** An upload location of the registry, as the endpoint serves it. */
export function uploadLocation(location: string, endpoint: Endpoint & { kind: 'registry' }): string {
  const url = new URL(location, `${endpoint.base}/v2/`);
  return endpoint.direct || url.href.startsWith(endpoint.base) ? url.href : `${endpoint.base}${url.pathname}${url.search}`;
}

export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || /^127(?:\.\d+){3}$/.test(name) || name === '[::1]';
}

function proxyBase(options: RegistryOptions): string {
  const base = options.proxyBase!;
  return trim(options.baseUrl !== undefined ? new URL(base, options.baseUrl).href : base);
}

function trim(url: string): string { return url.replace(/\/+$/, ''); }
