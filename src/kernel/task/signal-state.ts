/** Signal data of tasks and processes: dispositions, and queues of pending signals (signal(7), sigaction(2)). */
import { EMPTY_SET, SA_RESETHAND, SI_KERNEL, SI_TKILL, SI_USER, SIG_DFL, SIG_IGN, sigBit, SIGCHLD, SIGCONT, SIGRTMIN, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,
  SIGWINCH, type SigSet } from '../../abi/signal.ts';

/** What a handler with SA_SIGINFO sees (siginfo_t). Which fields hold depends on code and signo. */
export interface SigInfo {
  signo: number;
  code: number;
  errno?: number;
  /** Sender or child. */
  pid?: number;
  uid?: number;
  /** SIGCHLD: exit status or signal, and the child's times in clock ticks. */
  status?: number;
  utime?: number;
  stime?: number;
  /** Faults: the address. */
  address?: number;
  /** sigqueue(3) and timers: sival. */
  value?: bigint;
  timerId?: number;
  overrun?: number;
  band?: number;
  fd?: number;
  /** From outside the container: works on pid 1 too. */
  fromEngine?: boolean;
  /** Called when a timer's signal leaves the queue. */
  delivered?: () => void;
}

/** A signal that the kernel itself sends. */
export function kernelSignal(signo: number): SigInfo { return { signo, code: SI_KERNEL }; }
/** A signal sent with kill(2) by process `pid`. */
export function userSignal(signo: number, pid: number, uid: number): SigInfo { return { signo, code: SI_USER, pid, uid }; }
export function threadSignal(signo: number, pid: number, uid: number): SigInfo { return { signo, code: SI_TKILL, pid, uid }; }

export interface SigAction { handler: number; flags: number; restorer: number; mask: SigSet }

const defaultAction: SigAction = { handler: SIG_DFL, flags: 0, restorer: 0, mask: EMPTY_SET };

/** Default action of a signal: signal(7), "Standard signals". */
export function defaultDisposition(sig: number): 'ignore' | 'stop' | 'continue' | 'terminate' {
  switch (sig) {
    case SIGCHLD: case SIGURG: case SIGWINCH: return 'ignore';
    case SIGSTOP: case SIGTSTP: case SIGTTIN: case SIGTTOU: return 'stop';
    case SIGCONT: return 'continue';
    default: return 'terminate';
  }
}

/** Dispositions: what CLONE_SIGHAND shares. */
export class SignalHandlers {
  private actions: SigAction[] = [];

  get(sig: number): SigAction { return this.actions[sig] ?? defaultAction; }
  set(sig: number, action: SigAction): void { this.actions[sig] = action; }
  clone(): SignalHandlers {
    const copy = new SignalHandlers();
    copy.actions = this.actions.slice();
    return copy;
  }

  /** SA_RESETHAND: back to the default before the handler runs. */
  resetOne(sig: number): void { this.actions[sig] = { ...this.get(sig), handler: SIG_DFL, flags: this.get(sig).flags & ~SA_RESETHAND }; }

  /** execve(2): handled signals get their default again, ignored ones stay ignored. */
  afterExec(): SignalHandlers {
    const copy = new SignalHandlers();
    this.actions.forEach((a, sig) => { if (a.handler === SIG_IGN) copy.actions[sig] = { ...defaultAction, handler: SIG_IGN }; });
    return copy;
  }

  ignores(sig: number): boolean {
    const h = this.get(sig).handler;
    return h === SIG_IGN || (h === SIG_DFL && defaultDisposition(sig) === 'ignore');
  }

  /** Signals with handlers, for /proc/PID/status SigCgt and SigIgn. */
  sets(): { caught: SigSet; ignored: SigSet } {
    let caught = EMPTY_SET;
    let ignored = EMPTY_SET;
    this.actions.forEach((a, sig) => {
      if (a.handler === SIG_IGN) ignored |= sigBit(sig);
      else if (a.handler !== SIG_DFL) caught |= sigBit(sig);
    });
    return { caught, ignored };
  }
}

/** Pending signals of a thread or a process. */
export class PendingSignals {
  set: SigSet = EMPTY_SET;
  private queue: SigInfo[] = [];

  /** Standard signals are not queued twice; real-time signals are. False when dropped for that. */
  add(info: SigInfo): boolean {
    const bit = sigBit(info.signo);
    if (info.signo < SIGRTMIN && (this.set & bit) !== EMPTY_SET) return false;
    this.set |= bit;
    this.queue.push(info);
    return true;
  }

  /** Takes the lowest-numbered pending signal of `from` (first queued first); undefined when there is none. */
  take(from: SigSet): SigInfo | undefined {
    if ((this.set & from) === EMPTY_SET) return undefined;
    let best = -1;
    for (let i = 0; i < this.queue.length; i++) {
      const sig = this.queue[i].signo;
      if ((from & sigBit(sig)) !== EMPTY_SET && (best < 0 || sig < this.queue[best].signo)) best = i;
    }
    const [info] = this.queue.splice(best, 1);
    if (!this.queue.some((q) => q.signo === info.signo)) this.set &= ~sigBit(info.signo);
    return info;
  }

  /** Drops all of the given signals. */
  remove(which: SigSet): void {
    if ((this.set & which) === EMPTY_SET) return;
    this.queue = this.queue.filter((q) => (which & sigBit(q.signo)) === EMPTY_SET);
    this.set &= ~which;
  }

  count(signo: number): number { return this.queue.filter((q) => q.signo === signo).length; }
  get length(): number { return this.queue.length; }
}
