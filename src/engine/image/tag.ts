/** POST /images/{name}/tag?repo=&tag=. */
import { empty, type Operation } from '../api/call.ts';
import { emitImage } from './describe.ts';
import { joinReference } from './pull.ts';

export const imageTag: Operation = async (engine, call) => {
  const target = joinReference(call.query.text('repo'), call.query.text('tag'));
  const image = engine.images.resolve(call.params.name);
  await engine.images.tag(call.params.name, target);
  const tagged = engine.images.find(target);
  const name = tagged?.repoTags.find((t) => engine.images.find(t) === tagged && t.endsWith(target.replace(/^docker\.io\/(library\/)?/, ''))) ?? target;
  emitImage(engine, 'tag', image.id, name, image.config.config?.Labels);
  return empty(201);
};
