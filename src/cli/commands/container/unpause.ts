/** docker unpause. */
import { forEachName } from '../each.ts';
import { type CommandSpec } from '../../spec.ts';

export const unpause: CommandSpec = {
  names: ['container unpause', 'unpause'], display: 'unpause', usage: 'unpause [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Unpause all processes within one or more containers',
  arity: { min: 1 }, completeArgs: 'container',
  flags: [],
  run: (context, { args }) => forEachName(context, args, async (name) => { await context.client.call('POST', `/containers/${name}/unpause`); }),
};
