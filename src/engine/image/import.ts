/** POST /images/create?fromSrc=-: a filesystem tar becomes an image (docker import). Reference: moby daemon/images/image_import.go. */
import { NotImplemented } from '../../base/errors.ts';
import type { Call } from '../api/call.ts';
import { jsonStream } from '../api/json-stream.ts';
import type { EngineResponse } from '../api/message.ts';
import type { Engine } from '../engine.ts';
import { applyChanges } from './changes.ts';
import { emitImage } from './describe.ts';
import { joinReference } from './names.ts';

export function importImage(engine: Engine, call: Call): Promise<EngineResponse> {
  const { query } = call;
  const source = query.text('fromSrc');
  if (source !== '-') throw new NotImplemented('importing from a URL is not supported: send the archive itself');
  const repo = query.text('repo');
  const reference = repo === '' ? undefined : joinReference(repo, query.text('tag'));
  const config = applyChanges({}, query.all('changes'));
  const message = query.text('message') || 'Imported from -';
  return jsonStream(async (emit, cancelled) => {
    const image = await engine.images.import(call.stream(), { reference, message, config: { config }, progress: emit, signal: cancelled });
    emitImage(engine, 'import', image.id, reference ?? image.id);
  });
}
