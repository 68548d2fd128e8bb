/** POST /volumes/prune: unused anonymous volumes; all unused ones with filter all, and before API 1.42. */
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { VolumesPruneResponse } from '../api/types/volume.ts';

export const volumesPrune: Operation = async (engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('label', 'label!', 'all');
  const all = call.minor < 42 || filters.boolean('all') === true;
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const volume of engine.volumes.all()) {
    if (!all && !volume.anonymous) continue;
    if (engine.volumes.users(volume.name).length > 0) continue;
    if (!filters.labels('label', volume.labels) || filters.noneOfLabels('label!', volume.labels) === false) continue;
    reclaimed += await engine.volumes.size(volume);
    await engine.volumes.delete(volume.name);
    deleted.push(volume.name);
  }
  engine.events.emit('volume', 'prune', '', { reclaimed: String(reclaimed) });
  return json({ VolumesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed } satisfies VolumesPruneResponse);
};
