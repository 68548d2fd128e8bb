/** POST /containers/{name}/rename?name=. Reference: moby daemon/rename.go. */
import { InvalidParameter } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import { nameProblem } from '../names.ts';
import { emitContainer } from './event.ts';

export const containerRename: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const oldName = container.record.name;
  const asked = call.query.text('name');
  if (asked === '') throw new InvalidParameter('Neither old nor new names may be empty');
  const problem = nameProblem(asked);
  if (problem) throw new InvalidParameter(problem);
  const newName = asked.replace(/^\//, '');
  if (newName === oldName) throw new InvalidParameter('Renaming a container with the same name as its current name');
  engine.containers.reserve(newName, container.id);
  engine.containers.release(oldName);
  container.record.name = newName;
  await engine.containers.save(container);
  emitContainer(engine, container, 'rename', { oldName: `/${oldName}` });
  return empty();
};
