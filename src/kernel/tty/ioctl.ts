/** ioctl_tty(2): the requests that both sides of a terminal answer. */
import { EFAULT, EINVAL, EIO, ENOTTY, EPERM } from '../../abi/errno.ts';
import {
  FIONREAD, TCFLSH, TCGETA, TCGETS, TCGETS2, TCSBRK, TCSBRKP, TCSETA, TCSETAF, TCSETAW, TCSETS, TCSETS2, TCSETSF, TCSETSF2, TCSETSW, TCSETSW2,
  TCXONC, TIOCCBRK, TIOCEXCL, TIOCGETD, TIOCGEXCL, TIOCGPGRP, TIOCGSID, TIOCGWINSZ, TIOCNOTTY, TIOCNXCL, TIOCOUTQ, TIOCPKT_FLUSHREAD, TIOCSBRK,
  TIOCSCTTY, TIOCSETD, TIOCSPGRP, TIOCSTI, TIOCSWINSZ, TIOCVHANGUP,
} from '../../abi/ioctl.ts';
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { SIGTTOU } from '../../abi/signal.ts';
import {
  TCIFLUSH, TCIOFF, TCIOFLUSH, TCION, TCOFLUSH, TCOOFF, TCOON, TERMIO_SIZE, TERMIOS2_SIZE, TERMIOS_SIZE, VSTART, VSTOP, WINSIZE_SIZE, decodeTermio,
  decodeTermios, encodeTermio, encodeTermios,
} from '../../abi/termios.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { checkForeground, giveUp, setControlling, setForeground } from './job-control.ts';
import type { Terminal } from './terminal.ts';

/** Which side asks: the master may look at any session, and its FIONREAD counts output. */
export interface Side { master: boolean; readable: boolean }

const SETTERS = new Map<number, { size: number; flush: boolean }>([
  [TCSETS, { size: TERMIOS_SIZE, flush: false }], [TCSETSW, { size: TERMIOS_SIZE, flush: false }], [TCSETSF, { size: TERMIOS_SIZE, flush: true }],
  [TCSETS2, { size: TERMIOS2_SIZE, flush: false }], [TCSETSW2, { size: TERMIOS2_SIZE, flush: false }], [TCSETSF2, { size: TERMIOS2_SIZE, flush: true }],
  [TCSETA, { size: TERMIO_SIZE, flush: false }], [TCSETAW, { size: TERMIO_SIZE, flush: false }], [TCSETAF, { size: TERMIO_SIZE, flush: true }],
]);

export function terminalIoctl(task: Task, terminal: Terminal, side: Side, request: number, argument: number): SysResult {
  const { mm } = task;
  const setter = SETTERS.get(request);
  if (setter) return setTermios(task, terminal, setter, argument);
  switch (request) {
    case TCGETS: case TCGETS2: case TCGETA: {
      const out = new Uint8Array(request === TCGETS ? TERMIOS_SIZE : request === TCGETS2 ? TERMIOS2_SIZE : TERMIO_SIZE);
      if (request === TCGETA) encodeTermio(terminal.ldisc.termios, out); else encodeTermios(terminal.ldisc.termios, out);
      mm.copyOut(argument, out);
      return 0;
    }
    case TIOCGWINSZ: {
      const { rows, columns, xPixels, yPixels } = terminal.winsize;
      mm.copyOut(argument, new Uint8Array(Uint16Array.of(rows, columns, xPixels, yPixels).buffer));
      return 0;
    }
    case TIOCSWINSZ: {
      const v = new DataView(mm.copyIn(argument, WINSIZE_SIZE).buffer);
      terminal.setWinsize({ rows: v.getUint16(0, true), columns: v.getUint16(2, true), xPixels: v.getUint16(4, true), yPixels: v.getUint16(6, true) });
      return 0;
    }
    case TIOCGPGRP:
      if (!side.master && !terminal.controls(task.process)) return -ENOTTY;
      mm.writeI32(argument, terminal.foreground);
      return 0;
    case TIOCSPGRP: return setForeground(task, terminal, mm.readI32(argument));
    case TIOCGSID:
      if ((!side.master && !terminal.controls(task.process)) || !terminal.session) return -ENOTTY;
      mm.writeI32(argument, terminal.session.sid);
      return 0;
    case TIOCSCTTY: return setControlling(task, terminal, side.readable, argument === 1);
    case TIOCNOTTY: return giveUp(task, terminal);
    case FIONREAD:
      mm.writeI32(argument, side.master ? terminal.output.length : terminal.ldisc.readableBytes);
      return 0;
    case TIOCOUTQ:
      mm.writeI32(argument, 0);
      return 0;
    case TCFLSH: return flush(task, terminal, argument);
    case TCXONC: return flow(task, terminal, argument);
    case TCSBRK: case TCSBRKP: case TIOCSBRK: case TIOCCBRK: return checkForeground(task, terminal, SIGTTOU);
    case TIOCEXCL: terminal.exclusive = true; return 0;
    case TIOCNXCL: terminal.exclusive = false; return 0;
    case TIOCGEXCL: mm.writeI32(argument, terminal.exclusive ? 1 : 0); return 0;
    case TIOCGETD: mm.writeI32(argument, 0); return 0;
    case TIOCSETD: return mm.readI32(argument) === 0 ? 0 : -EINVAL;
    case TIOCSTI: return -EIO;
    case TIOCVHANGUP:
      if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
      terminal.hangup();
      return 0;
    default: return -ENOTTY;
  }
}

function setTermios(task: Task, terminal: Terminal, { size, flush: flushes }: { size: number; flush: boolean }, argument: number): SysResult {
  const check = checkForeground(task, terminal, SIGTTOU);
  if (check !== 0) return check;
  if (argument === 0) return -EFAULT;
  const bytes = task.mm.copyIn(argument, size);
  if (flushes) terminal.flushInput();
  terminal.setTermios(size === TERMIO_SIZE ? decodeTermio(bytes, terminal.ldisc.termios) : decodeTermios(bytes));
  return 0;
}

function flush(task: Task, terminal: Terminal, which: number): SysResult {
  const check = checkForeground(task, terminal, SIGTTOU);
  if (check !== 0) return check;
  if (which !== TCIFLUSH && which !== TCOFLUSH && which !== TCIOFLUSH) return -EINVAL;
  if (which !== TCOFLUSH) { terminal.flushInput(); terminal.packetEvent(TIOCPKT_FLUSHREAD, 0); }
  if (which !== TCIFLUSH) terminal.discardOutput();
  return 0;
}

function flow(task: Task, terminal: Terminal, action: number): SysResult {
  const check = checkForeground(task, terminal, SIGTTOU);
  if (check !== 0) return check;
  const { cc } = terminal.ldisc.termios;
  switch (action) {
    case TCOOFF: terminal.ldisc.stop(); return 0;
    case TCOON: terminal.ldisc.start(); terminal.outputChanged(); return 0;
    case TCIOFF: case TCION: {
      const c = cc[action === TCIOFF ? VSTOP : VSTART];
      if (c !== 0) { terminal.output.pushByte(c); terminal.outputChanged(); }
      return 0;
    }
    default: return -EINVAL;
  }
}
