/** The JavaScript side of a connection with a guest socket: web streams over a StreamEnd. */
import type { Duplex } from '../../host/ports.ts';
import type { HostSink, HostSource } from '../fs/host-pipe.ts';
import { readableFrom, writableTo } from '../fs/host-stream.ts';
import { KernelSource } from '../io.ts';
import { WaitQueue, type Waiter } from '../wait-queue.ts';
import { StreamEnd } from './stream-end.ts';

const LIMIT = 256 * 1024;

export class HostStreamEnd implements Waiter {
  readonly end = new StreamEnd(new WaitQueue(), LIMIT);
  private readonly source: HostSource;
  private readonly sink: HostSink;
  private sourceClosed = false;
  private sinkClosed = false;

  constructor() {
    const { end } = this;
    this.source = {
      onReadable: undefined,
      read: (max = Infinity) => end.take(max),
      get ended() { return end.atEnd; },
      close: () => { this.sourceClosed = true; end.shutdownRead(); this.finish(); },
    };
    this.sink = {
      onWritable: undefined,
      write: (bytes) => end.write(new KernelSource(bytes), bytes.length),
      get broken() { return !end.peer; },
      close: () => { this.sinkClosed = true; end.shutdownWrite(); this.finish(); },
    };
    end.waiters.add(this);
  }

  duplex(): Duplex { return { readable: readableFrom(this.source), writable: writableTo(this.sink) }; }

  /** Joins the connection to streams that the host made: an uplink's. */
  pump({ readable, writable }: Duplex): void {
    const ours = this.duplex();
    readable.pipeTo(ours.writable).catch(() => this.end.reset());
    ours.readable.pipeTo(writable).catch(() => this.end.reset());
  }

  wake(): void {
    this.source.onReadable?.();
    this.sink.onWritable?.();
  }

  private finish(): void {
    if (!this.sourceClosed || !this.sinkClosed) return;
    this.end.waiters.remove(this);
    this.end.close();
  }
}
