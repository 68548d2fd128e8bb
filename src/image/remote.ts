/** Finds where a reference can be read from: mirrors, static layouts, the registry, the page's proxy; in that order. */
import { InvalidParameter } from '../base/errors.ts';
import { OciLayoutSource } from './archive/oci-layout.ts';
import { isIndexContent, type ManifestBlob } from './manifest.ts';
import type { Platform } from './platform.ts';
import { parseReference, withDefaultTag, type Reference } from '../base/reference.ts';
import { parseConfig } from './config.ts';
import { collect } from '../base/streams.ts';
import { RegistryClient, type ClientContext } from './registry/client.ts';
import { RegistryError, RegistryUnreachable } from './registry/errors.ts';
import { endpoints, type Endpoint } from './registry/hosts.ts';
import type { ImageSource } from './registry/source.ts';
import type { RegistryAuth } from './types.ts';

/** What a user asks to pull: a reference, or `oci+https://host/path[:tag]`, whose name is then host/path. */
export function parseRemote(text: string): { reference: Reference; layout?: string } {
  const match = /^oci\+(https?:\/\/[^@?#]+?)(?::([\w][\w.-]*))?$/.exec(text);
  if (!match) return { reference: withDefaultTag(parseReference(text)) };
  const layout = match[1].replace(/\/+$/, ''), { host, pathname } = new URL(layout);
  return { layout, reference: withDefaultTag(parseReference(`${/[.:]|^localhost$/.test(host) ? host : `${host}:80`}${pathname}${match[2] !== undefined ? `:${match[2]}` : ''}`)) };
}

/** The sources of a repository, in the order to try, with whether a miss there is final. */
export function* sources(reference: Reference, layout: string | undefined, auth: RegistryAuth | undefined, context: ClientContext): Generator<{ source: ImageSource; endpoint: Endpoint }> {
  if (layout !== undefined) {
    yield { source: new OciLayoutSource(layout, context.fetch, context.log), endpoint: { kind: 'layout', base: layout } };
    return;
  }
  for (const endpoint of endpoints(reference.domain, context.options)) {
    if (endpoint.kind === 'layout') {
      const path = reference.domain === 'docker.io' ? reference.path.replace(/^library\//, '') : reference.path;
      yield { source: new OciLayoutSource(`${endpoint.base}/${path}`, context.fetch, context.log), endpoint };
    } else {
      // Credentials are the registry's: a mirror does not get them.
      yield { source: new RegistryClient(reference.domain, endpoint, endpoint.mirror ? undefined : auth, context).repository(reference.path), endpoint };
    }
  }
}

/** Error code of the page's own proxy (host/node/registry-proxy.ts) for what it does not forward. */
const PROXY_REFUSED = 'PROXY';

/** Runs `use` on the first source that has what it asks for; throws the last source's error. */
export async function withSource<T>(reference: Reference, layout: string | undefined, auth: RegistryAuth | undefined, context: ClientContext, use: (source: ImageSource) => Promise<T>): Promise<T> {
  let failure: unknown, refused = '';
  for (const { source, endpoint } of sources(reference, layout, auth, context)) {
    try { return await use(source); } catch (e) {
      const next = e instanceof RegistryUnreachable || (e instanceof RegistryError && (endpoint.kind === 'layout' || endpoint.mirror || e.code === 'NOT_FOUND' || e.code === 'UNKNOWN' || e.code === PROXY_REFUSED || e.code === 'PROXY' || (!endpoint.direct && e.code === 'NAME_UNKNOWN')));
      if (!next) throw e;
      context.log('image', `${source.address}: ${e.message}`);
      if (e instanceof RegistryError && e.code === PROXY_REFUSED) refused = `; its proxy says: ${e.detail}`;
      failure = e;
    }
  }
  throw failure instanceof RegistryUnreachable ? new RegistryUnreachable(failure.message + refused) : failure;
}

/** The platforms behind a manifest or index. */
export async function platformsOf(source: ImageSource, root: ManifestBlob): Promise<Platform[]> {
  if (isIndexContent(root.content)) return root.content.manifests.flatMap((m) => (m.platform && m.platform.os !== 'unknown' ? [{ architecture: m.platform.architecture, os: m.platform.os, ...(m.platform.variant && { variant: m.platform.variant }) }] : []));
  const { config } = root.content;
  if (config.size > 8 << 20) throw new InvalidParameter(`image configuration of ${config.size} bytes`);
  const { os, architecture, variant } = parseConfig(await collect(source.blob(config, 0)));
  return [{ architecture, os, ...(variant !== undefined && { variant }) }];
}
