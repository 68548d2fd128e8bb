/** Runs a function after pending events, without the 4 ms that nested timers cost: a message to oneself. */

export function createYield(): (f: () => void) => void {
  const { port1, port2 } = new MessageChannel(), waiting: (() => void)[] = [];
  port1.onmessage = () => { waiting.shift()?.(); };
  return (f) => {
    waiting.push(f);
    port2.postMessage(undefined);
  };
}
