/** POST /containers/{name}/start. Reference: moby daemon/start.go. */
import { InvalidParameter } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import { parseDetachKeys } from '../detach-keys.ts';
import { startContainer } from './run.ts';

export const containerStart: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  if (call.query.text('checkpoint') !== '') throw new InvalidParameter('checkpoints are not supported');
  parseDetachKeys(call.query.text('detachKeys'));
  await startContainer(engine, container);
  return empty();
};
