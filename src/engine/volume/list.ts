/** GET /volumes. */
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { VolumeListResponse } from '../api/types/volume.ts';

export const volumeList: Operation = (engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('dangling', 'name', 'driver', 'label');
  const dangling = filters.boolean('dangling');
  const found = engine.volumes.all().filter((v) => filters.match('name', v.name) && filters.exact('driver', 'local') && filters.labels('label', v.labels)
    && (dangling === undefined || dangling === (engine.volumes.users(v.name).length === 0)));
  return json({ Volumes: found.map((v) => engine.volumes.describe(v)), Warnings: null } satisfies VolumeListResponse);
};
