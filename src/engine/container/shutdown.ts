/** Stopping everything as the daemon ends: each container gets its stop signal and its time, all at once. */
import type { Engine } from '../engine.ts';
import { messageOf } from '../errors.ts';
import { closeIdle } from './archive-sandbox.ts';
import { stopContainer } from './stop.ts';

export async function stopAll(engine: Engine, seconds: number): Promise<void> {
  await Promise.all(engine.containers.all().map(async (container) => {
    container.cancelRestart?.();
    try {
      if (container.running) await stopContainer(engine, container, { timeout: Math.min(seconds, container.record.config.StopTimeout ?? seconds), manual: false });
      await closeIdle(container);
    } catch (e) { engine.log('engine', `cannot stop container ${container.id}: ${messageOf(e)}`); }
  }));
}
