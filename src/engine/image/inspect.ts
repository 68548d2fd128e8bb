/** GET /images/{name}/json. */
import { json, type Operation } from '../api/call.ts';
import { describeImage } from './describe.ts';

export const imageInspect: Operation = (engine, call) => {
  const inspect = describeImage(engine, engine.images.resolve(call.params.name));
  return json(call.minor < 44 ? { ...inspect, VirtualSize: inspect.Size, Container: '', ContainerConfig: null } : inspect);
};
