/**
 * One client attached to a process's streams (container attach, exec start): output framed or raw, input with the detach
 * keys of a terminal, and half-close. Reference: moby container/stream/attach.go.
 */
import { frame, type StdStream } from './api/stdcopy.ts';
import { concat } from './bytes.ts';
import type { Stdio } from './container/stdio.ts';
import { EscapeScanner } from './detach-keys.ts';
import type { Duplex } from '../host/ports.ts';

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
  /** The sequence that detaches, terminals only. */
  detachKeys: Uint8Array;
  /** The end of this client's input is the end of the process's input. */
  closeStdin: boolean;
  /** Sent before live output. */
  replay?: Uint8Array[];
  /** False: no live output follows. */
  live: boolean;
  onDetach?: () => void;
}

const HIGH_WATER = 1024 * 1024;

/** Output that waits for a slow client. */
class OutputQueue {
  private chunks: Uint8Array[] = [];
  private size = 0;
  private closed = false;
  private readable: (() => void) | undefined;
  private drained: (() => void)[] = [];

  push(data: Uint8Array): void | Promise<void> {
    if (this.closed) return undefined;
    this.chunks.push(data);
    this.size += data.length;
    this.readable?.();
    return this.size < HIGH_WATER ? undefined : new Promise((resolve) => { this.drained.push(resolve); });
  }

  close(): void {
    this.closed = true;
    this.readable?.();
    this.release();
  }

  /** Everything queued, or undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    while (this.chunks.length === 0 && !this.closed) await new Promise<void>((resolve) => { this.readable = resolve; });
    if (this.chunks.length === 0) return undefined;
    const all = concat(this.chunks);
    this.chunks = [];
    this.size = 0;
    return all;
  }

  /** Called when what take() gave has been written. */
  release(): void {
    for (const resolve of this.drained) resolve();
    this.drained = [];
  }
}

/**
 * Subscribes at once, so that nothing is lost between the answer's head and the connection; `serve` then carries the bytes and
 * resolves when the client's output is complete. `drop` ends a session whose client never came.
 */
export function openAttach(stdio: Stdio, options: AttachOptions): { serve: (connection: Duplex) => Promise<void>; drop: () => void; flushed: Promise<void> } {
  const queue = new OutputQueue();
  const shown = (stream: StdStream): boolean => (stream === 'stdout' ? options.stdout : options.stderr);
  for (const piece of options.replay ?? []) void queue.push(piece);
  let flushed!: () => void;
  const done = new Promise<void>((resolve) => { flushed = resolve; });
  let served = false;
  const detachSink = options.live
    ? stdio.attach({
      write: (stream, data) => (shown(stream) ? queue.push(options.tty ? data : frame(stream, data)) : undefined),
      // Whoever waits for the container learns of its end only after the client has its output.
      end: () => { queue.close(); return served ? done : undefined; },
    })
    : undefined;
  if (!options.live) queue.close();
  const drop = (): void => { detachSink?.(); queue.close(); flushed(); };

  const serve = async (connection: Duplex): Promise<void> => {
    served = true;
    const writer = connection.writable.getWriter();
    const input = options.stdin ? readInput(stdio, connection.readable, options) : undefined;
    void input?.then((end) => {
      if (end === 'open') return;
      if (end === 'detached') options.onDetach?.();
      detachSink?.();
      queue.close();
    });
    try {
      for (let data = await queue.take(); data; data = await queue.take()) {
        await writer.write(data);
        queue.release();
      }
      await writer.close();
    } catch { /* The client went away; its output goes nowhere. */ }
    drop();
    if (!options.stdin) void connection.readable.cancel().catch(() => undefined);
  };
  return { serve, drop, flushed: done };
}

/** Carries input to its end; says whether the session ends with it. */
async function readInput(stdio: Stdio, readable: ReadableStream<Uint8Array>, options: AttachOptions): Promise<'open' | 'ended' | 'detached'> {
  const scanner = options.tty ? new EscapeScanner(options.detachKeys) : undefined;
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const scanned = scanner?.scan(value) ?? { data: value, detached: false };
      if (scanned.data.length > 0 && !(await stdio.stdin.write(scanned.data))) return 'open';
      if (scanned.detached) return 'detached';
    }
  } catch { return 'ended'; } finally { void reader.cancel().catch(() => undefined); }
  if (options.closeStdin && !options.tty) {
    await stdio.stdin.close();
    return 'open';
  }
  return 'ended';
}
