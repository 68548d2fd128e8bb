/**
 * Byte streams over a MessagePort, with credit: the receiver grants bytes as its consumer takes them, so a fast producer
 * (a guest printing without end, a large archive) never fills the other side's memory. One port carries one direction.
 *
 * Messages, sender to receiver: {d: bytes} data · {e: true} end · {x: text} error. Receiver to sender: {c: n} n more bytes
 * may come · {k: text} the receiver wants no more. A sender starts with WINDOW bytes and may overshoot by one chunk.
 */

const WINDOW = 256 * 1024;

interface Message { d?: Uint8Array; e?: true; x?: string; c?: number; k?: string }

/** The receiving end as a stream. Cancelling it makes the sender's writes fail. */
export function portToReadable(port: MessagePort): ReadableStream<Uint8Array> {
  const arrived: Message[] = [];
  let wanted: ((message: Message) => void) | undefined;
  port.onmessage = ({ data }: { data: Message }) => {
    if (wanted) { wanted(data); wanted = undefined; } else arrived.push(data);
  };
  port.start?.();
  const next = (): Promise<Message> | Message => arrived.shift() ?? new Promise((resolve) => { wanted = resolve; });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const message = await next();
      if (message.d) {
        controller.enqueue(message.d);
        port.postMessage({ c: message.d.length } satisfies Message);
      } else {
        if (message.x !== undefined) controller.error(new Error(message.x)); else controller.close();
        port.close();
      }
    },
    cancel(reason) {
      port.postMessage({ k: String(reason ?? 'cancelled') } satisfies Message);
      port.close();
    },
  }, { highWaterMark: 0 });
}

/** The sending end as a stream; close() sends the end mark, abort() an error. */
export function portToWritable(port: MessagePort): WritableStream<Uint8Array> {
  let credit = WINDOW;
  let resume: (() => void) | undefined;
  let refused: Error | undefined;
  return new WritableStream<Uint8Array>({
    start(controller) {
      port.onmessage = ({ data }: { data: Message }) => {
        if (data.c !== undefined) credit += data.c;
        if (data.k !== undefined) {
          refused = new Error(data.k);
          controller.error(refused);
          port.close();
        }
        if (credit > 0 || refused) { resume?.(); resume = undefined; }
      };
      port.start?.();
    },
    async write(chunk) {
      if (credit <= 0 && !refused) await new Promise<void>((r) => { resume = r; });
      if (refused) throw refused;
      credit -= chunk.length;
      port.postMessage({ d: chunk } satisfies Message);
    },
    close() { port.postMessage({ e: true } satisfies Message); },
    abort(reason) {
      port.postMessage({ x: reason instanceof Error ? reason.message : String(reason ?? 'aborted') } satisfies Message);
      port.close();
    },
  }, { highWaterMark: 1 });
}

/** Sends everything of `readable` through the port. Resolves when all is sent, or the receiver wants no more. */
export async function readableToPort(readable: ReadableStream<Uint8Array>, port: MessagePort): Promise<void> {
  await readable.pipeTo(portToWritable(port)).catch(() => undefined);
}

/** Writes everything that comes through the port to `writable`, closing it at the end. Resolves when done or refused. */
export async function portToSink(port: MessagePort, writable: WritableStream<Uint8Array>): Promise<void> {
  await portToReadable(port).pipeTo(writable).catch(() => undefined);
}
