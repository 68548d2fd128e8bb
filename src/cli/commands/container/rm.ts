/** docker rm. With --force a container that does not exist is only reported. */
import { forEachName } from '../each.ts';
import { EngineError } from '../../../client/engine-client.ts';
import { flagBool, type CommandSpec } from '../../spec.ts';

export const rm: CommandSpec = {
  names: ['container rm', 'container remove', 'rm'], display: 'rm', usage: 'rm [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove one or more containers',
  arity: { min: 1 }, completeArgs: 'container',
  flags: [
    { name: 'force', short: 'f', type: 'bool', usage: 'Force the removal of a running container (uses SIGKILL)' },
    { name: 'link', short: 'l', type: 'bool', usage: 'Remove the specified link' },
    { name: 'volumes', short: 'v', type: 'bool', usage: 'Remove anonymous volumes associated with the container' },
  ],
  run: (context, { flags, args }) => forEachName(context, args, async (name) => {
    try {
      await context.client.call('DELETE', `/containers/${name}`, { query: { force: flagBool(flags, 'force'), v: flagBool(flags, 'volumes'), link: flagBool(flags, 'link') } });
      return name;
    } catch (error) {
      if (!flagBool(flags, 'force') || !(error instanceof EngineError) || error.status !== 404) throw error;
      context.io.stderr(`Error response from daemon: ${error.message}\n`);
      return '';
    }
  }),
};
