/** docker wait. */
import { forEachName } from '../each.ts';
import { type CommandSpec } from '../../spec.ts';

export const wait: CommandSpec = {
  names: ['container wait', 'wait'], display: 'wait', usage: 'wait CONTAINER [CONTAINER...]',
  summary: 'Block until one or more containers stop, then print their exit codes',
  arity: { min: 1 }, completeArgs: 'running',
  flags: [],
  run: (context, { args }) => forEachName(context, args, async (name) => {
    const { StatusCode } = await context.client.json<{ StatusCode: number }>('POST', `/containers/${name}/wait`);
    return String(StatusCode);
  }),
};
