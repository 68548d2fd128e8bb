/** docker pause. */
import { forEachName } from '../each.ts';
import { type CommandSpec } from '../../spec.ts';

export const pause: CommandSpec = {
  names: ['container pause', 'pause'], display: 'pause', usage: 'pause [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Pause all processes within one or more containers',
  arity: { min: 1 }, completeArgs: 'running',
  flags: [],
  run: (context, { args }) => forEachName(context, args, async (name) => { await context.client.call('POST', `/containers/${name}/pause`); }),
};
