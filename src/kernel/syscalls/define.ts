/**
 * What a system call handler is, what it returns, and the shape of a row of the table.
 *
 * A handler returns a value >= 0, a negated errno, or Block: "park this task on these queues and call me again". There is
 * no kernel state on the JavaScript stack: a blocked call is its number, its arguments and `task.wait` (data), and waking
 * means calling the handler again from the start. What must survive between calls (bytes moved so far, an absolute
 * deadline) goes in Block.state and is found in `task.waitState` on the next call. Handlers may also throw Errno.
 */
import type { Task } from '../task/task.ts';
import type { WaitQueue } from '../wait-queue.ts';

/** What a signal does to a call blocked here (signal(7), "Interruption of system calls"). */
export type Restart =
  /** Restarted under SA_RESTART, EINTR otherwise: read, write, wait4, futex … */
  | 'sys'
  /** Always EINTR when a handler runs; restarted when none does: poll, epoll_wait, nanosleep, pause … */
  | 'nohand'
  /** Not interruptible by signals other than SIGKILL: short waits for the store. */
  | 'never';

export class Block {
  constructor(
    readonly queues: readonly WaitQueue[],
    /** Monotonic ms at which to call again regardless; undefined for never. `task.timedOut` is then true. */
    readonly deadline?: number,
    readonly restart: Restart = 'sys',
    readonly state?: unknown,
    /**
     * Called once when the call ends without another call of its handler (a signal's handler runs, the task is killed): undoes
     * what was queued, and says what the call returns, e.g. the bytes moved so far or -EINTR (the default, which `restart` may
     * turn into a restart from the beginning).
     */
    readonly abandoned?: (task: Task) => number,
  ) {}
}

export type SysResult = number | Block;

/** Returned by handlers that have set the registers themselves: execve, rt_sigreturn. */
export const NO_RESULT = Number.MIN_SAFE_INTEGER;

/** Arguments are signed 64-bit values as numbers, exact below 2^53; take `>>> 0` for unsigned 32-bit ones. */
export type Handler = (task: Task, a0: number, a1: number, a2: number, a3: number, a4: number, a5: number) => SysResult;

export type Support = 'full' | 'partial' | 'stub' | 'error';

export interface SyscallRow {
  readonly nr: number;
  readonly name: string;
  /** strace's argument rendering, comma separated: fd path str buf:N (N = index of the length argument) out:N flags:SET ptr int uint size off mode pid sig … */
  readonly signature: string;
  readonly support: Support;
  readonly handler: Handler;
  /** For partial, stub and error: what is missing, or why the errno. */
  readonly note?: string;
}

/** Row of a call that works as on Linux. */
export function full(nr: number, name: string, signature: string, handler: Handler): SyscallRow {
  return { nr, name, signature, support: 'full', handler };
}

/** Row of a call that works in part; `note` says which. */
export function partial(nr: number, name: string, signature: string, note: string, handler: Handler): SyscallRow {
  return { nr, name, signature, support: 'partial', handler, note };
}

/** Row of a call that is accepted without effect, where having no effect is a true answer; `note` says why. */
export function stub(nr: number, name: string, signature: string, note: string, handler: Handler = () => 0): SyscallRow {
  return { nr, name, signature, support: 'stub', handler, note };
}

/** Row of a call that fails on purpose with the errno a container would see. */
export function refuse(nr: number, name: string, errno: number, note: string): SyscallRow {
  return { nr, name, signature: '', support: 'error', note, handler: () => -errno };
}
