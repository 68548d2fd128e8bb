/** docker events. */
import { compileTemplate } from '../../template/exec.ts';
import { eventTime } from '../../format/time.ts';
import { flagList, flagString, type CommandSpec } from '../../spec.ts';
import { filterQuery } from '../filters.ts';

interface Event { Type: string; Action: string; Actor: { ID: string; Attributes: Record<string, string> }; time: number; timeNano: number; scope?: string }

function line({ Type, Action, Actor, time, timeNano }: Event): string {
  const stamp = new Date(time * 1000).toISOString().slice(0, 19) + `.${String(timeNano % 1e9).padStart(9, '0')}Z`;
  const attributes = Object.entries(Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`).join(', ');
  return `${stamp} ${Type} ${Action} ${Actor.ID}${attributes ? ` (${attributes})` : ''}\n`;
}

export const events: CommandSpec = {
  names: ['system events', 'events'], display: 'events', usage: 'events [OPTIONS]', summary: 'Get real time events from the server', arity: { min: 0, max: 0 },
  flags: [
    { name: 'filter', short: 'f', type: 'filter', usage: 'Filter output based on conditions provided' },
    { name: 'format', type: 'string', usage: 'Format output using a custom template' },
    { name: 'since', type: 'string', usage: 'Show all events created since timestamp' },
    { name: 'until', type: 'string', usage: 'Stream events until this timestamp' },
  ],
  async run({ client, io }, { flags }) {
    const format = flagString(flags, 'format');
    const print = format === undefined ? line as (e: unknown) => string : format === 'json' ? (e: unknown) => JSON.stringify(e) + '\n' : ((t) => (e: unknown) => t(e) + '\n')(compileTemplate(format));
    const query = { since: eventTime(flagString(flags, 'since'), io.now()), until: eventTime(flagString(flags, 'until'), io.now()), filters: filterQuery(flagList(flags, 'filter')) };
    try {
      for await (const event of client.lines<Event>('GET', '/events', { query, signal: io.interrupt })) io.stdout(print(event));
    } catch (error) {
      if (!io.interrupt.aborted) throw error;
    }
    return io.interrupt.aborted ? 130 : 0;
  },
};
