/** docker restart. */
import { forEachName } from '../each.ts';
import { flagNumber, flagString, type CommandSpec } from '../../spec.ts';

export const restart: CommandSpec = {
  names: ['container restart', 'restart'], display: 'restart', usage: 'restart [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Restart one or more containers',
  arity: { min: 1 }, completeArgs: 'container',
  flags: [
    { name: 'signal', short: 's', type: 'string', usage: 'Signal to send to the container' },
    { name: 'timeout', short: 't', type: 'int', usage: 'Seconds to wait before killing the container' },
  ],
  run: (context, { flags, args }) => forEachName(context, args, async (name) => {
    await context.client.call('POST', `/containers/${name}/restart`, { query: { t: flagNumber(flags, 'timeout'), signal: flagString(flags, 'signal') } });
  }),
};
