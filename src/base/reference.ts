/**
 * Image references: Docker's grammar, its short ("familiar") names, and its error texts.
 * Reference: github.com/distribution/reference (regexp.go, normalize.go).
 */
import { InvalidParameter } from './errors.ts';

export interface Reference {
  /** `docker.io`, `ghcr.io`, `localhost:5000`. */
  readonly domain: string;
  /** `library/alpine`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const DEFAULT_DOMAIN = 'docker.io';
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const TAG = '[\\w][\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(${DOMAIN})/(${PATH_PART}(?:/${PATH_PART})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const TAG_ONLY = new RegExp(`^${TAG}$`);

/** Parses what a user types: `alpine`, `user/app:1`, `localhost:5000/x@sha256:…`. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) throw new InvalidParameter(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const [domain, remainder] = splitDomain(text);
  const at = remainder.indexOf(':');
  const remote = at < 0 ? remainder : remainder.slice(0, at);
  if (remote.toLowerCase() !== remote) throw new InvalidParameter(`invalid reference format: repository name (${remote}) must be lowercase`);
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  if (!match) throw new InvalidParameter('invalid reference format');
  const [, , path, tag, digest] = match;
  if (`${domain}/${path}`.length > 255) throw new InvalidParameter('repository name must not be more than 255 characters');
  if (digest !== undefined && !/^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/.test(digest)) {
    throw new InvalidParameter(/^sha(?:256|384|512):/.test(digest) ? 'invalid checksum digest length' : 'unsupported digest algorithm');
  }
  return { domain, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function splitDomain(text: string): [domain: string, remainder: string] {
  const slash = text.indexOf('/'), first = text.slice(0, Math.max(slash, 0));
  let domain = DEFAULT_DOMAIN, remainder = text;
  if (slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)) { domain = first; remainder = text.slice(slash + 1); }
  if (domain === 'index.docker.io') domain = DEFAULT_DOMAIN;
  if (domain === DEFAULT_DOMAIN && !remainder.includes('/')) remainder = `library/${remainder}`;
  return [domain, remainder];
}

/** `latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

export function isTag(text: string): boolean { return TAG_ONLY.test(text); }

/** `docker.io/library/alpine`. */
export function canonicalName(reference: Reference): string { return `${reference.domain}/${reference.path}`; }

/** `alpine`, `user/app`, `ghcr.io/x/y`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return canonicalName(reference);
  // `docker.io/library/a/b` is not an official image: only a one-part name loses its prefix.
  return /^library\/[^/]+$/.test(reference.path) ? reference.path.slice(8) : reference.path;
}

export function canonicalString(reference: Reference): string { return canonicalName(reference) + suffix(reference); }
export function familiarString(reference: Reference): string { return familiarName(reference) + suffix(reference); }

function suffix({ tag, digest }: Reference): string {
  return (tag !== undefined ? `:${tag}` : '') + (digest !== undefined ? `@${digest}` : '');
}
