/**
 * From a request to its operation: API version, route, error mapping. The only place that turns errors into statuses.
 * Reference: moby daemon/server/{server,middleware/version}.go.
 */
import { InvalidParameter } from '../../base/errors.ts';
import type { Engine } from '../engine.ts';
import { messageOf, statusOf } from '../errors.ts';
import { API_MINOR, API_VERSION, ENGINE_VERSION, MIN_API_MINOR, MIN_API_VERSION } from '../version.ts';
import { Call, empty, json } from './call.ts';
import type { EngineRequest, EngineResponse } from './message.ts';
import { compilePattern } from './pattern.ts';
import { ROUTES } from './routes.ts';

const compiled = ROUTES.map((route) => ({ ...route, match: compilePattern(route.pattern) }));

export async function dispatch(engine: Engine, request: EngineRequest): Promise<EngineResponse> {
  let response: EngineResponse;
  try {
    response = await route(engine, request);
  } catch (error) {
    response = failure(engine, request, error);
  }
  return { ...response, headers: { 'api-version': API_VERSION, 'docker-experimental': 'false', ostype: 'linux', server: `Docker/${ENGINE_VERSION} (linux)`, ...response.headers } };
}

async function route(engine: Engine, request: EngineRequest): Promise<EngineResponse> {
  const { path, minor } = splitVersion(request.path);
  for (const { method, match, operation } of compiled) {
    if (method !== request.method) continue;
    const params = match(path);
    if (params) return await operation(engine, new Call(request, params, minor));
  }
  return json({ message: 'page not found' }, 404);
}

function failure(engine: Engine, request: EngineRequest, error: unknown): EngineResponse {
  const status = statusOf(error);
  if (status === 304) return empty(304);
  if (status >= 500) engine.log('api', `${request.method} ${request.path}: ${error instanceof Error && !(status > 500) ? error.stack ?? error.message : messageOf(error)}`);
  return json({ message: messageOf(error) }, status);
}

/** Takes the `/v1.NN` prefix off; without one the newest version is spoken. */
export function splitVersion(path: string): { path: string; minor: number } {
  const found = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  if (!found) return { path, minor: API_MINOR };
  const [major, minor] = found[1].split('.').map(Number);
  if (major > 1 || (major === 1 && minor > API_MINOR)) throw new InvalidParameter(`client version ${found[1]} is too new. Maximum supported API version is ${API_VERSION}`);
  if (!(major === 1 && minor >= MIN_API_MINOR)) {
    throw new InvalidParameter(`client version ${found[1]} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`);
  }
  return { path: found[2], minor };
}
