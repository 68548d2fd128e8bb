/**
 * A process's streams shared by everyone attached: output goes to all sinks in order, input comes from any of them.
 * Reference: moby container/stream.
 */
import type { StdStream } from '../api/stdcopy.ts';

/** How long output may take to arrive after its process has ended; children that hold it open do not block the end. */
export const OUTPUT_GRACE_MS = 2000;

export interface Sink {
  /** Resolves when more may come. A rejection detaches the sink. */
  write(stream: StdStream, data: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

export class Stdio {
  readonly stdin = new StdinPipe();
  private readonly sinks = new Set<Sink>();
  private ended = false;

  /** Adds a sink, from the next byte on. Returns its removal. */
  attach(sink: Sink): () => void {
    if (this.ended) void sink.end();
    else this.sinks.add(sink);
    return () => { this.sinks.delete(sink); };
  }

  /** Sends everything of a stream to all sinks. Resolves at its end. */
  async pump(stream: StdStream, readable: ReadableStream<Uint8Array>): Promise<void> {
    try { for await (const data of readable) await this.write(stream, data); } catch { /* The sandbox is gone: that is the end of its output. */ }
  }

  private async write(stream: StdStream, data: Uint8Array): Promise<void> {
    for (const sink of [...this.sinks]) {
      try { await sink.write(stream, data); } catch { this.sinks.delete(sink); }
    }
  }

  /** No more output: every sink is told. */
  async end(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.stdin.fail();
    for (const sink of this.sinks) await sink.end();
    this.sinks.clear();
  }
}

/** Input that may arrive before the process: writers wait until connect(). */
export class StdinPipe {
  private settle!: (writer: WritableStreamDefaultWriter<Uint8Array> | undefined) => void;
  private readonly writer = new Promise<WritableStreamDefaultWriter<Uint8Array> | undefined>((resolve) => { this.settle = resolve; });
  private closed = false;

  connect(target: WritableStream<Uint8Array>): void { this.settle(target.getWriter()); }

  /** The process is gone, or never took input. */
  fail(): void { this.settle(undefined); this.closed = true; }

  /** Resolves false when nobody reads any more. */
  async write(data: Uint8Array): Promise<boolean> {
    const writer = await this.writer;
    if (!writer || this.closed) return false;
    try { await writer.write(data); return true; } catch { return false; }
  }

  async close(): Promise<void> {
    const writer = await this.writer;
    if (!writer || this.closed) return;
    this.closed = true;
    await writer.close().catch(() => undefined);
  }
}
