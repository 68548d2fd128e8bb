/** Sessions and process groups (setsid(2), setpgid(2), credentials(7)): what job control works with. */
import type { Process } from './process.ts';

/** The terminal that controls a session; tty/ implements it. */
export interface ControllingTerminal {
  /** st_rdev of the terminal device, for /proc/PID/stat. */
  readonly rdev: number;
  /** Foreground process group; 0 when there is none. */
  foreground: number;
  /** The session leader has gone: the terminal loses its session. */
  disassociate(): void;
}

export class Session {
  terminal: ControllingTerminal | undefined;
  /** @param sid id of the session, the pid of its first leader */
  constructor(readonly sid: number) {}
}

export class ProcessGroup {
  readonly members = new Set<Process>();
  constructor(readonly pgid: number, readonly session: Session) {}

  /** True when no member has a parent in another group of the same session: stopped jobs could never be continued (POSIX). */
  get orphaned(): boolean {
    for (const p of this.members) {
      if (p.parent && p.parent.group !== this && p.parent.group.session === this.session && !p.exited) return false;
    }
    return true;
  }
}
