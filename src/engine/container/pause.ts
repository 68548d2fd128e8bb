/** POST /containers/{name}/pause: no instruction of the container is executed until unpause. Reference: moby daemon/pause.go. */
import { Conflict } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import { emitContainer } from './event.ts';

export const containerPause: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const { run } = container;
  if (container.restarting) throw new Conflict(`Container ${container.id} is restarting, wait until the container is running`);
  if (!run) throw new Conflict(`container ${container.id} is not running`);
  if (container.paused) throw new Conflict(`Container ${container.id} is already paused`);
  await run.sandbox.api.pause();
  container.setPaused(true);
  await engine.containers.save(container);
  emitContainer(engine, container, 'pause');
  return empty();
};
