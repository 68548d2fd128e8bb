/** docker rmi. */
import { forEachName } from '../each.ts';
import { flagBool, type CommandSpec } from '../../spec.ts';

export const rmi: CommandSpec = {
  names: ['image rm', 'image remove', 'rmi'], display: 'rmi', usage: 'rmi [OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove one or more images',
  arity: { min: 1 }, completeArgs: 'image',
  flags: [
    { name: 'force', short: 'f', type: 'bool', usage: 'Force removal of the image' },
    { name: 'no-prune', type: 'bool', usage: 'Do not delete untagged parents' },
  ],
  run: (context, { flags, args }) => forEachName(context, args, async (name) => {
    const deleted = await context.client.json<{ Untagged?: string; Deleted?: string }[]>('DELETE', `/images/${name}`, { query: { force: flagBool(flags, 'force'), noprune: flagBool(flags, 'no-prune') } });
    return deleted.map((d) => d.Deleted ? `Deleted: ${d.Deleted}` : `Untagged: ${d.Untagged}`).join('\n');
  }),
};
