/** Networks cannot be made or joined yet: containers have the default bridge or none. What Docker refuses for its own networks is refused in its words. */
import { Forbidden, NotImplemented } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { NetworksPruneResponse } from '../api/types/network.ts';
import { findNetwork } from './inspect.ts';

const REASON = 'user-defined networks are not supported yet';

export const networkCreate: Operation = () => { throw new NotImplemented(`cannot create a network: ${REASON}`); };

export const networkConnect: Operation = (_engine, call) => {
  findNetwork(call.params.id);
  throw new NotImplemented(`cannot connect a container: ${REASON}`);
};

export const networkDisconnect: Operation = (_engine, call) => {
  findNetwork(call.params.id);
  throw new NotImplemented(`cannot disconnect a container: ${REASON}`);
};

export const networkRemove: Operation = (_engine, call) => {
  const { Name } = findNetwork(call.params.id);
  throw new Forbidden(`${Name} is a pre-defined network and cannot be removed`);
};

/** Nothing to remove: the pre-defined networks stay. */
export const networksPrune: Operation = (_engine, call) => {
  Filters.parse(call.query.text('filters')).accept('label', 'label!', 'until');
  return json({ NetworksDeleted: null } satisfies NetworksPruneResponse);
};
