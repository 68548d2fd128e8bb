/** POST /images/{name}/push?tag=. */
import type { RegistryAuth } from '../../image/types.ts';
import type { Operation } from '../api/call.ts';
import { jsonStream } from '../api/json-stream.ts';
import { emitImage } from './describe.ts';
import { joinReference } from './names.ts';

export const imagePush: Operation = (engine, call) => {
  const reference = joinReference(call.params.name, call.query.text('tag'));
  const auth = call.base64Header<RegistryAuth>('x-registry-auth');
  return jsonStream(async (emit, cancelled) => {
    const pushed = await engine.images.push(reference, { auth, progress: emit, signal: cancelled });
    emit({ progressDetail: {}, aux: { Tag: pushed.tag, Digest: pushed.digest, Size: pushed.size } });
    emitImage(engine, 'push', reference, call.params.name);
  });
};
