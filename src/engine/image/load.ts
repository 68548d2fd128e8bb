/** POST /images/load: docker load. */
import type { Operation } from '../api/call.ts';
import { jsonStream } from '../api/json-stream.ts';
import { emitImage } from './describe.ts';

export const imageLoad: Operation = (engine, call) => {
  const quiet = call.query.flag('quiet');
  return jsonStream(async (emit, cancelled) => {
    const { images } = await engine.images.load(call.stream(), {
      signal: cancelled,
      progress: (message) => { if (!quiet || message.stream !== undefined) emit(message); },
    });
    for (const image of images) emitImage(engine, 'load', image.id, image.id, image.config.config?.Labels);
  });
};
