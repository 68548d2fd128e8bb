/** futex(2) and the robust list. */
import { EAGAIN, EDEADLK, EINTR, EINVAL, ENOSYS, EPERM, ESRCH, ETIMEDOUT, Errno } from '../../abi/errno.ts';
import { FUTEX_BITSET_MATCH_ANY, FUTEX_CLOCK_REALTIME, FUTEX_CMD_MASK, FUTEX_CMP_REQUEUE, FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_OWNER_DIED, FUTEX_PRIVATE_FLAG, FUTEX_REQUEUE,
  FUTEX_TID_MASK, FUTEX_TRYLOCK_PI, FUTEX_UNLOCK_PI, FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAITERS, FUTEX_WAKE, FUTEX_WAKE_BITSET, FUTEX_WAKE_OP } from '../../abi/futex.ts';
import { CLOCK_MONOTONIC, CLOCK_REALTIME, deadlineAt, readTimespec } from '../task/clocks.ts';
import { FutexWaiter } from '../task/futex.ts';
import type { Task } from '../task/task.ts';
import { Block, full, partial, type SyscallRow, type SysResult } from './define.ts';

const ROBUST_HEAD_SIZE = 24;

function futex(task: Task, address: number, op: number, value: number, timeout: number, address2: number, value3: number): SysResult {
  const isPrivate = (op & FUTEX_PRIVATE_FLAG) !== 0;
  const realtime = (op & FUTEX_CLOCK_REALTIME) !== 0;
  if (address % 4 !== 0) return -EINVAL;
  const { futexes } = task.kernel;
  const count = value | 0;
  switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAIT: return wait(task, address, value >>> 0, timeout, FUTEX_BITSET_MATCH_ANY, isPrivate, false, false);
    case FUTEX_WAIT_BITSET: return value3 >>> 0 === 0 ? -EINVAL : wait(task, address, value >>> 0, timeout, value3, isPrivate, true, realtime);
    case FUTEX_WAKE: return futexes.wake(futexes.key(task.mm, address, isPrivate, false), Math.max(1, count), FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET: return value3 >>> 0 === 0 ? -EINVAL : futexes.wake(futexes.key(task.mm, address, isPrivate, false), Math.max(1, count), value3);
    case FUTEX_REQUEUE: return requeue(task, address, count, timeout | 0, address2, undefined, isPrivate);
    case FUTEX_CMP_REQUEUE: return requeue(task, address, count, timeout | 0, address2, value3 >>> 0, isPrivate);
    case FUTEX_WAKE_OP: return wakeOp(task, address, count, timeout | 0, address2, value3, isPrivate);
    case FUTEX_LOCK_PI: return lockPi(task, address, timeout, isPrivate, CLOCK_REALTIME);
    case FUTEX_LOCK_PI2: return lockPi(task, address, timeout, isPrivate, realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC);
    case FUTEX_TRYLOCK_PI: return tryLockPi(task, address) ? 0 : -EAGAIN;
    case FUTEX_UNLOCK_PI: return unlockPi(task, address, isPrivate);
    default: return -ENOSYS;
  }
}

interface WaitState { waiter: FutexWaiter; deadline: number | undefined }

/** Parks on a waiter until woken, timed out or interrupted. */
function sleep(state: WaitState): Block {
  return new Block([state.waiter.queue], state.deadline, 'sys', state, (t) => { t.kernel.futexes.remove(state.waiter); return -EINTR; });
}

function wait(task: Task, address: number, expected: number, timeout: number, bits: number, isPrivate: boolean, absolute: boolean, realtime: boolean): SysResult {
  const { futexes } = task.kernel;
  const state = task.waitState as WaitState | undefined;
  if (state) {
    if (state.waiter.woken) return 0;
    if (!task.timedOut) return sleep(state);
    futexes.remove(state.waiter);
    return -ETIMEDOUT;
  }
  const time = timeout === 0 ? undefined : readTimespec(task.mm, timeout);
  if (task.mm.readU32(address) !== expected) return -EAGAIN;
  const deadline = time === undefined ? undefined : absolute ? deadlineAt(task, realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, time) : task.kernel.deadline(time);
  if (deadline !== undefined && deadline <= task.kernel.clock.monotonic()) return -ETIMEDOUT;
  const key = futexes.key(task.mm, address, isPrivate, true)!;
  return sleep({ waiter: futexes.enqueue(task, key, bits), deadline });
}

function requeue(task: Task, from: number, wakes: number, moves: number, to: number, expected: number | undefined, isPrivate: boolean): number {
  const { futexes } = task.kernel;
  if (wakes < 0 || moves < 0 || to % 4 !== 0) return -EINVAL;
  if (expected !== undefined && task.mm.readU32(from) !== expected) return -EAGAIN;
  const key = futexes.key(task.mm, from, isPrivate, false);
  const woken = futexes.wake(key, wakes, FUTEX_BITSET_MATCH_ANY);
  if (key === undefined || key.waiters.length === 0) return woken;
  const moved = futexes.requeue(key, futexes.key(task.mm, to, isPrivate, true)!, moves);
  return expected === undefined ? woken : woken + moved;
}

/** FUTEX_WAKE_OP: an atomic operation on the second word decides whether its waiters are woken too. */
function wakeOp(task: Task, address: number, wakes: number, wakes2: number, address2: number, encoded: number, isPrivate: boolean): number {
  const { futexes } = task.kernel;
  const op = (encoded >>> 28) & 7, compare = (encoded >>> 24) & 15;
  let operand = (encoded << 8) >> 20;
  const against = (encoded << 20) >> 20;
  if (encoded & 0x80000000) operand = 1 << (operand & 31);
  const old = task.mm.readI32(address2);
  const results = [operand, old + operand, old | operand, old & ~operand, old ^ operand];
  if (op >= results.length || compare > 5) return -ENOSYS;
  task.mm.writeU32(address2, results[op] >>> 0);
  let woken = futexes.wake(futexes.key(task.mm, address, isPrivate, false), wakes, FUTEX_BITSET_MATCH_ANY);
  const holds = [old === against, old !== against, old < against, old <= against, old > against, old >= against][compare];
  if (holds) woken += futexes.wake(futexes.key(task.mm, address2, isPrivate, false), wakes2, FUTEX_BITSET_MATCH_ANY);
  return woken;
}

/** Takes a free lock word for the caller. Throws Errno for a word that cannot be waited for. */
function tryLockPi(task: Task, address: number): boolean {
  const word = task.mm.readU32(address);
  const owner = word & FUTEX_TID_MASK;
  if (owner === task.tid) throw new Errno(EDEADLK);
  if (owner !== 0) {
    if (!task.kernel.tasks.get(owner)?.alive) throw new Errno(ESRCH);
    return false;
  }
  task.mm.writeU32(address, ((word & (FUTEX_WAITERS | FUTEX_OWNER_DIED)) | task.tid) >>> 0);
  return true;
}

/** Priorities are all equal here, so inheritance has nothing to do: the lock passes in arrival order. */
function lockPi(task: Task, address: number, timeout: number, isPrivate: boolean, clock: number): SysResult {
  const { futexes } = task.kernel;
  const state = task.waitState as WaitState | undefined;
  if (state) {
    if (state.waiter.woken) return 0;
    if (!task.timedOut) return sleep(state);
    futexes.remove(state.waiter);
    return -ETIMEDOUT;
  }
  if (tryLockPi(task, address)) return 0;
  task.mm.writeU32(address, (task.mm.readU32(address) | FUTEX_WAITERS) >>> 0);
  const deadline = timeout === 0 ? undefined : deadlineAt(task, clock, readTimespec(task.mm, timeout));
  return sleep({ waiter: futexes.enqueue(task, futexes.key(task.mm, address, isPrivate, true)!, FUTEX_BITSET_MATCH_ANY), deadline });
}

function unlockPi(task: Task, address: number, isPrivate: boolean): number {
  const { futexes } = task.kernel;
  if ((task.mm.readU32(address) & FUTEX_TID_MASK) !== task.tid) return -EPERM;
  const key = futexes.key(task.mm, address, isPrivate, false);
  const next = key?.waiters[0];
  if (!key || !next) {
    task.mm.writeU32(address, 0);
    return 0;
  }
  task.mm.writeU32(address, ((key.waiters.length > 1 ? FUTEX_WAITERS : 0) | next.tid) >>> 0);
  futexes.wake(key, 1, FUTEX_BITSET_MATCH_ANY);
  return 0;
}

function getRobustList(task: Task, pid: number, head: number, length: number): number {
  const target = pid === 0 ? task : task.kernel.tasks.get(pid);
  if (!target) return -ESRCH;
  if (target.process !== task.process && target.credentials.uid !== task.credentials.euid && task.credentials.euid !== 0) return -EPERM;
  task.mm.writeU64(head, target.robustList);
  task.mm.writeU64(length, ROBUST_HEAD_SIZE);
  return 0;
}

export const futexCalls: readonly SyscallRow[] = [
  partial(202, 'futex', 'ptr,flags,uint,ptr,ptr,uint', 'WAIT_REQUEUE_PI and CMP_REQUEUE_PI are ENOSYS', futex),
  full(273, 'set_robust_list', 'ptr,size', (task, head, size) => {
    if (size !== ROBUST_HEAD_SIZE) return -EINVAL;
    task.robustList = head;
    return 0;
  }),
  full(274, 'get_robust_list', 'pid,ptr,ptr', getRobustList),
];
