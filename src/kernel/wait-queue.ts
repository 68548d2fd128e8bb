/**
 * Wait queues: what a blocked task sleeps on, and what poll and epoll listen to. As in Linux (wait(9)), a queue only says
 * "look again": the woken party re-checks the condition.
 */

export interface Waiter {
  /** Called on wake with the poll events that may now hold (POLLIN…; -1 for "anything"). Return true to count as one woken exclusive waiter. */
  wake(events: number): boolean | void;
}

export class WaitQueue {
  private readonly waiters = new Set<Waiter>();

  get empty(): boolean { return this.waiters.size === 0; }
  add(w: Waiter): void { this.waiters.add(w); }
  remove(w: Waiter): void { this.waiters.delete(w); }

  /** Wakes all waiters. */
  wake(events = -1): void {
    for (const w of [...this.waiters]) w.wake(events);
  }

  /** Wakes until `n` waiters have said true, in arrival order; returns how many did. */
  wakeSome(n: number, events = -1): number {
    let woken = 0;
    for (const w of [...this.waiters]) {
      if (woken >= n) break;
      if (w.wake(events) === true) woken++;
    }
    return woken;
  }
}
