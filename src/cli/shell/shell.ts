/**
 * The prompt of the page: reads a line, runs `docker …`, shows the exit code. While a command runs, the terminal is either
 * raw (keys go to the container as typed) or cooked (lines are edited and echoed here, Ctrl-C interrupts), as a tty would be.
 */
import type { EngineClient } from '../../client/engine-client.ts';
import { complete } from '../complete.ts';
import type { LocalFiles } from '../../host/ports.ts';
import type { CliIo, TerminalSize } from '../io.ts';
import { docker } from '../main.ts';
import { LineEditor, type LineEvent } from './line-editor.ts';
import { QuoteError, splitWords } from './words.ts';

export interface ShellHost {
  /** Writes to the screen; the promise resolves when the terminal has caught up. */
  write(data: string | Uint8Array): void | Promise<void>;
  size(): TerminalSize;
  onResize(listener: (size: TerminalSize) => void): () => void;
  now(): number;
  readonly files?: LocalFiles;
  /** Called after each finished line, with the whole history. */
  saveHistory(lines: readonly string[]): void;
}

const HELP = `This prompt runs docker commands in this tab. Some to start with:

  docker run hello-world
  docker run -it debian bash
  docker run --rm python python3 -c 'print(2**100)'
  docker ps -a · docker images · docker --help

Also: clear, history, help. Tab completes commands, flags and names.
`;

const encoder = new TextEncoder(), decoder = new TextDecoder();
const crlf = (text: string): string => text.replace(/\r?\n/g, '\r\n');

export class Shell {
  private readonly editor: LineEditor;
  private running: RunningCommand | undefined;
  private lastCode = 0;

  constructor(private readonly host: ShellHost, private readonly client: EngineClient, private readonly history: string[]) {
    this.editor = new LineEditor({
      write: (text) => void host.write(text),
      columns: () => host.size().columns,
      complete: (line, cursor) => this.complete(line, cursor),
    }, history, (event) => this.onLine(event));
  }

  /** Prints the greeting and the first prompt. */
  start(greeting: string): void {
    void this.host.write(crlf(greeting));
    this.prompt();
  }

  /** Text as the terminal sends it. */
  input(data: string): void {
    while (data !== '') {
      if (this.running) { this.running.input(data); return; }
      data = this.editor.input(data);
    }
  }

  /** Runs a line as if typed: buttons of the page use it. Ignored while a command runs. */
  type(line: string): void {
    if (!this.running) this.input(`\x15${line}\r`);
  }

  private prompt(): void {
    this.editor.begin(this.lastCode === 0 ? '\x1b[36m$\x1b[0m ' : `\x1b[31m[${this.lastCode}]\x1b[0m \x1b[36m$\x1b[0m `);
  }

  private onLine(event: LineEvent): void {
    if (event.kind !== 'line') { this.lastCode = event.kind === 'interrupt' ? 130 : this.lastCode; this.prompt(); return; }
    this.host.saveHistory(this.history);
    void this.execute(event.line);
  }

  private async execute(line: string): Promise<void> {
    const command = new RunningCommand(this.host);
    this.running = command;
    try {
      this.lastCode = await this.dispatch(splitWords(line).words, command);
    } catch (error) {
      void this.host.write(crlf(error instanceof QuoteError ? `sh: ${error.message}\n` : `${error instanceof Error ? error.message : String(error)}\n`));
      this.lastCode = error instanceof QuoteError ? 2 : 1;
    }
    command.finish();
    this.running = undefined;
    this.prompt();
  }

  private async dispatch(words: readonly string[], { io }: RunningCommand): Promise<number> {
    switch (words[0]) {
      case undefined: return this.lastCode;
      case 'docker': return docker(words.slice(1), { client: this.client, io });
      case 'clear': await this.host.write('\x1b[2J\x1b[3J\x1b[H'); return 0;
      case 'help': io.stdout(HELP); return 0;
      case 'history': io.stdout(this.history.map((l, i) => `${String(i + 1).padStart(5)}  ${l}\n`).join('')); return 0;
      default:
        io.stderr(`${words[0]}: command not found\nThis prompt runs docker commands; for a Linux shell: docker run -it debian bash\n`);
        return 127;
    }
  }

  private async complete(line: string, cursor: number): Promise<{ start: number; candidates: string[] }> {
    const { words, lastStart } = splitWords(line.slice(0, cursor), true);
    if (words.length <= 1) return { start: lastStart, candidates: ['docker', 'clear', 'help', 'history'].filter((c) => c.startsWith(words[0] ?? '')) };
    if (words[0] !== 'docker') return { start: lastStart, candidates: [] };
    return { start: lastStart, candidates: await complete(words.slice(1), this.client).catch(() => []) };
  }
}

/** The terminal as one running command sees it. */
class RunningCommand {
  readonly io: CliIo;
  private readonly aborter = new AbortController();
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  private raw = false;
  private line = '';

  constructor(private readonly host: ShellHost) {
    const print = (data: string | Uint8Array): void | Promise<void> =>
      host.write(this.raw ? data : crlf(typeof data === 'string' ? data : decoder.decode(data)));
    this.io = {
      stdout: print, stderr: print,
      stdin: new ReadableStream<Uint8Array>({ start: (c) => { this.controller = c; } }),
      terminal: { size: () => host.size(), onResize: (l) => host.onResize(l), setRaw: (raw) => { this.raw = raw; } },
      files: host.files,
      interrupt: this.aborter.signal,
      now: () => host.now(),
    };
  }

  input(data: string): void {
    if (this.raw) { this.controller?.enqueue(encoder.encode(data)); return; }
    for (const key of data) this.cooked(key);
  }

  finish(): void {
    try { this.controller?.close(); } catch { /* closed by Ctrl-D already */ }
  }

  private cooked(key: string): void {
    switch (key) {
      case '\x03': void this.host.write('^C\r\n'); this.aborter.abort(); break;
      case '\x04': if (this.line === '') this.finish(); else this.send(''); break;
      case '\r': case '\n': void this.host.write('\r\n'); this.send('\n'); break;
      case '\x7f': if (this.line !== '') { this.line = this.line.slice(0, -1); void this.host.write('\b \b'); } break;
      default: if (key >= ' ' || key === '\t') { this.line += key; void this.host.write(key); }
    }
  }

  private send(end: string): void {
    try { this.controller?.enqueue(encoder.encode(this.line + end)); } catch { /* stdin is closed */ }
    this.line = '';
  }
}
