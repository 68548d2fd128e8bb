import { describe, expect, it } from 'vitest';
import { canonicalString, familiarString, parseReference, withDefaultTag } from '../../../src/base/reference.ts';
import { formatPlatform, matchPlatform, parsePlatform } from '../../../src/image/platform.ts';
import { choosePlatform, type Index } from '../../../src/image/manifest.ts';
import { parseChallenge } from '../../../src/image/registry/auth.ts';
import { endpoints } from '../../../src/image/registry/hosts.ts';
import { parseRemote } from '../../../src/image/remote.ts';

const hex = 'a'.repeat(64), digest = `sha256:${hex}`;

describe('references', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
    ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['index.docker.io/library/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['localhost:5000/x:1', 'localhost:5000/x:1', 'localhost:5000/x:1'],
    ['[::1]:5000/x', '[::1]:5000/x:latest', '[::1]:5000/x:latest'],
    ['ghcr.io/a/b__c-d.e', 'ghcr.io/a/b__c-d.e:latest', 'ghcr.io/a/b__c-d.e:latest'],
    ['Host/x', 'Host/x:latest', 'Host/x:latest'],
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
    [`alpine:1@${digest}`, `docker.io/library/alpine:1@${digest}`, `alpine:1@${digest}`],
    ['a:_x.Y-z', 'docker.io/library/a:_x.Y-z', 'a:_x.Y-z'],
  ])('%s', (text, canonical, familiar) => {
    const r = withDefaultTag(parseReference(text));
    expect(canonicalString(r)).toBe(canonical);
    expect(familiarString(r)).toBe(familiar);
    expect(parseReference(canonical)).toEqual(r);
  });

  it.each([
    ['', 'invalid reference format'], ['a b', 'invalid reference format'], ['-a', 'invalid reference format'], ['a:', 'invalid reference format'], ['a:-x', 'invalid reference format'],
    ['a//b', 'invalid reference format'], ['a..b', 'invalid reference format'], ['a@sha256:abc', 'invalid reference format'], ['https://x/y', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'], [`a@sha256:${'a'.repeat(63)}`, 'invalid checksum digest length'], [`a@md5:${hex}`, 'unsupported digest algorithm'],
    ['Alpine', 'invalid reference format: repository name (library/Alpine) must be lowercase'], ['x/Y:1', 'invalid reference format: repository name (x/Y) must be lowercase'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`], ['x/'.repeat(130) + 'x', 'repository name must not be more than 255 characters'],
  ])('refuses %j', (text, message) => { expect(() => parseReference(text)).toThrow(message); });

  it('names a static layout by its address', () => {
    expect(canonicalString(parseRemote('oci+https://user.github.io/site/images/alpine:3').reference)).toBe('user.github.io/site/images/alpine:3');
    expect(parseRemote('oci+http://localhost:8080/images/x').layout).toBe('http://localhost:8080/images/x');
  });
});

describe('platforms', () => {
  it('normalises', () => {
    expect(['linux/x86_64', 'aarch64', 'linux/arm64/v8', 'linux', 'linux/arm', 'LINUX/AMD64'].map((p) => formatPlatform(parsePlatform(p)))).toEqual(['linux/amd64', 'linux/arm64', 'linux/arm64', 'linux/amd64', 'linux/arm/v7', 'linux/amd64']);
    for (const bad of ['', 'nonsense', 'a/b/c/d', 'linux/']) expect(() => parsePlatform(bad)).toThrow();
  });

  it('chooses the best and says what is missing', () => {
    const of = (...list: string[]): Index => ({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: list.map((p, i) => ({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${String(i).padStart(64, '0')}`, size: 1, platform: { os: p.split('/')[0], architecture: p.split('/')[1], variant: p.split('/')[2] } })) });
    const pick = (want: string, ...list: string[]): string => list[Number(choosePlatform(of(...list), parsePlatform(want)).digest.slice(7))];
    expect(pick('linux/amd64', 'linux/arm64', 'linux/amd64/v3', 'linux/amd64', 'linux/amd64/v2')).toBe('linux/amd64');
    expect(pick('linux/amd64', 'linux/amd64/v3', 'linux/amd64/v2')).toBe('linux/amd64/v2');
    expect(pick('linux/arm64', 'linux/amd64', 'linux/arm64/v8')).toBe('linux/arm64/v8');
    expect(pick('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v6', 'linux/arm64')).toBe('linux/arm/v6');
    expect(() => pick('linux/amd64', 'linux/arm64', 'windows/amd64', 'linux/amd64/v3')).toThrow('no matching manifest for linux/amd64 in the manifest list entries');
    expect(matchPlatform(parsePlatform('linux/386'), parsePlatform('linux/amd64'))).toBe(0);
  });
});

describe('registries', () => {
  it('reads challenges', () => {
    expect(parseChallenge('Bearer realm="https://auth.x/token",service="reg",scope="repository:a/b:pull,push"')).toEqual({ scheme: 'bearer', parameters: { realm: 'https://auth.x/token', service: 'reg', scope: 'repository:a/b:pull,push' } });
    expect(parseChallenge('Basic realm="x", Bearer realm="https://y"')?.scheme).toBe('bearer');
    expect(parseChallenge('basic realm=x')).toEqual({ scheme: 'basic', parameters: { realm: 'x' } });
    expect(parseChallenge('Negotiate')).toBeUndefined();
  });

  it('orders endpoints: mirrors, then the proxy before what a page cannot read', () => {
    const bases = (domain: string, o = {}): string[] => endpoints(domain, { mirrors: { 'docker.io': ['oci+/images', 'http://m/'] }, proxyBase: '/registry', baseUrl: 'https://page/app/', ...o }).map((e) => `${e.kind} ${e.base}`);
    expect(bases('docker.io')).toEqual(['layout https://page/images', 'registry http://m', 'registry https://page/registry/docker.io', 'registry https://registry-1.docker.io']);
    expect(bases('localhost:5000')[0]).toBe('registry http://localhost:5000');
    expect(endpoints('127.0.0.1:5000', {}).map((e) => e.base)).toEqual(['http://127.0.0.1:5000']);
    expect(endpoints('ghcr.io', {}).map((e) => e.base)).toEqual(['https://ghcr.io']);
  });
});
