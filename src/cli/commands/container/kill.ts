/** docker kill. */
import { forEachName } from '../each.ts';
import { flagString, type CommandSpec } from '../../spec.ts';

export const kill: CommandSpec = {
  names: ['container kill', 'kill'], display: 'kill', usage: 'kill [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Kill one or more running containers',
  arity: { min: 1 }, completeArgs: 'running',
  flags: [{ name: 'signal', short: 's', type: 'string', usage: 'Signal to send to the container' }],
  run: (context, { flags, args }) => forEachName(context, args, async (name) => {
    await context.client.call('POST', `/containers/${name}/kill`, { query: { signal: flagString(flags, 'signal') ?? 'SIGKILL' } });
  }),
};
