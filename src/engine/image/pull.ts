/**
 * POST /images/create: pull with fromImage, import with fromSrc. Errors after the first progress line come in-stream.
 * Reference: moby server/router/image/image_routes.go postImagesCreate.
 */
import { InvalidParameter } from '../../base/errors.ts';
import type { RegistryAuth } from '../../image/types.ts';
import type { Call, Operation } from '../api/call.ts';
import { jsonStream } from '../api/json-stream.ts';
import type { EngineResponse } from '../api/message.ts';
import type { Engine } from '../engine.ts';
import { emitImage } from './describe.ts';
import { importImage } from './import.ts';
import { familiar, joinReference } from './names.ts';

export const imageCreate: Operation = (engine, call) => {
  if (call.query.text('fromImage') !== '') return pull(engine, call);
  if (call.query.text('fromSrc') !== '') return importImage(engine, call);
  throw new InvalidParameter('either fromImage or fromSrc must be given');
};

function pull(engine: Engine, call: Call): Promise<EngineResponse> {
  const name = call.query.text('fromImage'), tag = call.query.text('tag');
  const options = { platform: call.query.text('platform') || undefined, auth: call.base64Header<RegistryAuth>('x-registry-auth') };
  const reference = joinReference(name, tag);
  return jsonStream(async (emit, cancelled) => {
    const all = tag === '' && !/[:@]/.test(name.slice(name.lastIndexOf('/') + 1));
    if (all) {
      for (const image of await engine.images.pullAll(name, { ...options, progress: emit, signal: cancelled })) emitImage(engine, 'pull', image.repoTags[0] ?? image.id, familiar(name), image.config.config?.Labels);
      return;
    }
    const image = await engine.images.pull(reference, { ...options, progress: emit, signal: cancelled });
    emitImage(engine, 'pull', familiar(reference), familiar(name), image.config.config?.Labels);
  });
}
