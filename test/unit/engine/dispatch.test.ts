import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../src/engine/api/pattern.ts';
import { ROUTES } from '../../../src/engine/api/routes.ts';
import { engineFixture } from './fixture.ts';

describe('dispatch', () => {
  it('speaks API 1.24 to 1.50, with and without a prefix', async () => {
    const { call } = await engineFixture();
    expect((await call('GET', '/v1.24/info')).status).toBe(200);
    expect((await call('GET', '/info')).headers['api-version']).toBe('1.50');
    const newer = await call('GET', '/v1.99/info');
    expect([newer.status, newer.json.message]).toEqual([400, 'client version 1.99 is too new. Maximum supported API version is 1.50']);
    const older = await call('GET', '/v1.12/info');
    expect([older.status, older.json.message]).toEqual([400, 'client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version']);
  });

  it('answers unknown paths and methods with 404, a ping without a body to HEAD', async () => {
    const { call } = await engineFixture();
    for (const [method, path] of [['GET', '/nope'], ['PUT', '/info'], ['GET', '/containers/a/b/json']] as const) {
      expect(await call(method, path)).toMatchObject({ status: 404, json: { message: 'page not found' } });
    }
    expect(await call('HEAD', '/_ping')).toMatchObject({ status: 200, text: '', headers: { 'api-version': '1.50', ostype: 'linux', 'builder-version': '1', swarm: 'inactive' } });
  });

  it('is no swarm manager, and has no plugins', async () => {
    const { call } = await engineFixture();
    const nodes = await call('GET', '/nodes');
    expect(nodes.status).toBe(503);
    expect(nodes.json.message).toMatch(/^This node is not a swarm manager\. Use "docker swarm init"/);
    expect((await call('GET', '/plugins')).json).toEqual([]);
  });

  it('maps typed errors to statuses with Docker\'s texts', async () => {
    const { call } = await engineFixture();
    expect(await call('GET', '/containers/nope/json')).toMatchObject({ status: 404, json: { message: 'No such container: nope' } });
    expect(await call('GET', '/images/nope/json')).toMatchObject({ status: 404, json: { message: 'No such image: nope:latest' } });
    expect(await call('GET', '/volumes/nope')).toMatchObject({ status: 404, json: { message: 'get nope: no such volume' } });
    expect(await call('POST', '/networks/create', { Name: 'x' })).toMatchObject({ status: 501 });
    expect(await call('DELETE', '/networks/bridge')).toMatchObject({ status: 403, json: { message: 'bridge is a pre-defined network and cannot be removed' } });
    expect(await call('GET', '/containers/json?filters=%7B%22bogus%22:%5B%22x%22%5D%7D')).toMatchObject({ status: 400, json: { message: "invalid filter 'bogus'" } });
  });

  it('has one row per endpoint', () => {
    const seen = ROUTES.map((r) => `${r.method} ${r.pattern}`);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('path patterns', () => {
  it('match one segment, or anything with {name:.*}, decoded', () => {
    expect(compilePattern('/containers/{name}/json')('/containers/a%2Fb/json')).toEqual({ name: 'a/b' });
    expect(compilePattern('/containers/{name}/json')('/containers/a/b/json')).toBeUndefined();
    expect(compilePattern('/images/{name:.*}/json')('/images/ghcr.io/x/y:1/json')).toEqual({ name: 'ghcr.io/x/y:1' });
  });
});
