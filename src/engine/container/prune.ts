/** POST /containers/prune: removes the containers that do not run. */
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { ContainersPruneResponse } from '../api/types/container.ts';
import { untilFilter } from '../prune.ts';
import { storeSize } from '../volume/volumes.ts';
import { removeContainer } from './remove.ts';

export const containersPrune: Operation = async (engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('label', 'label!', 'until');
  const until = untilFilter(filters, engine.clock);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of engine.containers.all()) {
    const { record } = container;
    if (container.running || container.removing || Date.parse(record.created) > until) continue;
    if (!filters.labels('label', record.config.Labels) || filters.noneOfLabels('label!', record.config.Labels) === false) continue;
    reclaimed += await storeSize(engine, `rw/${container.id}/`);
    await removeContainer(engine, container, { force: false, volumes: false });
    deleted.push(container.id);
  }
  engine.events.emit('container', 'prune', '', { reclaimed: String(reclaimed) });
  return json({ ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed } satisfies ContainersPruneResponse);
};
