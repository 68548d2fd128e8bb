/** docker rename. */
import type { CommandSpec } from '../../spec.ts';

export const rename: CommandSpec = {
  names: ['container rename', 'rename'], display: 'rename', usage: 'rename CONTAINER NEW_NAME',
  summary: 'Rename a container',
  arity: { min: 2, max: 2 }, completeArgs: 'container', flags: [],
  async run({ client }, { args: [name, to] }) {
    await client.call('POST', `/containers/${name}/rename`, { query: { name: to } });
    return 0;
  },
};
