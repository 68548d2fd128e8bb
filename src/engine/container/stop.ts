/** POST /containers/{name}/stop: the stop signal, then SIGKILL when the time is over. Reference: moby daemon/stop.go. */
import type { Operation } from '../api/call.ts';
import { empty } from '../api/call.ts';
import type { Engine } from '../engine.ts';
import { NotModified } from '../errors.ts';
import type { Container } from './container.ts';
import { emitContainer } from './event.ts';
import { sendSignal } from './kill.ts';
import { SIGKILL, parseSignal, stopSignalOf } from './signals.ts';

const DEFAULT_TIMEOUT = 10;

export interface StopOptions {
  signal?: number;
  /** Seconds; negative waits for ever. */
  timeout?: number;
  /** False when the engine itself stops it: restart policies stay in force for the next start. */
  manual?: boolean;
}

export const containerStop: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const signal = call.query.text('signal');
  const options = { signal: signal === '' ? undefined : parseSignal(signal), timeout: call.query.integer('t') };
  if (!container.running) throw new NotModified('container is already stopped');
  await stopContainer(engine, container, options);
  return empty();
};

export async function stopContainer(engine: Engine, container: Container, options: StopOptions): Promise<void> {
  if (!container.running) return;
  if (options.manual !== false) container.record.manuallyStopped = true;
  const { config } = container.record;
  const seconds = options.timeout ?? config.StopTimeout ?? DEFAULT_TIMEOUT;
  const stopped = container.wait('not-running');
  if (container.cancelRestart) container.cancelRestart();
  else await sendSignal(engine, container, options.signal ?? stopSignalOf(config.StopSignal));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const overdue = seconds < 0 ? new Promise<'overdue'>(() => undefined) : new Promise<'overdue'>((resolve) => { timer = setTimeout(() => resolve('overdue'), seconds * 1000); });
  if ((await Promise.race([stopped, overdue])) === 'overdue') {
    await sendSignal(engine, container, SIGKILL);
    await stopped;
  }
  clearTimeout(timer);
  await engine.containers.save(container);
  emitContainer(engine, container, 'stop');
}
