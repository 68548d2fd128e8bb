/** POST /containers/{name}/resize?h=&w=. */
import { Conflict, InvalidParameter } from '../../base/errors.ts';
import { empty, type Call, type Operation } from '../api/call.ts';
import { emitContainer } from './event.ts';

export const containerResize: Operation = async (engine, call) => {
  const [rows, columns] = sizeOf(call);
  const container = engine.containers.get(call.params.name);
  if (!container.run) throw new Conflict(`container ${container.id} is not running`);
  await container.run.sandbox.api.resize(container.run.pid, rows, columns);
  emitContainer(engine, container, 'resize', { height: String(rows), width: String(columns) });
  return empty(200);
};

export function sizeOf(call: Call): [rows: number, columns: number] {
  const rows = call.query.integer('h'), columns = call.query.integer('w');
  if (rows === undefined || columns === undefined || rows < 0 || columns < 0) throw new InvalidParameter('invalid resize: h and w must be numbers');
  return [rows, columns];
}
