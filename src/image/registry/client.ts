/**
 * A Distribution v2 client: authenticated requests to one registry endpoint, and a repository on it as an ImageSource.
 * Anonymous first; a 401 is answered once. Reference: OCI distribution-spec.
 */
import type { Clock, HttpFetch, HttpResponse, Log } from '../../host/ports.ts';
import { digestOf, isDigest } from '../digest.ts';
import { isIndex, isManifest, MediaType } from '../media-types.ts';
import { parseManifest, type Descriptor, type ManifestBlob } from '../manifest.ts';
import type { RegistryAuth, RegistryOptions } from '../types.ts';
import { parseChallenge, TokenCache, type Challenge } from './auth.ts';
import { registryError, RegistryError, RegistryUnreachable } from './errors.ts';
import { fetchRanges } from './fetch-blob.ts';
import { tokenRealm, type Endpoint } from './hosts.ts';
import { KNOWN_HOSTS } from './known-hosts.ts';
import type { ImageSource } from './source.ts';

const MAX_MANIFEST = 4 << 20;
const ACCEPT_ALL = [MediaType.OciIndex, MediaType.DockerList, MediaType.OciManifest, MediaType.DockerManifest].join(', ');
/** Header values over 128 bytes make a browser ask for permission first (Fetch §2.2.2), which registries refuse. */
const ACCEPT_SHORT = [[MediaType.OciIndex, MediaType.DockerList].join(','), [MediaType.OciManifest, MediaType.DockerManifest].join(',')];

export interface ClientContext { fetch: HttpFetch; clock: Clock; log: Log; options: RegistryOptions; /** True in a page. */ crossOrigin: boolean }

export interface RegistryRequest { method?: string; headers?: Record<string, string>; body?: Uint8Array; signal?: AbortSignal; scope: string }

export class RegistryClient {
  private readonly tokens: TokenCache;

  /** @param domain as references name it (`docker.io`) */
  constructor(readonly domain: string, readonly endpoint: Endpoint & { kind: 'registry' }, private readonly auth: RegistryAuth | undefined, readonly context: ClientContext) {
    this.tokens = new TokenCache(context.fetch, () => context.clock.monotonic(), (realm) => tokenRealm(realm, endpoint));
  }

  /** Sends a request to `/v2/<path>` (or an absolute URL, as upload locations are) and returns a 2xx answer; throws RegistryError for others. */
  async request(path: string, request: RegistryRequest): Promise<HttpResponse> {
    const { scope, method = 'GET', body, signal } = request;
    const url = /^https?:/.test(path) ? path : `${this.endpoint.base}/v2/${path}`;
    const send = async (authorization: string | undefined): Promise<HttpResponse> => {
      const headers = { ...request.headers, ...(authorization !== undefined && { authorization }) };
      try {
        return await this.context.fetch(url, { method, headers, signal, ...(body && { body }) });
      } catch (e) {
        signal?.throwIfAborted();
        throw this.unreachable(method, url, e);
      }
    };
    let response = await send(this.tokens.cached(this.domain, scope));
    if (response.status === 401) {
      this.tokens.forget(this.domain, scope);
      const challenge = parseChallenge(response.headers.get('www-authenticate')) ?? this.knownChallenge();
      const authorization = challenge && await this.tokens.answer(this.domain, challenge, scope, this.auth, signal);
      if (authorization !== undefined) {
        await response.body?.cancel().catch(() => undefined);
        response = await send(authorization);
      } else if (challenge?.scheme === 'basic') {
        throw new RegistryError(401, 'UNAUTHORIZED', 'no basic auth credentials');
      }
    }
    if (!response.ok) throw await registryError(response);
    return response;
  }

  repository(name: string): RegistryRepository { return new RegistryRepository(this, name); }

  private knownChallenge(): Challenge | undefined {
    const { realm, service } = KNOWN_HOSTS[this.domain] ?? {};
    return realm === undefined ? undefined : { scheme: 'bearer', parameters: { realm, ...(service !== undefined && { service }) } };
  }

  private unreachable(method: string, url: string, e: unknown): RegistryUnreachable {
    const { host } = new URL(url), cause = (e as { cause?: { message?: string } }).cause?.message ?? (e as Error).message;
    if (this.context.crossOrigin && this.endpoint.direct) {
      return new RegistryUnreachable(`${host} cannot be read from this page: the registry allows no cross-origin requests (CORS), or it cannot be reached. Three ways out: a proxy or mirror for ${this.domain} (DRYDOCK_REGISTRIES=${this.domain} npm start), the image as a static OCI layout (docker pull oci+https://…), or docker load of an archive`);
    }
    const verb = method.charAt(0) + method.slice(1).toLowerCase();
    return new RegistryUnreachable(`${verb} "${url}": ${cause}`);
  }
}

export class RegistryRepository implements ImageSource {
  readonly address: string;
  readonly pullScope: string;

  constructor(private readonly client: RegistryClient, readonly name: string) {
    this.address = client.endpoint.base;
    this.pullScope = `repository:${name}:pull`;
  }

  async manifest(tagOrDigest: string, signal?: AbortSignal): Promise<ManifestBlob> {
    const short = this.client.context.crossOrigin && this.client.endpoint.direct;
    let blob: ManifestBlob | undefined, failure: unknown;
    for (const accept of short ? ACCEPT_SHORT : [ACCEPT_ALL]) {
      try { blob = await this.fetchManifest(tagOrDigest, accept, signal); break; } catch (e) {
        if (!(e instanceof RegistryError) || e.status !== 404) throw e;
        failure ??= e;
      }
    }
    if (!blob) throw failure;
    return blob;
  }

  private async fetchManifest(tagOrDigest: string, accept: string, signal?: AbortSignal): Promise<ManifestBlob> {
    const response = await this.client.request(`${this.name}/manifests/${tagOrDigest}`, { headers: { accept }, scope: this.pullScope, signal });
    const mediaType = response.headers.get('content-type')?.split(';')[0].trim();
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > MAX_MANIFEST) throw new RegistryError(200, 'MANIFEST_INVALID', `manifest of ${bytes.length} bytes`);
    const digest = await digestOf(bytes);
    if (isDigest(tagOrDigest) && digest !== tagOrDigest) throw new RegistryError(200, 'MANIFEST_UNVERIFIED', `manifest verification failed for digest ${tagOrDigest}`);
    if (mediaType !== undefined && !isIndex(mediaType) && !isManifest(mediaType) && /html/.test(mediaType)) throw new RegistryError(404, 'NAME_UNKNOWN', `${this.address} is no registry`);
    return { digest, bytes, content: parseManifest(bytes, mediaType) };
  }

  blob(descriptor: Descriptor, offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const open = (headers: Record<string, string>): Promise<HttpResponse> => this.client.request(`${this.name}/blobs/${descriptor.digest}`, { headers, scope: this.pullScope, signal });
    return fetchRanges(open, descriptor.size, offset, this.client.context.log, signal);
  }

  async tags(signal?: AbortSignal): Promise<string[]> {
    const out: string[] = [];
    for (let path: string | undefined = `${this.name}/tags/list`; path !== undefined;) {
      const response: HttpResponse = await this.client.request(path, { scope: this.pullScope, signal });
      out.push(...((JSON.parse(await response.text()) as { tags?: string[] | null }).tags ?? []));
      const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next/.exec(response.headers.get('link') ?? '')?.[1];
      path = next?.replace(/^(?:https?:\/\/[^/]+)?\/v2\//, '');
    }
    return out;
  }
}
