/**
 * The message API: Engine API calls over a MessagePort, by comlink. Small bodies travel as bytes, streams and hijacked
 * connections as ports of their own (port-stream.ts), so that neither side buffers them.
 */
import { expose, transfer, wrap, type Endpoint, type Remote } from 'comlink';
import type { EngineHandler, EngineRequest, EngineResponse } from '../engine/api/message.ts';
import type { Duplex } from '../host/ports.ts';
import { portToReadable, portToWritable, readableToPort } from './port-stream.ts';

/** The answer as a client sees it: `connection` is set where the engine hijacked. */
export interface EngineReply {
  status: number;
  headers: Record<string, string>;
  body?: Uint8Array | ReadableStream<Uint8Array>;
  connection?: Duplex;
}

/** A way to an engine: the port of the tab's engine worker, or HTTP. */
export type EngineTransport = (request: EngineRequest) => Promise<EngineReply>;

interface WireRequest extends Omit<EngineRequest, 'body' | 'signal'> {
  bytes?: Uint8Array;
  stream?: MessagePort;
  /** A message on it says that the client went away. */
  abort: MessagePort;
}

interface WireReply {
  status: number;
  headers: Record<string, string>;
  bytes?: Uint8Array;
  stream?: MessagePort;
  up?: MessagePort;
  down?: MessagePort;
}

interface EngineEndpoint { call(request: WireRequest): WireReply | Promise<WireReply> }

/** Serves an engine on a port. */
export function serveEngine(handler: EngineHandler, port: MessagePort): void {
  const endpoint: EngineEndpoint = {
    async call({ bytes, stream, abort, ...head }) {
      const controller = new AbortController();
      abort.onmessage = () => controller.abort();
      abort.start?.();
      const response = await handler({ ...head, body: stream ? portToReadable(stream) : bytes, signal: controller.signal });
      return toWire(response, () => abort.close());
    },
  };
  expose(endpoint, port as unknown as Endpoint);
  port.start?.();
}

function toWire(response: EngineResponse, done: () => void): WireReply {
  const { status, headers, body, hijack } = response;
  if (hijack) {
    const up = new MessageChannel(), down = new MessageChannel();
    hijack({ readable: portToReadable(up.port1), writable: portToWritable(down.port1) });
    return transfer({ status, headers, up: up.port2, down: down.port2 }, [up.port2, down.port2] as never);
  }
  if (body instanceof ReadableStream) {
    const channel = new MessageChannel();
    void readableToPort(body, channel.port1).finally(done);
    return transfer({ status, headers, stream: channel.port2 }, [channel.port2] as never);
  }
  done();
  return { status, headers, bytes: body };
}

/** A transport to the engine served at the other end of `port`. */
export function connectEngine(port: MessagePort): EngineTransport {
  const remote = wrap<EngineEndpoint>(port as unknown as Endpoint) as Remote<EngineEndpoint>;
  port.start?.();
  return async ({ body, signal, ...head }) => {
    const abort = new MessageChannel();
    const moved: MessagePort[] = [abort.port2];
    const request: WireRequest = { ...head, abort: abort.port2 };
    if (body instanceof ReadableStream) {
      const channel = new MessageChannel();
      void readableToPort(body, channel.port1);
      request.stream = channel.port2;
      moved.push(channel.port2);
    } else {
      request.bytes = body;
    }
    signal?.addEventListener('abort', () => abort.port1.postMessage(true), { once: true });
    const reply = await (remote.call(transfer(request, moved as never)) as Promise<WireReply>);
    return {
      status: reply.status,
      headers: reply.headers,
      body: reply.stream ? portToReadable(reply.stream) : reply.bytes,
      connection: reply.up && reply.down ? { readable: portToReadable(reply.down), writable: portToWritable(reply.up) } : undefined,
    };
  };
}
