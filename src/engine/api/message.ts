/**
 * An Engine API call as a message: what REST under Node and the message API in the tab both reduce to. Paths, queries,
 * headers, bodies and status codes are those of the Docker Engine API; a hijacked connection (attach, exec) is a Duplex.
 */
import type { Duplex } from '../../host/ports.ts';

export interface EngineRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path without query, with or without the `/v1.NN` prefix, still percent-encoded. */
  path: string;
  query: Record<string, string[]>;
  /** Lower-case names. */
  headers: Record<string, string>;
  body?: Uint8Array | ReadableStream<Uint8Array>;
  /** Fires when the client goes away. */
  signal?: AbortSignal;
}

export interface EngineResponse {
  status: number;
  headers: Record<string, string>;
  body?: Uint8Array | ReadableStream<Uint8Array>;
  /** Set for hijacked endpoints: called once with the connection, after the 101 (or 200) head has gone out. */
  hijack?: (connection: Duplex) => void;
}

/** The whole engine, to a transport. Never rejects: errors are responses with Docker's JSON `{"message": …}`. */
export type EngineHandler = (request: EngineRequest) => Promise<EngineResponse>;
