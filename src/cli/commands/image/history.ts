/** docker history. */
import { printListing, type Listing } from '../../format/listing.ts';
import { humanDuration, humanSize } from '../../../base/units.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';

interface Step { Id: string; Created: number; CreatedBy: string; Size: number; Comment: string }

const listing = (now: number, full: boolean, human: boolean): Listing<Step> => ({
  table: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
  columns: {
    ID: { header: 'IMAGE', value: (s) => full ? s.Id : s.Id.replace('sha256:', '').slice(0, 12) },
    CreatedSince: { header: 'CREATED', value: (s) => human ? `${humanDuration(now - s.Created * 1000)} ago` : new Date(s.Created * 1000).toISOString().replace('.000', '') },
    CreatedAt: { header: 'CREATED AT', value: (s) => new Date(s.Created * 1000).toISOString().replace('.000', '') },
    CreatedBy: { header: 'CREATED BY', value: (s) => { const text = s.CreatedBy.replace(/\t/g, ' '); return !full && text.length > 45 ? `${text.slice(0, 44)}…` : text; } },
    Size: { header: 'SIZE', value: (s) => human ? humanSize(s.Size, 3) : String(s.Size) },
    Comment: { header: 'COMMENT', value: (s) => s.Comment },
  },
});

export const history: CommandSpec = {
  names: ['image history', 'history'], display: 'history', usage: 'history [OPTIONS] IMAGE',
  summary: 'Show the history of an image',
  arity: { min: 1, max: 1 }, completeArgs: 'image',
  flags: [
    { name: 'format', type: 'string', usage: 'Format output using a custom template' },
    { name: 'human', short: 'H', type: 'bool', usage: 'Print sizes and dates in human readable format', default: true },
    { name: 'no-trunc', type: 'bool', usage: "Don't truncate output" },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Only show image IDs' },
  ],
  async run({ client, io }, { flags, args: [name] }) {
    const steps = await client.json<Step[]>('GET', `/images/${name}/history`);
    printListing(io, listing(io.now(), flagBool(flags, 'no-trunc'), flags.human !== false), steps, flagString(flags, 'format'), flagBool(flags, 'quiet') ? 'ID' : undefined);
    return 0;
  },
};
