/**
 * A terminal: the slave side of a pseudo-terminal pair (pty(7)) with its line discipline, window size and place in job
 * control. The master side is a guest's file (pty-master-file.ts) or the host (pty-master.ts).
 */
import { TIOCPKT_DOSTOP, TIOCPKT_FLUSHWRITE, TIOCPKT_NOSTOP, TIOCPKT_START, TIOCPKT_STOP } from '../../abi/ioctl.ts';
import { POLLHUP, POLLPRI, READABLE, WRITABLE } from '../../abi/poll.ts';
import { SIGCONT, SIGHUP, SIGWINCH } from '../../abi/signal.ts';
import { makedev } from '../../abi/stat.ts';
import { CREAD, CS8, CSIZE, IXON, PARENB, VSTART, VSTOP, defaultTermios, type Termios, type WinSize } from '../../abi/termios.ts';
import { ByteQueue } from '../../base/byte-queue.ts';
import type { Kernel } from '../kernel.ts';
import type { Process } from '../task/process.ts';
import type { ControllingTerminal, Session } from '../task/session.ts';
import { kernelSignal } from '../task/signal-state.ts';
import { WaitQueue } from '../wait-queue.ts';
import { LineDiscipline, type LineDisciplineOwner } from './ldisc.ts';

/** Major number of /dev/pts/N. */
export const PTS_MAJOR = 136;
/** Bytes each way beyond which a writer waits. */
const HIGH_WATER = 64 * 1024;
/** Output that counts as the master's already, so that flushing leaves it: the buffer of its line discipline. */
const DELIVERED = 4095;

export class Terminal implements LineDisciplineOwner, ControllingTerminal {
  /** What guests have written and the master has not yet read. */
  readonly output = new ByteQueue();
  private readonly input = new ByteQueue();
  readonly ldisc = new LineDiscipline(this, this.output);
  /** Slave files wait here. */
  readonly waiters = new WaitQueue();
  /** The master waits here. */
  readonly masterWaiters = new WaitQueue();

  winsize: WinSize = { rows: 0, columns: 0, xPixels: 0, yPixels: 0 };
  session: Session | undefined;
  /** Foreground process group; 0 for none. */
  foreground = 0;
  /** TIOCSPTLCK: the slave cannot be opened yet. */
  locked = true;
  /** TIOCEXCL. */
  exclusive = false;
  /** The master has closed: the terminal is dead. */
  hungUp = false;
  /** TIOCPKT and the control bits its reader has not seen. */
  packetMode = false;
  packetStatus = 0;
  private slaves = 0;
  private wasOpened = false;
  /** Processes that let go of it by TIOCNOTTY. */
  private readonly detached = new WeakSet<Process>();
  /** Called at hangup: devpts takes the name away. */
  onHangup: (() => void) | undefined;

  constructor(private readonly kernel: Kernel, readonly index: number) {}

  get rdev(): number { return makedev(PTS_MAJOR + (this.index >> 8), this.index & 0xff); }

  // ---- the slave side ----

  addSlave(): void {
    this.slaves++;
    this.wasOpened = true;
  }

  dropSlave(): void {
    if (--this.slaves === 0) this.masterWaiters.wake(POLLHUP | READABLE);
  }

  /** Every slave that was open is closed: the master reads EIO until one opens again. */
  get slaveClosed(): boolean { return this.wasOpened && this.slaves === 0; }

  /** Room for output of the slave, which waits for the master to read. */
  get writable(): boolean { return !this.ldisc.output.stopped && this.output.length < HIGH_WATER; }

  /** Processed output of a guest; returns how many bytes were taken. */
  write(bytes: Uint8Array): number {
    const n = this.ldisc.output.write(bytes, HIGH_WATER);
    if (n > 0) this.masterWaiters.wake(READABLE);
    return n;
  }

  /** Echoes and output may have come. */
  outputChanged(): void { if (this.output.length > 0) this.masterWaiters.wake(READABLE); }

  // ---- the master side ----

  /** Typed bytes; returns how many were taken. */
  type(bytes: Uint8Array): number {
    const n = Math.min(bytes.length, HIGH_WATER - this.input.length);
    this.input.push(bytes.subarray(0, n));
    this.feed();
    return n;
  }

  get typable(): boolean { return this.input.length < HIGH_WATER; }

  /** Moves typed bytes into the line discipline as far as there is room. */
  feed(): void {
    const before = this.output.length;
    let moved = 0;
    while (this.input.length > 0) {
      const n = this.ldisc.receive(this.input.peek(HIGH_WATER));
      if (n === 0) break;
      this.input.drop(n);
      moved += n;
    }
    if (moved === 0) return;
    if (this.output.length !== before) this.outputChanged();
    if (this.ldisc.inputAvailable(false)) this.waiters.wake(READABLE);
    this.masterWaiters.wake(WRITABLE);
  }

  /** Takes output away: for the master. */
  takeOutput(max: number): Uint8Array {
    const out = this.output.shift(max);
    if (out.length > 0) this.waiters.wake(WRITABLE);
    return out;
  }

  // ---- settings ----

  setTermios(next: Termios): void {
    const old = this.ldisc.termios;
    const flow = (t: Termios): boolean => (t.iflag & IXON) !== 0 && t.cc[VSTOP] === 0x13 && t.cc[VSTART] === 0x11;
    this.ldisc.setTermios({ ...next, cflag: (next.cflag & ~(CSIZE | PARENB)) | CS8 | CREAD });
    if (flow(old) !== flow(next)) this.packetEvent(flow(next) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
    this.feed();
    this.outputChanged();
    this.waiters.wake(READABLE | WRITABLE);
  }

  setWinsize(size: WinSize): void {
    const w = this.winsize;
    if (w.rows === size.rows && w.columns === size.columns && w.xPixels === size.xPixels && w.yPixels === size.yPixels) return;
    this.winsize = size;
    this.signal(SIGWINCH);
  }

  flushInput(): void {
    this.input.clear();
    this.ldisc.flushInput();
    this.masterWaiters.wake(WRITABLE);
  }

  /** Records a packet mode event and wakes the master. */
  packetEvent(set: number, clear: number): void {
    if (!this.packetMode) return;
    this.packetStatus = (this.packetStatus & ~clear) | set;
    this.masterWaiters.wake(POLLPRI | READABLE);
  }

  // ---- LineDisciplineOwner ----

  signal(signo: number): void {
    if (this.foreground > 0) this.kernel.signals.sendToGroup(this.kernel.groups.get(this.foreground), kernelSignal(signo));
  }

  discardOutput(): void {
    this.output.truncate(DELIVERED);
    this.packetEvent(TIOCPKT_FLUSHWRITE, 0);
    this.waiters.wake(WRITABLE);
  }

  flowChanged(stopped: boolean): void {
    this.packetEvent(stopped ? TIOCPKT_STOP : TIOCPKT_START, TIOCPKT_STOP | TIOCPKT_START);
    if (!stopped) this.waiters.wake(WRITABLE);
  }

  // ---- job control ----

  /** True when it is the controlling terminal of the process. */
  controls(process: Process): boolean {
    return this.session !== undefined && process.session === this.session && !this.detached.has(process);
  }

  /** Makes it the controlling terminal of the process's session. */
  associate(process: Process): void {
    const { session } = process;
    if (this.session && this.session !== session) this.session.terminal = undefined;
    this.session = session;
    this.foreground = process.pgid;
    session.terminal = this;
    this.detached.delete(process);
  }

  detach(process: Process): void { this.detached.add(process); }

  /** The session has lost its terminal; whoever calls has signalled the foreground group. */
  disassociate(): void {
    if (this.session) this.session.terminal = undefined;
    this.session = undefined;
    this.foreground = 0;
  }

  /** The master has closed: the session loses its terminal, slaves read end of file and cannot write. */
  hangup(): void {
    if (this.hungUp) return;
    this.hungUp = true;
    this.onHangup?.();
    const { session, foreground, kernel } = this;
    if (session) {
      const hear = (group: number | undefined, ...signals: number[]): void => {
        for (const s of signals) kernel.signals.sendToGroup(kernel.groups.get(group ?? 0), kernelSignal(s));
      };
      const leader = kernel.processes.get(session.sid);
      session.terminal = {
        rdev: 0, foreground: -1,
        disassociate() {
          hear(foreground, SIGHUP, SIGCONT);
          session.terminal = undefined;
        },
      };
      if (leader) for (const s of [SIGHUP, SIGCONT]) kernel.signals.sendToProcess(leader, kernelSignal(s));
    }
    this.session = undefined;
    this.foreground = 0;
    this.ldisc.flushInput();
    this.ldisc.setTermios(defaultTermios());
    this.waiters.wake();
  }
}
