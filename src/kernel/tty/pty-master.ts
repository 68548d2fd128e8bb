/** The master of a pseudo-terminal held by JavaScript: the terminal of `docker run -t`. Output waits until the host reads it, so that a fast program blocks. */
import type { HostSink, HostSource } from '../fs/host-pipe.ts';
import type { Waiter } from '../wait-queue.ts';
import type { Terminal } from './terminal.ts';

export class PtyMaster implements HostSource, HostSink, Waiter {
  onReadable: (() => void) | undefined;
  onWritable: (() => void) | undefined;
  private closed = false;

  constructor(readonly terminal: Terminal) {
    terminal.locked = false;
    terminal.masterWaiters.add(this);
  }

  /** N of /dev/pts/N. */
  get index(): number { return this.terminal.index; }

  wake(): void {
    if (this.terminal.output.length > 0 || this.ended) this.onReadable?.();
    if (this.terminal.typable) this.onWritable?.();
  }

  /** Output of the guest, up to `max` bytes. */
  read(max = Infinity): Uint8Array { return this.terminal.takeOutput(max); }
  /** Nothing is left and the terminal is closed by the host: slaves may be reopened, so that their closing alone ends nothing. */
  get ended(): boolean { return this.closed && this.terminal.output.length === 0; }
  /** Every guest file of the terminal is closed. */
  get idle(): boolean { return this.terminal.slaveClosed; }

  /** Typed bytes; returns how many were taken. */
  write(bytes: Uint8Array): number { return this.closed ? 0 : this.terminal.type(bytes); }
  get broken(): boolean { return this.closed; }

  resize(rows: number, columns: number): void { this.terminal.setWinsize({ rows, columns, xPixels: 0, yPixels: 0 }); }

  /** Hangs the terminal up: SIGHUP for the session, end of file for its readers. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.terminal.hangup();
    this.wake();
    this.terminal.masterWaiters.remove(this);
  }
}
