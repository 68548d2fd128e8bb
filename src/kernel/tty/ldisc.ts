/**
 * The N_TTY line discipline (termios(3)): what happens to typed bytes between the terminal and read(2). Canonical editing,
 * echo, signal characters and flow control follow Linux's drivers/tty/n_tty.c in every observable byte; the tests compare
 * with a real pty.
 */
import {
  ECHO, ECHOCTL, ECHOE, ECHOK, ECHOKE, ECHONL, ECHOPRT, EXTPROC, ICANON, ICRNL, IEXTEN, IGNCR, INLCR, ISIG, ISTRIP, IUCLC, IXANY, IXON,
  NOFLSH, PARMRK, VEOF, VEOL, VEOL2, VERASE, VINTR, VKILL, VLNEXT, VMIN, VQUIT, VREPRINT, VSTART, VSTOP, VSUSP, VTIME, VWERASE,
  defaultTermios, type Termios,
} from '../../abi/termios.ts';
import { SIGINT, SIGQUIT, SIGTSTP } from '../../abi/signal.ts';
import type { ByteQueue } from '../../base/byte-queue.ts';
import type { IoSink } from '../io.ts';
import { OutputProcessor, isAlphanumeric, isControl, toLower } from './echo.ts';

const SIZE = 4096, MASK = SIZE - 1;
/** A character that _POSIX_VDISABLE turns off, and the mark of an end-of-file in the buffer. */
const DISABLED = 0;
const NEWLINE = 10, RETURN = 13, TAB = 9;

/** The terminal around a line discipline. */
export interface LineDisciplineOwner {
  /** Sends a signal to the foreground process group. */
  signal(signal: number): void;
  /** Drops output that the other side has not taken yet. */
  discardOutput(): void;
  /** ^S and ^Q: `stopped` changed. */
  flowChanged(stopped: boolean): void;
}

export class LineDiscipline {
  private readonly buffer = new Uint8Array(SIZE);
  /** Positions that end a line. */
  private readonly ends = new Uint8Array(SIZE);
  // Positions count up forever; MASK gives the place in the buffer.
  private head = 0;
  private tail = 0;
  private canonHead = 0;
  private erasing = false;
  private literalNext = false;
  private special: Uint8Array;
  readonly output: OutputProcessor;
  private settings = defaultTermios();

  constructor(private readonly owner: LineDisciplineOwner, out: ByteQueue) {
    this.output = new OutputProcessor(out, this.settings);
    this.special = specialCharacters(this.settings);
  }

  get termios(): Termios { return this.settings; }

  setTermios(next: Termios): void {
    const old = this.settings;
    this.settings = this.output.termios = next;
    this.special = specialCharacters(next);
    if ((old.lflag ^ next.lflag) & (ICANON | EXTPROC)) {
      this.ends.fill(0);
      if (!(next.lflag & ICANON) || this.head === this.tail) {
        this.canonHead = this.tail;
      } else {
        this.ends[(this.head - 1) & MASK] = 1;
        this.canonHead = this.head;
      }
      this.erasing = false;
      this.literalNext = false;
    }
    if (!(next.iflag & IXON) && old.iflag & IXON) this.start();
  }

  private lflag(flag: number): boolean { return (this.settings.lflag & flag) !== 0; }
  private iflag(flag: number): boolean { return (this.settings.iflag & flag) !== 0; }
  private is(c: number, index: number): boolean { return c !== DISABLED && c === this.settings.cc[index]; }
  private get canonical(): boolean { return this.lflag(ICANON) && !this.lflag(EXTPROC); }

  // ---- flow control ----

  stop(): void {
    if (this.output.stopped) return;
    this.output.stopped = true;
    this.owner.flowChanged(true);
  }

  start(): void {
    if (!this.output.stopped) return;
    this.resume();
    this.output.flushEchoes();
  }

  private resume(): void {
    if (!this.output.stopped) return;
    this.output.stopped = false;
    this.owner.flowChanged(false);
  }

  // ---- input ----

  /** Takes typed bytes while there is room; returns how many. A full canonical line keeps taking, and drops, all but its end. */
  receive(bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.length) {
      let room = SIZE - (this.head - this.tail);
      if (this.iflag(PARMRK)) room = Math.ceil(room / 3);
      room--;
      if (room <= 0) {
        if (!(this.lflag(ICANON) && this.canonHead === this.tail)) break;
        if (room < 0) this.head--;
        room = 1;
      }
      const n = Math.min(bytes.length - done, room);
      for (let i = 0; i < n; i++) this.receiveByte(bytes[done + i]);
      done += n;
    }
    this.output.flushEchoes();
    return done;
  }

  private receiveByte(c: number): void {
    if (this.iflag(ISTRIP)) c &= 0x7f;
    if (this.iflag(IUCLC) && this.lflag(IEXTEN)) c = toLower(c);
    if (this.lflag(EXTPROC)) { this.put(c); return; }
    if (this.literalNext) {
      this.literalNext = false;
      this.receivePlain(c);
    } else if (this.special[c]) {
      this.receiveSpecial(c);
    } else {
      this.receivePlain(c);
    }
  }

  private put(c: number): void { this.buffer[this.head++ & MASK] = c; }

  private putMarked(c: number): void {
    if (c === 0xff && this.iflag(PARMRK)) this.put(c);
    this.put(c);
  }

  private restartOnAny(): void {
    if (this.output.stopped && this.iflag(IXON) && this.iflag(IXANY)) this.start();
  }

  private echoTyped(c: number): void {
    this.finishErasing();
    if (this.canonHead === this.head) this.output.markCanonColumn();
    this.output.echo(c);
  }

  private receivePlain(c: number): void {
    this.restartOnAny();
    if (this.lflag(ECHO)) this.echoTyped(c);
    this.putMarked(c);
  }

  private receiveSpecial(c: number): void {
    if (this.iflag(IXON)) {
      if (this.is(c, VSTART)) { this.resume(); this.output.flushEchoes(); return; }
      if (this.is(c, VSTOP)) { this.stop(); return; }
    }
    if (this.lflag(ISIG)) {
      const signal = this.is(c, VINTR) ? SIGINT : this.is(c, VQUIT) ? SIGQUIT : this.is(c, VSUSP) ? SIGTSTP : 0;
      if (signal) { this.receiveSignal(signal, c); return; }
    }
    this.restartOnAny();
    if (c === RETURN) {
      if (this.iflag(IGNCR)) return;
      if (this.iflag(ICRNL)) c = NEWLINE;
    } else if (c === NEWLINE && this.iflag(INLCR)) {
      c = RETURN;
    }
    if (this.lflag(ICANON) && this.receiveCanonical(c)) return;
    if (this.lflag(ECHO)) {
      if (c === NEWLINE) { this.finishErasing(); this.output.echoRaw(NEWLINE); } else this.echoTyped(c);
    }
    this.putMarked(c);
  }

  /** Editing and line-ending characters; false when `c` is neither. */
  private receiveCanonical(c: number): boolean {
    const extended = this.lflag(IEXTEN);
    if (this.is(c, VERASE) || this.is(c, VKILL) || (this.is(c, VWERASE) && extended)) {
      this.erase(c);
      return true;
    }
    if (this.is(c, VLNEXT) && extended) {
      this.literalNext = true;
      if (this.lflag(ECHO)) {
        this.finishErasing();
        if (this.lflag(ECHOCTL)) { this.output.echoRaw(94); this.output.echoRaw(8); }
      }
      return true;
    }
    if (this.is(c, VREPRINT) && this.lflag(ECHO) && extended) {
      this.finishErasing();
      this.output.echo(c);
      this.output.echoRaw(NEWLINE);
      for (let at = this.canonHead; at !== this.head; at++) this.output.echo(this.buffer[at & MASK]);
      return true;
    }
    if (c === NEWLINE) {
      if (this.lflag(ECHO) || this.lflag(ECHONL)) this.output.echoRaw(NEWLINE);
      this.endLine(c);
      return true;
    }
    if (this.is(c, VEOF)) {
      this.endLine(DISABLED);
      return true;
    }
    if (this.is(c, VEOL) || (this.is(c, VEOL2) && extended)) {
      if (this.lflag(ECHO)) {
        if (this.canonHead === this.head) this.output.markCanonColumn();
        this.output.echo(c);
      }
      if (c === 0xff && this.iflag(PARMRK)) this.put(c);
      this.endLine(c);
      return true;
    }
    return false;
  }

  private endLine(c: number): void {
    this.ends[this.head & MASK] = 1;
    this.put(c);
    this.canonHead = this.head;
  }

  private receiveSignal(signal: number, c: number): void {
    this.raise(signal);
    if (this.iflag(IXON)) this.resume();
    if (this.lflag(ECHO)) this.output.echo(c); else this.output.flushEchoes();
  }

  /** A signal character, or TIOCSIG: signals the foreground group and, without NOFLSH, drops what is queued both ways. */
  raise(signal: number): void {
    this.owner.signal(signal);
    if (this.lflag(NOFLSH)) return;
    this.output.clearEchoes();
    this.owner.discardOutput();
    this.flushInput();
  }

  flushInput(): void {
    this.head = this.tail = this.canonHead = 0;
    this.ends.fill(0);
    this.erasing = this.literalNext = false;
  }

  // ---- erasing ----

  private finishErasing(): void {
    if (!this.erasing) return;
    this.output.echoRaw(47);
    this.erasing = false;
  }

  private erase(c: number): void {
    if (this.head === this.canonHead) return;
    const one = this.is(c, VERASE), word = !one && this.is(c, VWERASE);
    const echo = this.lflag(ECHO);
    if (!one && !word) {
      if (!echo) { this.head = this.canonHead; return; }
      if (!this.lflag(ECHOK) || !this.lflag(ECHOKE) || !this.lflag(ECHOE)) {
        this.head = this.canonHead;
        this.finishErasing();
        this.output.echo(this.settings.cc[VKILL]);
        if (this.lflag(ECHOK)) this.output.echoRaw(NEWLINE);
        return;
      }
    }
    let inWord = false;
    while (this.head !== this.canonHead) {
      let start = this.head, first: number;
      do first = this.buffer[--start & MASK]; while (this.output.isContinuation(first) && start !== this.canonHead);
      if (this.output.isContinuation(first)) break;
      if (word) {
        if (isAlphanumeric(first) || first === 95) inWord = true;
        else if (inWord) break;
      }
      const length = this.head - start;
      this.head = start;
      if (echo) this.echoErase(first, start, length, one);
      if (one) break;
    }
    if (this.head === this.canonHead && echo) this.finishErasing();
  }

  private echoErase(first: number, start: number, length: number, one: boolean): void {
    if (this.lflag(ECHOPRT)) {
      if (!this.erasing) { this.output.echoRaw(92); this.erasing = true; }
      this.output.echo(first);
      for (let i = 1; i < length; i++) { this.output.echoRaw(this.buffer[(start + i) & MASK]); this.output.moveBack(); }
    } else if (one && !this.lflag(ECHOE)) {
      this.output.echo(this.settings.cc[VERASE]);
    } else if (first === TAB) {
      let columns = 0, afterTab = false;
      for (let at = start; at !== this.canonHead && !afterTab;) {
        const c = this.buffer[--at & MASK];
        if (c === TAB) afterTab = true;
        else if (isControl(c)) columns += this.lflag(ECHOCTL) ? 2 : 0;
        else if (!this.output.isContinuation(c)) columns++;
      }
      this.output.eraseTab(columns, afterTab);
    } else {
      if (isControl(first) && this.lflag(ECHOCTL)) this.output.echoBackspace();
      if (!isControl(first) || this.lflag(ECHOCTL)) this.output.echoBackspace();
    }
  }

  // ---- reading ----

  /** Bytes read(2) must see at least before it returns, outside canonical mode (VMIN, with 0 meaning a timed wait). */
  get minimum(): number { return this.settings.cc[VMIN]; }
  /** VTIME in milliseconds. */
  get time(): number { return this.settings.cc[VTIME] * 100; }
  get isCanonical(): boolean { return this.lflag(ICANON); }

  /** Whether read(2) finds something; poll(2) asks for VMIN bytes where no timer runs. */
  inputAvailable(forPoll: boolean): boolean {
    if (this.canonical) return this.canonHead !== this.tail;
    const wanted = forPoll && this.time === 0 && this.minimum > 0 ? this.minimum : 1;
    return this.head - this.tail >= wanted;
  }

  /** FIONREAD: end-of-file marks do not count. */
  get readableBytes(): number {
    if (!this.canonical) return this.head - this.tail;
    let n = 0;
    for (let at = this.tail; at !== this.canonHead; at++) if (!(this.ends[at & MASK] && this.buffer[at & MASK] === DISABLED)) n++;
    return n;
  }

  /** Moves one line, or what there is outside canonical mode, to `into`. Preconditions: inputAvailable. */
  read(into: IoSink): number {
    const start = into.remaining;
    if (!this.canonical) {
      while (this.tail !== this.head && into.remaining > 0) this.moveOut(into, this.head - this.tail);
      return start - into.remaining;
    }
    while (this.tail !== this.canonHead) {
      let end = this.tail;
      while (end !== this.canonHead && !this.ends[end & MASK] && end - this.tail < into.remaining) end++;
      const ended = end !== this.canonHead && this.ends[end & MASK] === 1;
      const eof = ended && this.buffer[end & MASK] === DISABLED;
      const wholeLine = ended && (eof || end - this.tail < into.remaining);
      const upTo = wholeLine && !eof ? end + 1 : end;
      while (this.tail !== upTo) this.moveOut(into, upTo - this.tail);
      if (eof) this.tail++;
      if (wholeLine) this.ends[end & MASK] = 0;
      if (wholeLine || into.remaining === 0) break;
    }
    return start - into.remaining;
  }

  private moveOut(into: IoSink, count: number): void {
    const at = this.tail & MASK;
    this.tail += into.put(this.buffer.subarray(at, Math.min(at + count, SIZE)));
  }
}

/** Characters that leave the fast path. */
function specialCharacters({ iflag, lflag, cc }: Termios): Uint8Array {
  const map = new Uint8Array(256);
  if (iflag & (IGNCR | ICRNL)) map[RETURN] = 1;
  if (iflag & INLCR) map[NEWLINE] = 1;
  const mark = (...indices: number[]): void => { for (const i of indices) map[cc[i]] = 1; };
  if (lflag & ICANON) {
    map[NEWLINE] = 1;
    mark(VERASE, VKILL, VEOF, VEOL);
    if (lflag & IEXTEN) {
      mark(VWERASE, VLNEXT, VEOL2);
      if (lflag & ECHO) mark(VREPRINT);
    }
  }
  if (iflag & IXON) mark(VSTART, VSTOP);
  if (lflag & ISIG) mark(VINTR, VQUIT, VSUSP);
  map[DISABLED] = 0;
  return map;
}
