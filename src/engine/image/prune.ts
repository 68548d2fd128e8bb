/** POST /images/prune. Reference: moby daemon/images/image_prune.go. */
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { ImagesPruneResponse } from '../api/types/image.ts';
import { untilFilter } from '../prune.ts';
import { containersOf, createdSeconds, emitImage } from './describe.ts';

export const imagesPrune: Operation = async (engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('dangling', 'label', 'label!', 'until');
  const dangling = filters.boolean('dangling') ?? true;
  const until = untilFilter(filters, engine.clock);
  const { deleted, spaceReclaimed } = await engine.images.prune({
    dangling,
    keep: (image) => {
      const labels = image.config.config?.Labels;
      return containersOf(engine, image.id) > 0 || createdSeconds(image) * 1000 > until || !filters.labels('label', labels) || filters.noneOfLabels('label!', labels) === false;
    },
  });
  for (const removal of deleted) if ('Deleted' in removal) emitImage(engine, 'delete', removal.Deleted, removal.Deleted);
  engine.events.emit('image', 'prune', '', { reclaimed: String(spaceReclaimed) });
  return json({ ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: spaceReclaimed } satisfies ImagesPruneResponse);
};
