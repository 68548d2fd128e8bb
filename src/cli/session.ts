/**
 * A terminal or pipe connected to a hijacked stream: attach, run and exec. Raw mode for ttys, demultiplexing otherwise,
 * half-close at the end of stdin, and the detach keys (docker attach, `--detach-keys`).
 */
import { demultiplex } from '../client/stdcopy.ts';
import type { Duplex } from '../host/ports.ts';
import type { CliIo } from './io.ts';
import { CliExit } from './io.ts';

export interface SessionOptions {
  tty: boolean;
  /** Send what is typed. */
  stdin: boolean;
  detachKeys?: string;
}

export type SessionEnd = 'closed' | 'detached';

/** Bytes of `ctrl-p,ctrl-q`. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(',').filter(Boolean).map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
    if (control) return control[1].toUpperCase().charCodeAt(0) & 31;
    if (key.length === 1) return key.charCodeAt(0);
    throw new CliExit(1, `Unknown character: '${key}'\n`);
  }));
}

/** Runs until the engine closes the stream or the user detaches. */
export async function runSession(connection: Duplex, io: CliIo, { tty, stdin, detachKeys = 'ctrl-p,ctrl-q' }: SessionOptions): Promise<SessionEnd> {
  const raw = tty && stdin && io.terminal !== undefined;
  if (raw) io.terminal!.setRaw(true);
  const typing = new AbortController();
  try {
    const output = (async (): Promise<SessionEnd> => {
      if (tty) for await (const chunk of connection.readable) await io.stdout(chunk);
      else for await (const { stream, data } of demultiplex(connection.readable)) await (stream === 2 ? io.stderr(data) : io.stdout(data));
      return 'closed';
    })();
    if (!stdin) return await output;
    const input = sendInput(connection, io, tty ? parseDetachKeys(detachKeys) : undefined, typing.signal);
    return await Promise.race([output, input.then((end) => (end === 'detached' ? end : output))]);
  } finally {
    typing.abort();
    if (raw) io.terminal!.setRaw(false);
  }
}

/** Finds the detach sequence in what is typed; a started sequence is held back until it is certain not to be one. */
class DetachScanner {
  private matched = 0;
  constructor(private readonly keys: Uint8Array) {}

  /** The bytes to send on, or undefined when the sequence is complete. */
  feed(bytes: Uint8Array): Uint8Array | undefined {
    if (this.keys.length === 0) return bytes;
    const out: number[] = [];
    for (const byte of bytes) {
      if (byte !== this.keys[this.matched]) {
        out.push(...this.keys.subarray(0, this.matched));
        this.matched = 0;
      }
      if (byte !== this.keys[this.matched]) { out.push(byte); continue; }
      if (++this.matched === this.keys.length) return undefined;
    }
    return Uint8Array.from(out);
  }
}

async function sendInput({ writable }: Duplex, io: CliIo, detach: Uint8Array | undefined, stop: AbortSignal): Promise<SessionEnd> {
  const writer = writable.getWriter();
  const reader = io.stdin?.getReader();
  const scanner = new DetachScanner(detach ?? new Uint8Array(0));
  const stopped = new Promise<'stop'>((resolve) => stop.addEventListener('abort', () => resolve('stop'), { once: true }));
  try {
    while (reader) {
      const next = await Promise.race([reader.read(), stopped]);
      if (next === 'stop' || next.done) break;
      const bytes = scanner.feed(next.value);
      if (bytes === undefined) return 'detached';
      if (bytes.length > 0) await writer.write(bytes);
    }
    if (!stop.aborted) await writer.close();
    return 'closed';
  } catch {
    return 'closed';
  } finally {
    reader?.releaseLock();
  }
}
