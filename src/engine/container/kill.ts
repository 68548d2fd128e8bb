/** POST /containers/{name}/kill. Reference: moby daemon/kill.go. */
import { Conflict, DockerError } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import type { Engine } from '../engine.ts';
import type { Container } from './container.ts';
import { emitContainer } from './event.ts';
import { SIGKILL, parseSignal, stopSignalOf } from './signals.ts';

export const containerKill: Operation = async (engine, call) => {
  const { name } = call.params;
  try { await killContainer(engine, name, call.query.text('signal')); } catch (e) {
    if (e instanceof DockerError) e.message = `cannot kill container: ${name}: ${e.message}`;
    throw e;
  }
  return empty();
};

async function killContainer(engine: Engine, name: string, text: string): Promise<void> {
  const container = engine.containers.get(name);
  const signal = text === '' ? SIGKILL : parseSignal(text);
  if (!container.running) throw new Conflict(`container ${container.id} is not running`);
  if (signal === SIGKILL || signal === stopSignalOf(container.record.config.StopSignal)) container.record.manuallyStopped = true;
  const stopped = container.wait('not-running');
  if (container.cancelRestart) container.cancelRestart();
  else await sendSignal(engine, container, signal);
  if (signal === SIGKILL) await stopped;
}

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
