/** GET /networks. */
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import { PREDEFINED } from './predefined.ts';

export const networkList: Operation = (_engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('dangling', 'driver', 'id', 'label', 'name', 'scope', 'type');
  return json(PREDEFINED.filter((n) => filters.match('id', n.Id) && filters.match('name', n.Name) && filters.exact('driver', n.Driver) && filters.exact('scope', n.Scope)
    && filters.labels('label', n.Labels) && filters.exact('type', 'builtin') && filters.boolean('dangling') !== true));
};
