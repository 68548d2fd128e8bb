/** What a command sees of the place it runs in: a terminal of the page, or a script that collects the output. */
import type { EngineClient } from '../client/engine-client.ts';
import type { LocalFiles } from '../host/ports.ts';

export interface TerminalSize { columns: number; rows: number }

export interface CliIo {
  /** Prints. What comes back, when it is a promise, resolves once the terminal has caught up: streams wait for it. */
  stdout(data: string | Uint8Array): void | Promise<void>;
  stderr(data: string | Uint8Array): void | Promise<void>;
  /** What is typed or piped in. Undefined: nothing, at end of file from the start. */
  readonly stdin?: ReadableStream<Uint8Array>;
  /** Set when stdin and stdout are a terminal. */
  readonly terminal?: {
    size(): TerminalSize;
    onResize(listener: (size: TerminalSize) => void): () => void;
    /** Raw: keys go to the command as they are typed, Ctrl-C included. */
    setRaw(raw: boolean): void;
  };
  readonly files?: LocalFiles;
  /** Ctrl-C, while the terminal is not raw. */
  readonly interrupt: AbortSignal;
  /** Wall clock, ms: for "2 minutes ago". */
  now(): number;
}

export interface CliContext {
  readonly client: EngineClient;
  readonly io: CliIo;
}

/** Ends a command with an exit code; the message, when there is one, is printed to stderr as it stands. */
export class CliExit extends Error {
  override name = 'CliExit';
  constructor(readonly code: number, message = '') { super(message); }
}
