/** The answer that turns a connection into raw streams: 101 UPGRADED when the client asked for it, else 200 and the same bytes. */
import type { Call } from './api/call.ts';
import type { EngineResponse } from './api/message.ts';
import { streamType } from './api/stdcopy.ts';
import type { Duplex } from '../host/ports.ts';

export function hijackResponse(call: Call, tty: boolean, session: { serve: (connection: Duplex) => Promise<void>; drop: () => void }): EngineResponse {
  call.signal?.addEventListener('abort', session.drop, { once: true });
  const headers: Record<string, string> = { 'content-type': streamType(tty, call.minor) };
  if (call.upgrade) { headers.connection = 'Upgrade'; headers.upgrade = 'tcp'; }
  return { status: call.upgrade ? 101 : 200, headers, hijack: (connection) => { void session.serve(connection); } };
}
