/** POST /containers/{name}/unpause. Reference: moby daemon/unpause.go. */
import { Conflict } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import { emitContainer } from './event.ts';

export const containerUnpause: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  if (!container.paused || !container.run) throw new Conflict(`Container ${container.id} is not paused`);
  await container.run.sandbox.api.unpause();
  container.setPaused(false);
  await engine.containers.save(container);
  emitContainer(engine, container, 'unpause');
  return empty();
};
