/** Between ReadableStream and async iteration: Safari has no stream iterator, and generators are easier to compose. */

/** The chunks of a stream; leaving the loop early cancels it. */
export async function* iterate(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) { finished = true; return; }
      if (step.value.length > 0) yield step.value;
    }
  } finally {
    if (!finished) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

/** A stream that pulls from an iterable, one chunk ahead at most; cancelling it ends the iteration. */
export function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const step = await iterator.next();
      if (step.done) controller.close(); else controller.enqueue(step.value);
    },
    async cancel(reason) { await iterator.return?.(reason); },
  }, { highWaterMark: 0 });
}

/** All bytes of a message body, however it is held. */
export async function bodyBytes(body: Uint8Array | ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  return body === undefined ? new Uint8Array(0) : body instanceof Uint8Array ? body : collect(iterate(body));
}

/** All bytes of `chunks`. Throws past `limit`. */
export async function collect(chunks: AsyncIterable<Uint8Array>, limit = Infinity): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > limit) throw new Error(`more than ${limit} bytes`);
  }
  return concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}
