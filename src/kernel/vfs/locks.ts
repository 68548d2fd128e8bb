/**
 * Locks on one inode: POSIX record locks and open-file-description locks (fcntl(2)), and flock(2). The owner says which
 * kind of lifetime a lock has: an FdTable (POSIX: the process), or a File (OFD locks and flock).
 */
import { EDEADLK } from '../../abi/errno.ts';
import { F_UNLCK, F_WRLCK, LOCK_EX, LOCK_SH } from '../../abi/fcntl.ts';
import { WaitQueue } from '../wait-queue.ts';

export interface RecordLock { owner: object; pid: number; type: number; /** First byte. */ start: number; /** Byte after the last; Infinity for "to the end, however it grows". */ end: number }

/** Who waits for whom, over all inodes: for EDEADLK of F_SETLKW. */
const waitingFor = new Map<object, object>();

export class FileLocks {
  /** Woken whenever a lock goes. */
  readonly waiters = new WaitQueue();
  private records: RecordLock[] = [];
  private whole = new Map<object, number>();

  /** The first lock of another owner that forbids `wanted`. */
  conflict(wanted: RecordLock): RecordLock | undefined {
    return this.records.find((l) => l.owner !== wanted.owner && l.start < wanted.end && wanted.start < l.end && (l.type === F_WRLCK || wanted.type === F_WRLCK));
  }

  /** Sets, changes or (F_UNLCK) removes; false when another owner's lock is in the way. */
  set(wanted: RecordLock): boolean {
    if (wanted.type !== F_UNLCK && this.conflict(wanted)) return false;
    const kept: RecordLock[] = [];
    for (const l of this.records) {
      if (l.owner !== wanted.owner || l.end <= wanted.start || l.start >= wanted.end) { kept.push(l); continue; }
      if (l.start < wanted.start) kept.push({ ...l, end: wanted.start });
      if (l.end > wanted.end) kept.push({ ...l, start: wanted.end });
    }
    if (wanted.type !== F_UNLCK) kept.push(merge(kept, wanted));
    this.records = kept.sort((a, b) => a.start - b.start);
    waitingFor.delete(wanted.owner);
    this.waiters.wake();
    return true;
  }

  /** Notes that `owner` will wait for `holder`; throws nothing, answers EDEADLK when that closes a circle. */
  wait(owner: object, holder: object): number {
    for (let o: object | undefined = holder; o; o = waitingFor.get(o)) if (o === owner) return -EDEADLK;
    waitingFor.set(owner, holder);
    return 0;
  }

  /** Ends a wait that was given up. */
  stopWaiting(owner: object): void { waitingFor.delete(owner); }

  /** flock(2); false when it conflicts. */
  flock(owner: object, kind: number): boolean {
    for (const [other, held] of this.whole) if (other !== owner && (held === LOCK_EX || kind === LOCK_EX)) return false;
    const old = this.whole.get(owner);
    this.whole.set(owner, kind);
    if (old === LOCK_EX && kind === LOCK_SH) this.waiters.wake();
    return true;
  }
  unflock(owner: object): void { if (this.whole.delete(owner)) this.waiters.wake(); }

  releaseOwner(owner: object): void {
    const before = this.records.length;
    this.records = this.records.filter((l) => l.owner !== owner);
    waitingFor.delete(owner);
    const flocked = this.whole.delete(owner);
    if (flocked || this.records.length !== before) this.waiters.wake();
  }
}

/** Joins `wanted` with neighbours of the same owner and type, taking them out of `kept`. */
function merge(kept: RecordLock[], wanted: RecordLock): RecordLock {
  const joined = { ...wanted };
  for (let i = kept.length - 1; i >= 0; i--) {
    const l = kept[i];
    if (l.owner !== joined.owner || l.type !== joined.type || l.end < joined.start || l.start > joined.end) continue;
    joined.start = Math.min(joined.start, l.start);
    joined.end = Math.max(joined.end, l.end);
    kept.splice(i, 1);
  }
  return joined;
}

