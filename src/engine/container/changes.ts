/** GET /containers/{name}/changes: docker diff. */
import { json, type Operation } from '../api/call.ts';
import type { FilesystemChange } from '../api/types/container.ts';
import { withFiles } from './archive-sandbox.ts';

export const containerChanges: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const changes = await withFiles(engine, container, (sandbox) => sandbox.api.changes());
  return json(changes.length === 0 ? null : changes.map(({ path, kind }): FilesystemChange => ({ Path: path, Kind: kind })));
};
