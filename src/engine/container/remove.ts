/** DELETE /containers/{name}, and the removal of --rm containers. Reference: moby daemon/delete.go. */
import { Conflict, NotImplemented } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import type { Engine } from '../engine.ts';
import { messageOf } from '../errors.ts';
import { closeIdle } from './archive-sandbox.ts';
import type { Container } from './container.ts';
import { emitContainer } from './event.ts';
import { sendSignal } from './kill.ts';
import { SIGKILL } from './signals.ts';

export const containerRemove: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  if (call.query.flag('link')) throw new NotImplemented('removing links is not supported: containers have no legacy links here');
  await removeContainer(engine, container, { force: call.query.flag('force'), volumes: call.query.flag('v'), asked: call.params.name });
  return empty();
};

export async function removeContainer(engine: Engine, container: Container, options: { force: boolean; volumes: boolean; asked?: string }): Promise<void> {
  const { record } = container;
  if (container.removing) throw new Conflict(`removal of container ${options.asked ?? record.name} is already in progress`);
  if (container.running && !options.force) {
    const procedure = container.paused ? 'container is paused and must be unpaused first' : `container is ${container.status}: stop the container before removing or force remove`;
    throw new Conflict(`cannot remove container "/${record.name}": ${procedure}`);
  }
  container.removing = true;
  try {
    if (container.running) {
      const stopped = container.wait('not-running');
      record.manuallyStopped = true;
      if (container.cancelRestart) container.cancelRestart();
      else await sendSignal(engine, container, SIGKILL);
      await stopped;
    }
    await container.lock.run(async () => {
      await closeIdle(container);
      record.dead = true;
      record.state.Dead = true;
      await engine.containers.save(container);
      await engine.containers.drop(container);
      await engine.images.collectLayers(record.layers);
    });
  } catch (e) {
    container.removing = false;
    throw new Error(`container ${container.id}: ${messageOf(e)}`, { cause: e });
  }
  if (options.volumes) await engine.volumes.removeAnonymous(record.mounts);
  container.setRemoved();
  emitContainer(engine, container, 'destroy');
}

/** After the end of a container with --rm. */
export async function autoRemove(engine: Engine, container: Container): Promise<void> {
  if (!(container.record.hostConfig.AutoRemove || container.record.dead) || container.removing) return;
  try { await removeContainer(engine, container, { force: true, volumes: true }); } catch (e) {
    engine.log('engine', `cannot remove container ${container.id}: ${messageOf(e)}`);
  }
}
