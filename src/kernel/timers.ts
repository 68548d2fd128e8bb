/** Timers of the kernel: a binary heap by deadline in monotonic milliseconds. Cancelled ones are skipped when they surface. */

export class Timer {
  cancelled = false;
  constructor(readonly deadline: number, readonly fire: () => void) {}
  cancel(): void { this.cancelled = true; }
}

export class TimerHeap {
  private readonly heap: Timer[] = [];

  /** @param onSet told of each new deadline, so that a sleeping driver can sleep less */
  constructor(private readonly onSet: (deadline: number) => void) {}

  /** Calls `fire` once, at or soon after `deadline`, between two guest time slices. */
  at(deadline: number, fire: () => void): Timer {
    const t = new Timer(deadline, fire);
    const h = this.heap;
    let i = h.length;
    h.push(t);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (h[parent].deadline <= deadline) break;
      h[i] = h[parent];
      i = parent;
    }
    h[i] = t;
    this.onSet(deadline);
    return t;
  }

  /** The next deadline, or Infinity. */
  get next(): number {
    while (this.heap.length > 0 && this.heap[0].cancelled) this.pop();
    return this.heap.length > 0 ? this.heap[0].deadline : Infinity;
  }

  /** Fires what is due. */
  run(now: number): void {
    while (this.next <= now) this.pop().fire();
  }

  private pop(): Timer {
    const h = this.heap;
    const top = h[0];
    const last = h.pop()!;
    if (h.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= h.length) break;
      if (child + 1 < h.length && h[child + 1].deadline < h[child].deadline) child++;
      if (h[child].deadline >= last.deadline) break;
      h[i] = h[child];
      i = child;
    }
    h[i] = last;
    return top;
  }
}
