/**
 * The line editor of the page's prompt, with the keys of readline(3) that people use: movement, kill and yank, history with
 * arrows, Tab completion. It knows no terminal: keys come in as the strings xterm sends, drawing goes out as escape codes.
 */

export interface LineEditorHost {
  write(text: string): void;
  columns(): number;
  /** Candidates for the word that ends at the cursor, and where in the line that word starts. */
  complete(line: string, cursor: number): Promise<{ start: number; candidates: string[] }>;
}

export type LineEvent = { kind: 'line'; line: string } | { kind: 'interrupt' } | { kind: 'end' };

const ESCAPES = /^\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z]|[bfd\x7f])/;

export class LineEditor {
  private line = '';
  private cursor = 0;
  private killed = '';
  private browsing = -1;
  private draft = '';
  private drawnRow = 0;
  private completing = false;

  /** @param history oldest first; finished lines are appended to it */
  constructor(private readonly host: LineEditorHost, private readonly history: string[], private readonly onEvent: (event: LineEvent) => void, private prompt = '$ ') {}

  /** Shows a fresh prompt. */
  begin(prompt = this.prompt): void {
    this.prompt = prompt;
    this.line = '';
    this.cursor = 0;
    this.browsing = -1;
    this.drawnRow = 0;
    this.draw();
  }

  /** Typed or pasted text. What follows a line's end stays unread and is returned. */
  input(data: string): string {
    while (data !== '') {
      const escape = ESCAPES.exec(data);
      const key = escape ? escape[0] : String.fromCodePoint(data.codePointAt(0)!);
      data = data.slice(key.length);
      if (key === '\r' || key === '\n') { this.finish(); return key === '\r' && data.startsWith('\n') ? data.slice(1) : data; }
      if (key === '\x03') { this.end(`${this.line.slice(this.cursor)}^C`); this.onEvent({ kind: 'interrupt' }); return data; }
      if (key === '\x04' && this.line === '') { this.host.write('\r\n'); this.onEvent({ kind: 'end' }); return data; }
      if (key === '\t') { void this.complete(); continue; }
      this.key(key);
    }
    return '';
  }

  private key(key: string): void {
    switch (key) {
      case '\x1b[D': case '\x1bOD': case '\x02': this.move(this.cursor - 1); break;
      case '\x1b[C': case '\x1bOC': case '\x06': this.move(this.cursor + 1); break;
      case '\x1b[A': case '\x1bOA': case '\x10': this.recall(1); break;
      case '\x1b[B': case '\x1bOB': case '\x0e': this.recall(-1); break;
      case '\x1b[H': case '\x1bOH': case '\x1b[1~': case '\x01': this.move(0); break;
      case '\x1b[F': case '\x1bOF': case '\x1b[4~': case '\x05': this.move(this.line.length); break;
      case '\x1bb': case '\x1b[1;5D': this.move(this.wordLeft()); break;
      case '\x1bf': case '\x1b[1;5C': this.move(this.wordRight()); break;
      case '\x7f': case '\b': if (this.cursor > 0) this.replace(this.cursor - 1, this.cursor, ''); break;
      case '\x1b[3~': case '\x04': this.replace(this.cursor, this.cursor + 1, ''); break;
      case '\x0b': this.kill(this.cursor, this.line.length); break;
      case '\x15': this.kill(0, this.cursor); break;
      case '\x17': case '\x1b\x7f': this.kill(this.wordLeft(), this.cursor); break;
      case '\x1bd': this.kill(this.cursor, this.wordRight()); break;
      case '\x19': this.replace(this.cursor, this.cursor, this.killed); break;
      case '\x0c': this.host.write('\x1b[2J\x1b[H'); this.drawnRow = 0; this.draw(); break;
      default: if (key >= ' ' && key !== '\x7f' && !key.startsWith('\x1b')) this.replace(this.cursor, this.cursor, key);
    }
  }

  private wordLeft(): number { return /\S*\s*$/.exec(this.line.slice(0, this.cursor))!.index; }
  private wordRight(): number { return this.cursor + /^\s*\S*/.exec(this.line.slice(this.cursor))![0].length; }

  private move(to: number): void {
    this.cursor = Math.max(0, Math.min(this.line.length, to));
    this.draw();
  }

  private replace(from: number, to: number, text: string): void {
    this.line = this.line.slice(0, from) + text + this.line.slice(to);
    this.cursor = from + text.length;
    this.draw();
  }

  private kill(from: number, to: number): void {
    if (from === to) return;
    this.killed = this.line.slice(from, to);
    this.replace(from, to, '');
  }

  private recall(step: number): void {
    const next = this.browsing + step;
    if (next < -1 || next >= this.history.length) return;
    if (this.browsing === -1) this.draft = this.line;
    this.browsing = next;
    this.line = next === -1 ? this.draft : this.history[this.history.length - 1 - next];
    this.cursor = this.line.length;
    this.draw();
  }

  private end(mark = ''): void {
    this.cursor = this.line.length;
    this.draw();
    this.host.write(`${mark}\r\n`);
  }

  private finish(): void {
    this.end();
    const line = this.line;
    if (line.trim() !== '' && this.history[this.history.length - 1] !== line) this.history.push(line);
    this.onEvent({ kind: 'line', line });
  }

  private async complete(): Promise<void> {
    if (this.completing) return;
    this.completing = true;
    const { line, cursor } = this;
    try {
      const { start, candidates } = await this.host.complete(line, cursor);
      if (this.line !== line || this.cursor !== cursor || candidates.length === 0) return;
      const common = candidates.reduce((a, b) => { let n = 0; while (n < a.length && a[n] === b[n]) n++; return a.slice(0, n); });
      const typed = line.slice(start, cursor);
      if (candidates.length === 1) this.replace(start, cursor, `${common} `);
      else if (common.length > typed.length) this.replace(start, cursor, common);
      else { this.end(); this.host.write(this.columnsOf(candidates)); this.cursor = cursor; this.drawnRow = 0; this.draw(); }
    } finally {
      this.completing = false;
    }
  }

  private columnsOf(names: readonly string[]): string {
    const width = Math.max(...names.map((n) => n.length)) + 2, perRow = Math.max(1, Math.floor(this.host.columns() / width));
    let out = '';
    names.forEach((n, i) => { out += (i + 1) % perRow === 0 || i === names.length - 1 ? `${n}\r\n` : n.padEnd(width); });
    return out;
  }

  /** Redraws prompt and line, over as many rows as they take, and puts the cursor in its place. */
  private draw(): void {
    const columns = Math.max(1, this.host.columns());
    const promptWidth = this.prompt.replace(/\x1b\[[0-9;]*m/g, '').length;
    const up = this.drawnRow > 0 ? `\x1b[${this.drawnRow}A` : '';
    const total = promptWidth + this.line.length, at = promptWidth + this.cursor;
    const lastRow = Math.floor(total / columns), row = Math.floor(at / columns);
    const wrap = total > 0 && total % columns === 0 ? '\r\n' : '';
    const back = lastRow > row ? `\x1b[${lastRow - row}A` : '';
    const column = at % columns;
    this.host.write(`${up}\r\x1b[J${this.prompt}${this.line}${wrap}${back}\r${column > 0 ? `\x1b[${column}C` : ''}`);
    this.drawnRow = row;
  }
}
