/** POST /images/{name}/tag?repo=&tag=. */
import { empty, type Operation } from '../api/call.ts';
import { emitImage } from './describe.ts';
import { familiar, joinReference } from './names.ts';

export const imageTag: Operation = async (engine, call) => {
  const target = joinReference(call.query.text('repo'), call.query.text('tag'));
  const image = engine.images.resolve(call.params.name);
  await engine.images.tag(call.params.name, target);
  emitImage(engine, 'tag', image.id, familiar(call.query.text('tag') === '' ? `${target}:latest` : target), image.config.config?.Labels);
  return empty(201);
};
