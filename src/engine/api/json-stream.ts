/**
 * Answers that are a stream of JSON documents, one a line: pull, push, load, events, stats. An error after the head has gone
 * out becomes a last line {"errorDetail":…,"error":…}, which is what docker's clients look for.
 */
import { messageOf } from '../errors.ts';
import type { EngineResponse } from './message.ts';

export type Emit = (value: unknown) => void;

const encoder = new TextEncoder();

/**
 * Runs `produce`, sending what it emits as lines. The head goes out with the first line: when `produce` fails before that,
 * the failure is an ordinary error answer, as in moby. `cancelled` fires when the client goes away.
 */
export async function jsonStream(produce: (emit: Emit, cancelled: AbortSignal) => Promise<void>): Promise<EngineResponse> {
  const abort = new AbortController();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start(c) { controller = c; }, cancel() { abort.abort(); } });
  let begun!: () => void;
  let failed!: (error: unknown) => void;
  const head = new Promise<void>((resolve, reject) => { begun = resolve; failed = reject; });
  let emitted = false;
  const emit: Emit = (value) => {
    if (abort.signal.aborted) return;
    controller.enqueue(encoder.encode(JSON.stringify(value) + '\r\n'));
    emitted = true;
    begun();
  };
  void produce(emit, abort.signal).then(
    () => { begun(); if (!abort.signal.aborted) controller.close(); },
    (error: unknown) => {
      if (!emitted) { failed(error); return; }
      const message = messageOf(error);
      emit({ errorDetail: { message }, error: message });
      if (!abort.signal.aborted) controller.close();
    },
  );
  await head;
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}
