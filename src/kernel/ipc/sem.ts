/** SysV semaphores (semget(2), semop(2), semctl(2)). */
import { E2BIG, EAGAIN, EFBIG, EIDRM, EINTR, EINVAL, ERANGE, Errno } from '../../abi/errno.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import { readTimespec } from '../task/clocks.ts';
import type { Process } from '../task/process.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, IpcObject, IpcTable } from './ids.ts';

const SEM_UNDO = 0x1000;
const GETPID = 11, GETVAL = 12, GETALL = 13, GETNCNT = 14, GETZCNT = 15, SETVAL = 16, SETALL = 17;
const SEMVMX = 32767, SEMMSL = 32000, SEMOPM = 500;
const SEMID_DS = 104;

interface Operation { num: number; op: number; flags: number }

export class SemaphoreSet extends IpcObject {
  readonly values: Int32Array;
  readonly pids: Int32Array;
  otime = 0;
  readonly waiters = new WaitQueue();
  /** Operations that wait: for semaphore `num` to rise, or to become zero. */
  readonly pending = new Set<Operation>();
  /** SEM_UNDO: what each process gives back when it ends. */
  readonly undo = new Map<Process, Int32Array>();

  constructor(count: number) {
    super();
    this.values = new Int32Array(count);
    this.pids = new Int32Array(count);
  }
}

interface WaitState { set: SemaphoreSet; deadline: number | undefined; blocking: Operation }

export class Semaphores {
  readonly table = new IpcTable<SemaphoreSet>(32000);

  get(task: Task, key: number, count: number, flags: number): number {
    return this.table.obtain(task, key, flags, (s) => { if (count > s.values.length) throw new Errno(EINVAL); }, () => {
      if (count < 1 || count > SEMMSL) throw new Errno(EINVAL);
      return new SemaphoreSet(count);
    });
  }

  /** semop, semtimedop: all operations at once, or wait. */
  operate(task: Task, id: number, list: number, count: number, timeout: number): SysResult {
    const state = task.waitState as WaitState | undefined;
    if (state) state.set.pending.delete(state.blocking);
    if (count < 1) return -EINVAL;
    if (count > SEMOPM) return -E2BIG;
    const ops = readOperations(task, list, count);
    if (state?.set.removed) return -EIDRM;
    const set = state?.set ?? this.table.get(id);
    if (ops.some((o) => o.num >= set.values.length)) return -EFBIG;
    set.permit(task, ops.some((o) => o.op !== 0) ? 2 : 4);
    const blocking = apply(task, set, ops);
    if (!blocking) return 0;
    if (blocking.flags & IPC_NOWAIT || task.timedOut) return -EAGAIN;
    const deadline = state ? state.deadline : timeout === 0 ? undefined : task.kernel.deadline(readTimespec(task.mm, timeout));
    set.pending.add(blocking);
    return new Block([set.waiters], deadline, 'nohand', { set, deadline, blocking }, () => { set.pending.delete(blocking); return -EINTR; });
  }

  control(task: Task, id: number, num: number, command: number, arg: number): number {
    const set = this.table.get(id);
    const { mm } = task;
    const cmd = command & 0xff;
    if ([GETVAL, SETVAL, GETPID, GETNCNT, GETZCNT].includes(cmd) && (num < 0 || num >= set.values.length)) return -EINVAL;
    if (cmd !== IPC_RMID && cmd !== IPC_SET) set.permit(task, cmd === SETVAL || cmd === SETALL ? 2 : 4);
    switch (cmd) {
      case GETVAL: return set.values[num];
      case GETPID: return set.pids[num];
      case GETNCNT: return [...set.pending].filter((o) => o.num === num && o.op < 0).length;
      case GETZCNT: return [...set.pending].filter((o) => o.num === num && o.op === 0).length;
      case GETALL: set.values.forEach((v, i) => mm.writeU16(arg + i * 2, v)); return 0;
      case SETVAL: return this.assign(task, set, [[num, arg | 0]]);
      case SETALL: return this.assign(task, set, Array.from(set.values, (_, i) => [i, mm.readU16(arg + i * 2)] as const));
      case IPC_STAT: {
        const v = new DataView(new ArrayBuffer(SEMID_DS));
        set.writePerm(v);
        v.setBigUint64(48, BigInt(set.otime), true);
        v.setBigUint64(64, BigInt(set.ctime), true);
        v.setBigUint64(80, BigInt(set.values.length), true);
        mm.copyOut(arg, new Uint8Array(v.buffer));
        return 0;
      }
      case IPC_SET: set.readPerm(task, new DataView(mm.copyIn(arg, SEMID_DS).buffer)); return 0;
      case IPC_RMID:
        set.permitOwner(task);
        this.table.remove(set);
        set.waiters.wake();
        return 0;
      default: return -EINVAL;
    }
  }

  /** The process has ended: its SEM_UNDO operations are taken back. */
  exit(process: Process): void {
    for (const set of this.table.all()) {
      const undo = set.undo.get(process);
      if (!undo) continue;
      set.undo.delete(process);
      undo.forEach((n, i) => {
        if (n === 0) return;
        set.values[i] = Math.max(0, Math.min(SEMVMX, set.values[i] + n));
        set.pids[i] = process.pid;
      });
      set.waiters.wake();
    }
  }

  private assign(task: Task, set: SemaphoreSet, values: readonly (readonly [number, number])[]): number {
    if (values.some(([, v]) => v < 0 || v > SEMVMX)) return -ERANGE;
    for (const [i, v] of values) {
      set.values[i] = v;
      set.pids[i] = task.process.pid;
      for (const undo of set.undo.values()) undo[i] = 0;
    }
    set.ctime = Math.floor(task.kernel.clock.now() / 1000);
    set.waiters.wake();
    return 0;
  }
}

function readOperations(task: Task, list: number, count: number): Operation[] {
  const v = new DataView(task.mm.copyIn(list, count * 6).buffer);
  return Array.from({ length: count }, (_, i) => ({ num: v.getUint16(i * 6, true), op: v.getInt16(i * 6 + 2, true), flags: v.getInt16(i * 6 + 4, true) }));
}

/** Carries out all operations; or none, and returns the one that must wait. */
function apply(task: Task, set: SemaphoreSet, ops: readonly Operation[]): Operation | undefined {
  const next = set.values.slice();
  for (const o of ops) {
    if (o.op === 0 ? next[o.num] !== 0 : next[o.num] + o.op < 0) return o;
    next[o.num] += o.op;
    if (next[o.num] > SEMVMX) throw new Errno(ERANGE);
  }
  set.values.set(next);
  for (const o of ops) {
    set.pids[o.num] = task.process.pid;
    if (!(o.flags & SEM_UNDO) || o.op === 0) continue;
    let undo = set.undo.get(task.process);
    if (!undo) set.undo.set(task.process, undo = new Int32Array(set.values.length));
    undo[o.num] -= o.op;
  }
  set.otime = Math.floor(task.kernel.clock.now() / 1000);
  if (ops.some((o) => o.op !== 0)) set.waiters.wake();
  return undefined;
}
