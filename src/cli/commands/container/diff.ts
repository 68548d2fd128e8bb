/** docker diff. */
import type { CommandSpec } from '../../spec.ts';

export const diff: CommandSpec = {
  names: ['container diff', 'diff'], display: 'diff', usage: 'diff CONTAINER',
  summary: "Inspect changes to files or directories on a container's filesystem",
  arity: { min: 1, max: 1 }, completeArgs: 'container', flags: [],
  async run({ client, io }, { args: [name] }) {
    const changes = await client.json<{ Path: string; Kind: 0 | 1 | 2 }[] | null>('GET', `/containers/${name}/changes`);
    for (const { Path, Kind } of changes ?? []) io.stdout(`${'CAD'[Kind]} ${Path}\n`);
    return 0;
  },
};
