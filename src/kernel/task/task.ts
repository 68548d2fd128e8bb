/**
 * A task: one thread of a guest process (clone(2)). Everything that several threads may share is an object of its own
 * (Process, Mm, FdTable, FsContext, SignalHandlers), as CLONE_* flags decide.
 */
import type { CpuContext } from '../../cpu/cpu.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import type { FdTable } from '../vfs/fd-table.ts';
import type { FsContext } from '../vfs/fs-context.ts';
import type { Credentials } from './credentials.ts';
import type { Process } from './process.ts';

/** Bare contract; task/ adds scheduling, signal and wait state. */
export interface Task {
  readonly kernel: Kernel;
  /** Thread id; equals process.pid for the first thread. */
  readonly tid: number;
  readonly process: Process;
  readonly context: CpuContext;
  mm: Mm;
  files: FdTable;
  fs: FsContext;
  credentials: Credentials;
  /** Name shown by ps: 15 bytes at most. */
  comm: string;
  /** True when the handler is called again because Block.deadline passed. */
  readonly timedOut: boolean;
  /** Block.state of the previous call of this handler; undefined on the first. */
  readonly waitState: unknown;
  /** A signal that is neither blocked nor ignored waits for delivery. */
  readonly signalPending: boolean;
}
