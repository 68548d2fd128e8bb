/**
 * On loopback TCP any web page could reach the engine: by a cross-origin request, which carries Origin, or by a name of its own
 * that resolves to 127.0.0.1 (DNS rebinding), which shows in Host. Both are refused.
 */
import type { EngineRequest, EngineResponse } from '../../engine/api/message.ts';

export function refuseBrowser({ headers }: EngineRequest): EngineResponse | undefined {
  if (headers.origin !== undefined) return forbidden('requests of web pages are refused: the Engine API gives control over this account');
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (host === '' || /^(\d+\.){3}\d+$/.test(host) || host.startsWith('[') || host === 'localhost' || host.endsWith('.localhost') || host === 'docker') return undefined;
  return forbidden(`host name ${host} is refused: use 127.0.0.1 or localhost`);
}

function forbidden(message: string): EngineResponse {
  return { status: 403, headers: { 'content-type': 'application/json' }, body: new TextEncoder().encode(`${JSON.stringify({ message })}\n`) };
}
