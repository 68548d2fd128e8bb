/** POST /containers/{name}/restart: stop when it runs, then start. Reference: moby daemon/restart.go. */
import { empty, type Operation } from '../api/call.ts';
import { emitContainer } from './event.ts';
import { startContainer } from './run.ts';
import { parseSignal } from './signals.ts';
import { stopContainer } from './stop.ts';

export const containerRestart: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const signal = call.query.text('signal');
  container.manuallyRestarting = true;
  try {
    await stopContainer(engine, container, { signal: signal === '' ? undefined : parseSignal(signal), timeout: call.query.integer('t') });
    await startContainer(engine, container);
  } finally {
    container.manuallyRestarting = false;
  }
  emitContainer(engine, container, 'restart');
  return empty();
};
