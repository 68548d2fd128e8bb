/** POST /exec/{name}/resize?h=&w=. A size that comes before the process does is kept for it. */
import { Conflict } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import { sizeOf } from '../container/resize.ts';

export const execResize: Operation = async (engine, call) => {
  const size = sizeOf(call);
  const exec = engine.execs.get(call.params.name);
  if (exec.started && !exec.running) throw new Conflict(`exec ${exec.id} is not running`);
  if (exec.pid === 0) exec.pendingSize = size;
  else await exec.container.run?.sandbox.api.resize(exec.pid, ...size);
  return empty(200);
};
