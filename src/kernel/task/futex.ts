/**
 * Futexes (futex(2), get_robust_list(2)): waiters by key. Memory that only this address space sees is keyed by address
 * space and virtual address; shared mappings by physical address, so that processes meet.
 */
import { FUTEX_BITSET_MATCH_ANY, FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../../abi/futex.ts';
import { Access } from '../../cpu/cpu.ts';
import type { Kernel } from '../kernel.ts';
import { isUserFault, type Mm } from '../mm/mm.ts';
import { WaitQueue } from '../wait-queue.ts';
import { clearChildTid } from './exit.ts';
import type { Task } from './task.ts';

export class FutexWaiter {
  woken = false;
  readonly queue = new WaitQueue();
  /** For FUTEX_WAIT_REQUEUE_PI and LOCK_PI: set once the lock is the waiter's. */
  constructor(public key: FutexKey, readonly bits: number, readonly tid: number) {}
}

/** One futex word as long as somebody waits on it. */
export class FutexKey {
  readonly waiters: FutexWaiter[] = [];
  constructor(readonly map: Map<number, FutexKey>, readonly address: number) {}
}

const ROBUST_LIST_LIMIT = 2048;

export class FutexTable {
  private readonly shared = new Map<number, FutexKey>();
  private readonly byMm = new WeakMap<Mm, Map<number, FutexKey>>();

  constructor(private readonly kernel: Kernel) {}

  /** The key of a word, made when `create` is set. Throws Errno(EFAULT). */
  key(mm: Mm, address: number, isPrivate: boolean, create: boolean): FutexKey | undefined {
    let map: Map<number, FutexKey>;
    let at = address;
    if (!isPrivate && mm.areas.find(address)?.shared) {
      map = this.shared;
      at = mm.physical(address, Access.Read);
    } else {
      map = this.byMm.get(mm) ?? new Map<number, FutexKey>();
      if (create) this.byMm.set(mm, map);
    }
    let key = map.get(at);
    if (key === undefined && create) {
      key = new FutexKey(map, at);
      map.set(at, key);
    }
    return key;
  }

  enqueue(task: Task, key: FutexKey, bits: number): FutexWaiter {
    const waiter = new FutexWaiter(key, bits, task.tid);
    key.waiters.push(waiter);
    return waiter;
  }

  /** Takes a waiter out that gave up. */
  remove(waiter: FutexWaiter): void {
    const { key } = waiter;
    const i = key.waiters.indexOf(waiter);
    if (i >= 0) key.waiters.splice(i, 1);
    this.dropEmpty(key);
  }

  /** Wakes up to `n` waiters whose bits meet `bits`, first come first. */
  wake(key: FutexKey | undefined, n: number, bits: number): number {
    if (key === undefined) return 0;
    let woken = 0;
    for (let i = 0; i < key.waiters.length && woken < n;) {
      const w = key.waiters[i];
      if ((w.bits & bits) === 0) { i++; continue; }
      key.waiters.splice(i, 1);
      w.woken = true;
      w.queue.wake();
      woken++;
    }
    this.dropEmpty(key);
    return woken;
  }

  wakeAddress(task: Task, address: number, n: number): void {
    for (const isPrivate of [true, false]) {
      try {
        if (this.wake(this.key(task.mm, address, isPrivate, false), n, FUTEX_BITSET_MATCH_ANY) > 0) return;
      } catch (e) {
        if (!isUserFault(e)) throw e;
      }
    }
  }

  /** Moves up to `n` waiters to another word. */
  requeue(from: FutexKey | undefined, to: FutexKey, n: number): number {
    if (from === undefined || from === to) return 0;
    const moved = from.waiters.splice(0, n);
    for (const w of moved) {
      w.key = to;
      to.waiters.push(w);
    }
    this.dropEmpty(from);
    return moved.length;
  }

  dropEmpty(key: FutexKey): void { if (key.waiters.length === 0 && key.map.get(key.address) === key) key.map.delete(key.address); }

  /** A thread ends or execs: robust futexes are marked, and the word of CLEARTID wakes its joiner. */
  exit(task: Task): void {
    if (task.robustList !== 0) this.exitRobust(task);
    task.robustList = 0;
    clearChildTid(task);
    task.clearChildTid = 0;
  }

  private exitRobust(task: Task): void {
    const { mm } = task;
    const head = task.robustList;
    try {
      const offset = mm.readI64(head + 8);
      const pending = mm.readU64(head + 16);
      let entry = mm.readU64(head);
      for (let n = 0; entry !== head && entry !== 0 && n < ROBUST_LIST_LIMIT; n++) {
        const next = mm.readU64(entry - (entry % 2));
        if (entry !== pending) this.ownerDied(task, entry - (entry % 2) + offset, false);
        entry = next;
      }
      if (pending !== 0) this.ownerDied(task, pending - (pending % 2) + offset, true);
    } catch (e) {
      if (!isUserFault(e)) throw e;
      this.kernel.log('kernel', `${task.comm}[${task.tid}]: the robust futex list is broken`);
    }
  }

  private ownerDied(task: Task, address: number, pending: boolean): void {
    const word = task.mm.readU32(address);
    if ((word & FUTEX_TID_MASK) !== task.tid) {
      if (pending && word === 0) this.wakeAddress(task, address, 1);
      return;
    }
    task.mm.writeU32(address, ((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0);
    if (word & FUTEX_WAITERS) this.wakeAddress(task, address, 1);
  }
}
