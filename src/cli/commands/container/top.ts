/** docker top. */
import { renderTable } from '../../format/table.ts';
import type { CommandSpec } from '../../spec.ts';

export const top: CommandSpec = {
  names: ['container top', 'top'], display: 'top', usage: 'top CONTAINER [ps OPTIONS]',
  summary: 'Display the running processes of a container',
  arity: { min: 1 }, flagsFirst: true, completeArgs: 'running', flags: [],
  async run({ client, io }, { args: [name, ...options] }) {
    const { Titles, Processes } = await client.json<{ Titles: string[]; Processes: string[][] }>('GET', `/containers/${name}/top`, { query: { ps_args: options.join(' ') || undefined } });
    io.stdout(renderTable([Titles, ...Processes], { minimum: 20, padding: 1 }));
    return 0;
  },
};
