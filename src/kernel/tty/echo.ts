/**
 * Output processing and echo of the N_TTY line discipline: what termios(3) c_oflag does to written bytes, and the queue of
 * echoes, which wait while output is stopped (^S). Both share the column, which tabs and erasing need.
 */
import { ByteQueue } from '../../base/byte-queue.ts';
import { ECHOCTL, IUTF8, OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, TABDLY, XTABS, type Termios } from '../../abi/termios.ts';

/** Echo operations that are no character; characters are 0–255, with CARET added for ^X notation. */
const CARET = 0x100;
const SET_CANON_COLUMN = 0x200;
const MOVE_BACK = 0x300;
/** Low 8 bits: characters since the last tab, bit 7 set when there was one. */
const ERASE_TAB = 0x400;

const BACKSPACE = 8, TAB = 9, NEWLINE = 10, RETURN = 13, SPACE = 32;

/** Bytes of echo kept while output is stopped. */
const ECHO_LIMIT = 4096;

export function isControl(c: number): boolean { return c < 32 || c === 127; }

/** Letter or digit in Latin-1, as the kernel's ctype has it: what a word is made of for VWERASE. */
export function isAlphanumeric(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || (c >= 0xc0 && c !== 0xd7 && c !== 0xf7);
}

/** Case folding over Latin-1, as the kernel's ctype has it. */
export function toLower(c: number): number { return (c >= 65 && c <= 90) || (c >= 0xc0 && c <= 0xde && c !== 0xd7) ? c + 32 : c; }
function toUpper(c: number): number { return (c >= 97 && c <= 122) || (c >= 0xdf && c !== 0xf7) ? c - 32 : c; }

export class OutputProcessor {
  stopped = false;
  private column = 0;
  private canonColumn = 0;
  private echoes: number[] = [];

  constructor(private readonly out: ByteQueue, public termios: Termios) {}

  isContinuation(c: number): boolean { return (this.termios.iflag & IUTF8) !== 0 && (c & 0xc0) === 0x80; }

  /** Processes bytes of a write(2) into the output queue while it holds fewer than `limit`; returns how many were taken. */
  write(bytes: Uint8Array, limit: number): number {
    if (this.stopped) return 0;
    if (!(this.termios.oflag & OPOST)) {
      const n = Math.min(bytes.length, limit - this.out.length);
      if (n <= 0) return 0;
      this.out.push(bytes.subarray(0, n));
      return n;
    }
    let done = 0;
    while (done < bytes.length) {
      const run = this.plainRun(bytes, done, limit - this.out.length);
      if (run > 0) {
        this.out.push(bytes.subarray(done, done + run));
        done += run;
      } else if (!this.put(bytes[done], limit - this.out.length)) {
        break;
      } else {
        done++;
      }
    }
    return done;
  }

  /** Length of the stretch from `start` on that goes out unchanged; counts its columns. */
  private plainRun(bytes: Uint8Array, start: number, room: number): number {
    if (this.termios.oflag & OLCUC) return 0;
    const end = Math.min(bytes.length, start + room);
    let i = start;
    for (; i < end; i++) {
      const c = bytes[i];
      if (c >= 8 && c <= RETURN) break;
      if (!isControl(c) && !this.isContinuation(c)) this.column++;
    }
    return Math.max(0, i - start);
  }

  /** One character under OPOST; false when `room` is too small. */
  private put(c: number, room: number): boolean {
    const { oflag } = this.termios;
    if (room < 1) return false;
    switch (c) {
      case NEWLINE:
        if (oflag & ONLRET) this.column = 0;
        if (oflag & ONLCR) {
          if (room < 2) return false;
          this.canonColumn = this.column = 0;
          this.out.pushByte(RETURN);
          break;
        }
        this.canonColumn = this.column;
        break;
      case RETURN:
        if (oflag & ONOCR && this.column === 0) return true;
        if (oflag & OCRNL) {
          c = NEWLINE;
          if (oflag & ONLRET) this.canonColumn = this.column = 0;
          break;
        }
        this.canonColumn = this.column = 0;
        break;
      case TAB: {
        const spaces = 8 - (this.column & 7);
        if ((oflag & TABDLY) === XTABS) {
          if (room < spaces) return false;
          this.column += spaces;
          for (let i = 0; i < spaces; i++) this.out.pushByte(SPACE);
          return true;
        }
        this.column += spaces;
        break;
      }
      case BACKSPACE:
        if (this.column > 0) this.column--;
        break;
      default:
        if (!isControl(c)) {
          if (oflag & OLCUC) c = toUpper(c);
          if (!this.isContinuation(c)) this.column++;
        }
    }
    this.out.pushByte(c);
    return true;
  }

  // ---- echo ----

  echo(c: number): void {
    this.add((this.termios.lflag & ECHOCTL) && isControl(c) && c !== TAB ? CARET | c : c);
  }
  echoRaw(c: number): void { this.add(c); }
  echoBackspace(): void { this.add(BACKSPACE); this.add(SPACE); this.add(BACKSPACE); }
  markCanonColumn(): void { this.add(SET_CANON_COLUMN); }
  moveBack(): void { this.add(MOVE_BACK); }
  eraseTab(characters: number, afterTab: boolean): void { this.add(ERASE_TAB | (characters & 7) | (afterTab ? 0x80 : 0)); }
  clearEchoes(): void { this.echoes = []; }

  /** Writes out the echoes gathered so far, unless output is stopped. */
  flushEchoes(): void {
    if (this.stopped || this.echoes.length === 0) return;
    const echoes = this.echoes;
    this.echoes = [];
    for (const op of echoes) this.run(op);
  }

  private add(op: number): void {
    if (this.echoes.length < ECHO_LIMIT) this.echoes.push(op);
  }

  private run(op: number): void {
    const c = op & 0xff;
    switch (op & ~0xff) {
      case 0:
        if (this.termios.oflag & OPOST && c !== 0xff) this.put(c, Infinity);
        else { this.out.pushByte(c); if (c === 0xff) this.column++; }
        return;
      case CARET:
        this.out.pushByte(94);
        this.out.pushByte(c ^ 0x40);
        this.column += 2;
        return;
      case SET_CANON_COLUMN:
        this.canonColumn = this.column;
        return;
      case MOVE_BACK:
        if (this.column > 0) this.column--;
        return;
      case ERASE_TAB: {
        let characters = c & 0x7f;
        if (!(c & 0x80)) characters += this.canonColumn;
        for (let n = 8 - (characters & 7); n > 0; n--) {
          this.out.pushByte(BACKSPACE);
          if (this.column > 0) this.column--;
        }
      }
    }
  }
}
