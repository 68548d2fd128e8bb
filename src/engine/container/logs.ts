/** GET /containers/{name}/logs. Reference: moby daemon/logs.go. */
import { InvalidParameter, NotImplemented } from '../../base/errors.ts';
import type { Operation } from '../api/call.ts';
import { frame, streamType } from '../api/stdcopy.ts';
import { concat } from '../bytes.ts';
import { parseTimestamp, rfc3339Nano } from '../ids.ts';
import type { LogEntry, LogQuery } from './log.ts';

const encoder = new TextEncoder();

export const containerLogs: Operation = (engine, call) => {
  const { query } = call;
  const container = engine.containers.get(call.params.name);
  const wanted: LogQuery = { stdout: query.flag('stdout'), stderr: query.flag('stderr'), since: timeOf('since'), until: timeOf('until') };
  if (!wanted.stdout && !wanted.stderr) throw new InvalidParameter('Bad parameters: you must choose at least one stream');
  if (!container.logs.readable) throw new NotImplemented('configured logging driver does not support reading');
  const tail = query.text('tail');
  // What is no number means everything, as in moby.
  if (/^\d+$/.test(tail)) wanted.tail = Number(tail);
  const { Tty: tty } = container.record.config;
  const timestamps = query.flag('timestamps');
  const follow = query.flag('follow') && container.running;

  function timeOf(name: string): bigint | undefined {
    const text = query.text(name);
    const time = parseTimestamp(text);
    if (time === undefined && text !== '' && text !== '0') throw new InvalidParameter(`invalid value for "${name}": ${text}`);
    return time;
  }
  const render = (entry: LogEntry): Uint8Array => {
    const data = timestamps ? concat([encoder.encode(`${rfc3339Nano(entry.time)} `), entry.data]) : entry.data;
    return tty ? data : frame(entry.stream, data);
  };

  const body = logStream(async (send, cancelled) => {
    const live: (LogEntry | undefined)[] = [];
    let arrived: (() => void) | undefined;
    const stop = follow ? container.logs.follow((entry) => { live.push(entry); arrived?.(); }) : undefined;
    try {
      const stored = await container.logs.read(wanted);
      const seen = new Set(stored);
      for (const entry of stored) await send(render(entry));
      while (follow && !cancelled.aborted) {
        while (live.length > 0) {
          const entry = live.shift();
          if (entry === undefined) return;
          if (wanted.until !== undefined && entry.time > wanted.until) return;
          if (wanted[entry.stream] && !seen.has(entry) && (wanted.since === undefined || entry.time >= wanted.since)) await send(render(entry));
        }
        seen.clear();
        const left = wanted.until === undefined ? undefined : Number(wanted.until / 1_000_000n) - engine.clock.now();
        if (left !== undefined && left <= 0) return;
        await new Promise<void>((resolve) => {
          const timer = left === undefined ? undefined : setTimeout(resolve, left);
          arrived = () => { clearTimeout(timer); resolve(); };
          cancelled.addEventListener('abort', arrived, { once: true });
        });
      }
    } finally { stop?.(); }
  });
  return { status: 200, headers: { 'content-type': streamType(tty, call.minor) }, body };
};

/** A byte stream made by a function that sends and waits for the reader. */
function logStream(produce: (send: (data: Uint8Array) => Promise<void>, cancelled: AbortSignal) => Promise<void>): ReadableStream<Uint8Array> {
  const abort = new AbortController();
  let wanted: (() => void) | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = async (data: Uint8Array): Promise<void> => {
        if (abort.signal.aborted) return;
        controller.enqueue(data);
        if ((controller.desiredSize ?? 0) <= 0) await new Promise<void>((resolve) => { wanted = resolve; });
      };
      void produce(send, abort.signal).then(
        () => { if (!abort.signal.aborted) controller.close(); },
        (e: unknown) => { if (!abort.signal.aborted) controller.error(e); },
      );
    },
    pull() { wanted?.(); },
    cancel() { abort.abort(); wanted?.(); },
  }, { highWaterMark: 64 * 1024, size: (chunk) => chunk.length });
}
