/** GET /images/get?names=, GET /images/{name}/get: docker save. */
import { InvalidParameter } from '../../base/errors.ts';
import type { Operation } from '../api/call.ts';
import { emitImage } from './describe.ts';

export const imageSave: Operation = (engine, call) => {
  const names = call.params.name ? [call.params.name] : call.query.all('names').flatMap((n) => n.split(','));
  if (names.length === 0) throw new InvalidParameter('no image names given');
  const images = names.map((name) => engine.images.resolve(name));
  const body = engine.images.save(names);
  for (const image of images) emitImage(engine, 'save', image.id, image.id, image.config.config?.Labels);
  return { status: 200, headers: { 'content-type': 'application/x-tar' }, body };
};
