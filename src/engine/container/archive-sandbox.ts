/**
 * File operations on a container: on its live sandbox, or on one that is booted without a process while the container is
 * stopped. The latter stays for a moment, since docker cp asks twice.
 */
import { Conflict } from '../../base/errors.ts';
import type { Engine } from '../engine.ts';
import { Sandbox } from '../sandbox.ts';
import type { Container } from './container.ts';
import { sandboxSpec } from './spec.ts';

const IDLE_MS = 3000;

interface Idle { sandbox: Sandbox; timer: ReturnType<typeof setTimeout> }
const idle = new WeakMap<Container, Idle>();

/** Runs `f` with a sandbox that shows the container's files. Starts wait until it is done. */
export async function withFiles<T>(engine: Engine, container: Container, f: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  if (container.removing || container.record.dead) throw new Conflict('container is marked for removal');
  if (container.run) return f(container.run.sandbox);
  return container.lock.run(async () => {
    if (container.run) return f(container.run.sandbox);
    const held = idle.get(container);
    if (held) clearTimeout(held.timer);
    const sandbox = held?.sandbox ?? (await Sandbox.boot(engine.sandboxes, sandboxSpec(engine, container)));
    try {
      return await f(sandbox);
    } finally {
      idle.set(container, { sandbox, timer: setTimeout(() => { void container.lock.run(() => closeIdle(container)); }, IDLE_MS) });
    }
  });
}

/** Ends the sandbox kept for file operations, before a start or a removal. Call with the lock held. */
export async function closeIdle(container: Container): Promise<void> {
  const held = idle.get(container);
  if (!held) return;
  idle.delete(container);
  clearTimeout(held.timer);
  await held.sandbox.close();
}
