/** DELETE /volumes/{name}. */
import { Conflict } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';

export const volumeRemove: Operation = async (engine, call) => {
  const { name } = call.params;
  if (!engine.volumes.has(name) && call.query.flag('force')) return empty();
  engine.volumes.get(name);
  const users = engine.volumes.users(name);
  if (users.length > 0) throw new Conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
  await engine.volumes.delete(name);
  return empty();
};
