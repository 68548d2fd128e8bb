/** Web streams over the host's ends of pipes, terminals and sockets, with back pressure both ways. */
import type { HostSink, HostSource } from './host-pipe.ts';

const CHUNK = 64 * 1024;

/** A stream of what guests write. Ends when the source does; cancelling closes it. */
export function readableFrom(source: HostSource): ReadableStream<Uint8Array> {
  let wanted = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      source.onReadable = () => {
        if (!wanted) return;
        wanted = false;
        const bytes = source.read(CHUNK);
        if (bytes.length > 0) {
          controller.enqueue(bytes);
        } else if (source.ended) {
          source.onReadable = undefined;
          controller.close();
          source.close();
        } else {
          wanted = true;
        }
      };
    },
    pull() {
      wanted = true;
      source.onReadable?.();
    },
    cancel() {
      source.onReadable = undefined;
      source.close();
    },
  }, { highWaterMark: 1 });
}

/** A stream into what guests read. Closing it is end of file; writing when nobody can read any more fails. */
export function writableTo(sink: HostSink): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write(bytes) {
      return new Promise<void>((resolve, reject) => {
        const step = (): void => {
          sink.onWritable = undefined;
          bytes = bytes.subarray(sink.write(bytes));
          if (bytes.length === 0) resolve();
          else if (sink.broken) reject(new Error('broken pipe'));
          else sink.onWritable = step;
        };
        step();
      });
    },
    close() { sink.close(); },
    abort() { sink.close(); },
  });
}
