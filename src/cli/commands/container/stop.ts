/** docker stop: the stop signal, then SIGKILL after the timeout. */
import { forEachName } from '../each.ts';
import { flagNumber, flagString, type CommandSpec } from '../../spec.ts';

export const stop: CommandSpec = {
  names: ['container stop', 'stop'], display: 'stop', usage: 'stop [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  arity: { min: 1 }, completeArgs: 'running',
  flags: [
    { name: 'signal', short: 's', type: 'string', usage: 'Signal to send to the container' },
    { name: 'timeout', short: 't', type: 'int', usage: 'Seconds to wait before killing the container' },
  ],
  run: (context, { flags, args }) => forEachName(context, args, async (name) => {
    await context.client.call('POST', `/containers/${name}/stop`, { query: { t: flagNumber(flags, 'timeout'), signal: flagString(flags, 'signal') } });
  }),
};
