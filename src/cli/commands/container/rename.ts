/** docker rename. */
import { EngineError } from '../../../client/engine-client.ts';
import { CliExit } from '../../io.ts';
import type { CommandSpec } from '../../spec.ts';

export const rename: CommandSpec = {
  names: ['container rename', 'rename'], display: 'rename', usage: 'rename CONTAINER NEW_NAME',
  summary: 'Rename a container',
  arity: { min: 2, max: 2 }, completeArgs: 'container', flags: [],
  async run({ client }, { args: [name, to] }) {
    try {
      await client.call('POST', `/containers/${name}/rename`, { query: { name: to } });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new CliExit(1, `Error response from daemon: ${error.message}\nError: failed to rename container named ${name}\n`);
    }
    return 0;
  },
};
