/** termios(3) as the kernel sees it: asm-generic/termbits.h, and the two layouts TCGETS (struct termios) and TCGETS2 (struct termios2) exchange. */

// c_iflag
export const IGNBRK = 0o1;
export const BRKINT = 0o2;
export const IGNPAR = 0o4;
export const PARMRK = 0o10;
export const INPCK = 0o20;
export const ISTRIP = 0o40;
export const INLCR = 0o100;
export const IGNCR = 0o200;
export const ICRNL = 0o400;
export const IUCLC = 0o1000;
export const IXON = 0o2000;
export const IXANY = 0o4000;
export const IXOFF = 0o10000;
export const IMAXBEL = 0o20000;
export const IUTF8 = 0o40000;

// c_oflag
export const OPOST = 0o1;
export const OLCUC = 0o2;
export const ONLCR = 0o4;
export const OCRNL = 0o10;
export const ONOCR = 0o20;
export const ONLRET = 0o40;
export const TABDLY = 0o14000;
export const XTABS = 0o14000;

// c_cflag
export const CBAUD = 0o10017;
export const B38400 = 0o17;
export const CSIZE = 0o60;
export const CS8 = 0o60;
export const CREAD = 0o200;
export const PARENB = 0o400;

// c_lflag
export const ISIG = 0o1;
export const ICANON = 0o2;
export const ECHO = 0o10;
export const ECHOE = 0o20;
export const ECHOK = 0o40;
export const ECHONL = 0o100;
export const NOFLSH = 0o200;
export const TOSTOP = 0o400;
export const ECHOCTL = 0o1000;
export const ECHOPRT = 0o2000;
export const ECHOKE = 0o4000;
export const FLUSHO = 0o10000;
export const PENDIN = 0o40000;
export const IEXTEN = 0o100000;
export const EXTPROC = 0o200000;

// c_cc indices
export const VINTR = 0;
export const VQUIT = 1;
export const VERASE = 2;
export const VKILL = 3;
export const VEOF = 4;
export const VTIME = 5;
export const VMIN = 6;
export const VSWTC = 7;
export const VSTART = 8;
export const VSTOP = 9;
export const VSUSP = 10;
export const VEOL = 11;
export const VREPRINT = 12;
export const VDISCARD = 13;
export const VWERASE = 14;
export const VLNEXT = 15;
export const VEOL2 = 16;
export const NCCS = 19;

/** What tcflush(3) and tcflow(3) take. */
export const TCIFLUSH = 0;
export const TCOFLUSH = 1;
export const TCIOFLUSH = 2;
export const TCOOFF = 0;
export const TCOON = 1;
export const TCIOFF = 2;
export const TCION = 3;

export const TERMIOS_SIZE = 36;
export const TERMIOS2_SIZE = 44;

export interface Termios { iflag: number; oflag: number; cflag: number; lflag: number; line: number; cc: Uint8Array; ispeed: number; ospeed: number }

/** tty_std_termios: what a fresh terminal has. */
export function defaultTermios(): Termios {
  const cc = new Uint8Array(NCCS);
  cc.set([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0]);
  return {
    iflag: ICRNL | IXON,
    oflag: OPOST | ONLCR,
    cflag: B38400 | CS8 | CREAD,
    lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    line: 0, cc, ispeed: 38400, ospeed: 38400,
  };
}

export function encodeTermios(t: Termios, into: Uint8Array): void {
  const v = new DataView(into.buffer, into.byteOffset, into.byteLength);
  [t.iflag, t.oflag, t.cflag, t.lflag].forEach((flag, i) => v.setUint32(i * 4, flag, true));
  v.setUint8(16, t.line);
  into.set(t.cc, 17);
  if (into.length >= TERMIOS2_SIZE) {
    v.setUint32(36, t.ispeed, true);
    v.setUint32(40, t.ospeed, true);
  }
}

export function decodeTermios(from: Uint8Array): Termios {
  const v = new DataView(from.buffer, from.byteOffset, from.byteLength);
  const two = from.length >= TERMIOS2_SIZE, cflag = v.getUint32(8, true), speed = speedOf(cflag);
  return {
    iflag: v.getUint32(0, true), oflag: v.getUint32(4, true), cflag, lflag: v.getUint32(12, true),
    line: v.getUint8(16), cc: from.slice(17, 17 + NCCS),
    ispeed: two ? v.getUint32(36, true) : speed, ospeed: two ? v.getUint32(40, true) : speed,
  };
}

/** The old struct termio of TCGETA: 16-bit flags and eight control characters. */
export const TERMIO_SIZE = 18;
const NCC = 8;

export function encodeTermio(t: Termios, into: Uint8Array): void {
  const v = new DataView(into.buffer, into.byteOffset, into.byteLength);
  [t.iflag, t.oflag, t.cflag, t.lflag].forEach((flag, i) => v.setUint16(i * 2, flag & 0xffff, true));
  v.setUint8(8, t.line);
  into.set(t.cc.subarray(0, NCC), 9);
}

export function decodeTermio(from: Uint8Array, old: Termios): Termios {
  const v = new DataView(from.buffer, from.byteOffset, from.byteLength);
  const low = (flag: number, i: number): number => ((flag & ~0xffff) | v.getUint16(i * 2, true)) >>> 0;
  const cc = old.cc.slice();
  cc.set(from.subarray(9, 9 + NCC));
  const cflag = low(old.cflag, 2), speed = speedOf(cflag);
  return { iflag: low(old.iflag, 0), oflag: low(old.oflag, 1), cflag, lflag: low(old.lflag, 3), line: v.getUint8(8), cc, ispeed: speed, ospeed: speed };
}

const SPEEDS = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
const FAST_SPEEDS = [0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000];

/** Baud rate of the CBAUD bits. */
function speedOf(cflag: number): number { return (cflag & 0o10000 ? FAST_SPEEDS : SPEEDS)[cflag & 0o17]; }

/** struct winsize: rows, columns, and pixels. */
export interface WinSize { rows: number; columns: number; xPixels: number; yPixels: number }
export const WINSIZE_SIZE = 8;
