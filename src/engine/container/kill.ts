/** POST /containers/{name}/kill. Reference: moby daemon/kill.go. */
import { Conflict } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import type { Engine } from '../engine.ts';
import type { Container } from './container.ts';
import { emitContainer } from './event.ts';
import { SIGKILL, parseSignal, stopSignalOf } from './signals.ts';

export const containerKill: Operation = async (engine, call) => {
  const text = call.query.text('signal');
  const signal = text === '' ? SIGKILL : parseSignal(text);
  const container = engine.containers.get(call.params.name);
  if (!container.running) throw new Conflict(`cannot kill container: ${call.params.name}: container ${container.id} is not running`);
  if (signal === SIGKILL || signal === stopSignalOf(container.record.config.StopSignal)) container.record.manuallyStopped = true;
  const stopped = container.wait('not-running');
  if (container.cancelRestart) container.cancelRestart();
  else await sendSignal(engine, container, signal);
  if (signal === SIGKILL) await stopped;
  return empty();
};

/** Sends a signal to pid 1. A paused container is resumed for the signals that are to end it. */
export async function sendSignal(engine: Engine, container: Container, signal: number): Promise<void> {
  const { run } = container;
  if (!run) return;
  await run.sandbox.api.kill(run.pid, signal);
  if (container.paused && (signal === SIGKILL || signal === stopSignalOf(container.record.config.StopSignal))) {
    await run.sandbox.api.unpause();
    container.setPaused(false);
    emitContainer(engine, container, 'unpause');
  }
  emitContainer(engine, container, 'kill', { signal: String(signal) });
}
