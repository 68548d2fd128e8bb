/** Record locks and flock: conflicts, splitting and merging against a bitmap, waiting, deadlock. */
import { expect, it } from 'vitest';
import { F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_SH } from '../../../../src/abi/fcntl.ts';
import { FileLocks, type RecordLock } from '../../../../src/kernel/vfs/locks.ts';

const SIZE = 40;

it('record locks agree with a bitmap of locks', () => {
  let seed = 5;
  const pick = (n: number): number => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % n; };
  const locks = new FileLocks(), owners = [{}, {}, {}], held = owners.map(() => new Array<number>(SIZE + 1).fill(F_UNLCK));
  for (let i = 0; i < 3000; i++) {
    const o = pick(3), start = pick(SIZE), end = pick(6) === 0 ? Infinity : start + 1 + pick(SIZE - start), type = [F_RDLCK, F_WRLCK, F_UNLCK, F_UNLCK][pick(4)];
    const range = Array.from({ length: SIZE + 1 }, (_, at) => at).filter((at) => at >= start && at < end);
    const free = type === F_UNLCK || range.every((at) => held.every((h, other) => other === o || h[at] === F_UNLCK || (h[at] === F_RDLCK && type === F_RDLCK)));
    expect(locks.set({ owner: owners[o], pid: o, type, start, end }), `step ${i}`).toBe(free);
    if (free) for (const at of range) held[o][at] = type;
  }
});

it('flock conflicts by open file, converts, and goes with it', () => {
  const locks = new FileLocks(), a = {}, b = {};
  expect(locks.flock(a, LOCK_SH) && locks.flock(b, LOCK_SH)).toBe(true);
  expect(locks.flock(a, LOCK_EX)).toBe(false);
  locks.releaseOwner(b);
  expect(locks.flock(a, LOCK_EX)).toBe(true);
  expect(locks.flock(b, LOCK_SH)).toBe(false);
});

it('a circle of waiters is EDEADLK', () => {
  const one = new FileLocks(), two = new FileLocks(), a = {}, b = {}, lock = (owner: object): RecordLock => ({ owner, pid: 1, type: F_WRLCK, start: 0, end: 1 });
  expect(one.set(lock(a)) && two.set(lock(b))).toBe(true);
  expect(two.wait(a, b)).toBe(0);
  expect(one.wait(b, a)).toBe(-35);
  two.stopWaiting(a);
  expect(one.wait(b, a)).toBe(0);
  one.stopWaiting(b);
});
