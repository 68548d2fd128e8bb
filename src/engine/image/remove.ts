/** DELETE /images/{name}. Reference: moby daemon/images/image_delete.go. */
import { json, type Operation } from '../api/call.ts';
import type { Engine } from '../engine.ts';
import { emitImage } from './describe.ts';

export const imageRemove: Operation = async (engine, call) => {
  const removals = await engine.images.remove(call.params.name, {
    force: call.query.flag('force'), noPrune: call.query.flag('noprune'),
    inUse: (id) => usedBy(engine, id),
  });
  for (const removal of removals) {
    if ('Untagged' in removal) emitImage(engine, 'untag', removal.Untagged, removal.Untagged);
    else emitImage(engine, 'delete', removal.Deleted, removal.Deleted);
  }
  return json(removals);
};

/** A running container first, since it forbids more. */
export function usedBy(engine: Engine, imageId: string): { container: string; running: boolean } | undefined {
  const users = engine.containers.all().filter((c) => c.record.imageId === imageId);
  const user = users.find((c) => c.running) ?? users[0];
  return user && { container: user.id, running: user.running };
}
