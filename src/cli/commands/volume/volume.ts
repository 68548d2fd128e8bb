/** docker volume ls, create, rm. */
import { forEachName } from '../each.ts';
import { filterQuery } from '../filters.ts';
import { printListing, type Listing } from '../../format/listing.ts';
import { humanSize } from '../../../base/units.ts';
import { parseMap } from '../../opts.ts';
import { flagBool, flagList, flagString, type CommandSpec } from '../../spec.ts';

interface Volume { Name: string; Driver: string; Mountpoint: string; Scope: string; Labels: Record<string, string> | null; UsageData?: { Size: number; RefCount: number } }

const listing: Listing<Volume> = {
  table: ['Driver', 'Name'],
  columns: {
    Driver: { header: 'DRIVER', value: (v) => v.Driver },
    Name: { header: 'VOLUME NAME', value: (v) => v.Name },
    Scope: { header: 'SCOPE', value: (v) => v.Scope },
    Mountpoint: { header: 'MOUNTPOINT', value: (v) => v.Mountpoint },
    Labels: { header: 'LABELS', value: (v) => Object.entries(v.Labels ?? {}).map(([k, x]) => `${k}=${x}`).join(',') },
    Label: { header: '', value: (v) => (key: string) => v.Labels?.[key] ?? '' },
    Size: { header: 'SIZE', value: (v) => v.UsageData ? humanSize(v.UsageData.Size, 3) : 'N/A' },
    Links: { header: 'LINKS', value: (v) => v.UsageData ? String(v.UsageData.RefCount) : 'N/A' },
  },
};

export const volumeLs: CommandSpec = {
  names: ['volume ls', 'volume list'], display: 'volume ls', usage: 'volume ls [OPTIONS]', summary: 'List volumes', arity: { min: 0, max: 0 },
  flags: [
    { name: 'filter', short: 'f', type: 'filter', usage: 'Provide filter values (e.g. "dangling=true")' },
    { name: 'format', type: 'string', usage: 'Format output using a custom template' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Only display volume names' },
  ],
  async run({ client, io }, { flags }) {
    const { Volumes } = await client.json<{ Volumes: Volume[] | null }>('GET', '/volumes', { query: { filters: filterQuery(flagList(flags, 'filter')) } });
    const rows = [...(Volumes ?? [])].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    printListing(io, listing, rows, flagString(flags, 'format'), flagBool(flags, 'quiet') ? 'Name' : undefined);
    return 0;
  },
};

export const volumeCreate: CommandSpec = {
  names: ['volume create'], display: 'volume create', usage: 'volume create [OPTIONS] [VOLUME]', summary: 'Create a volume', arity: { min: 0, max: 1 },
  flags: [
    { name: 'driver', short: 'd', type: 'string', usage: 'Specify volume driver name', default: 'local' },
    { name: 'label', type: 'list', usage: 'Set metadata for a volume' },
    { name: 'opt', short: 'o', type: 'map', usage: 'Set driver specific options' },
  ],
  async run({ client, io }, { flags, args: [name] }) {
    const volume = await client.json<Volume>('POST', '/volumes/create', { body: { Name: name ?? '', Driver: flagString(flags, 'driver') ?? 'local', DriverOpts: parseMap(flagList(flags, 'opt')), Labels: parseMap(flagList(flags, 'label')) } });
    io.stdout(`${volume.Name}\n`);
    return 0;
  },
};

export const volumeRm: CommandSpec = {
  names: ['volume rm', 'volume remove'], display: 'volume rm', usage: 'volume rm [OPTIONS] VOLUME [VOLUME...]', summary: 'Remove one or more volumes', arity: { min: 1 }, completeArgs: 'volume',
  flags: [{ name: 'force', short: 'f', type: 'bool', usage: 'Force the removal of one or more volumes' }],
  run: (context, { flags, args }) => forEachName(context, args, async (name) => { await context.client.call('DELETE', `/volumes/${name}`, { query: { force: flagBool(flags, 'force') } }); }),
};
