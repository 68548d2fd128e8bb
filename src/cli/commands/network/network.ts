/** docker network ls, create, rm, connect, disconnect. */
import { forEachName } from '../each.ts';
import { filterQuery } from '../filters.ts';
import { printListing, type Listing } from '../../format/listing.ts';
import { parseMap } from '../../opts.ts';
import { flagBool, flagList, flagString, type CommandSpec } from '../../spec.ts';

interface Network { Id: string; Name: string; Driver: string; Scope: string; Internal: boolean; EnableIPv6: boolean; Created: string; Labels: Record<string, string> | null }

const listing = (full: boolean): Listing<Network> => ({
  table: ['ID', 'Name', 'Driver', 'Scope'],
  columns: {
    ID: { header: 'NETWORK ID', value: (n) => full ? n.Id : n.Id.slice(0, 12) },
    Name: { header: 'NAME', value: (n) => n.Name },
    Driver: { header: 'DRIVER', value: (n) => n.Driver },
    Scope: { header: 'SCOPE', value: (n) => n.Scope },
    IPv6: { header: 'IPV6', value: (n) => String(n.EnableIPv6) },
    Internal: { header: 'INTERNAL', value: (n) => String(n.Internal) },
    CreatedAt: { header: 'CREATED AT', value: (n) => n.Created },
    Labels: { header: 'LABELS', value: (n) => Object.entries(n.Labels ?? {}).map(([k, x]) => `${k}=${x}`).join(',') },
  },
});

export const networkLs: CommandSpec = {
  names: ['network ls', 'network list'], display: 'network ls', usage: 'network ls [OPTIONS]', summary: 'List networks', arity: { min: 0, max: 0 },
  flags: [
    { name: 'filter', short: 'f', type: 'filter', usage: 'Provide filter values (e.g. "driver=bridge")' },
    { name: 'format', type: 'string', usage: 'Format output using a custom template' },
    { name: 'no-trunc', type: 'bool', usage: 'Do not truncate the output' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Only display network IDs' },
  ],
  async run({ client, io }, { flags }) {
    const rows = (await client.json<Network[]>('GET', '/networks', { query: { filters: filterQuery(flagList(flags, 'filter')) } })).sort((a, b) => (a.Name < b.Name ? -1 : 1));
    printListing(io, listing(flagBool(flags, 'no-trunc')), rows, flagString(flags, 'format'), flagBool(flags, 'quiet') ? 'ID' : undefined);
    return 0;
  },
};

export const networkCreate: CommandSpec = {
  names: ['network create'], display: 'network create', usage: 'network create [OPTIONS] NETWORK', summary: 'Create a network', arity: { min: 1, max: 1 },
  flags: [
    { name: 'driver', short: 'd', type: 'string', usage: 'Driver to manage the Network', default: 'bridge' },
    { name: 'internal', type: 'bool', usage: 'Restrict external access to the network' },
    { name: 'label', type: 'list', usage: 'Set metadata on a network' },
    { name: 'opt', short: 'o', type: 'map', usage: 'Set driver specific options' },
    { name: 'subnet', type: 'list', usage: 'Subnet in CIDR format that represents a network segment' },
  ],
  async run({ client, io }, { flags, args: [name] }) {
    const { Id } = await client.json<{ Id: string }>('POST', '/networks/create', {
      body: { Name: name, Driver: flagString(flags, 'driver') ?? 'bridge', Internal: flagBool(flags, 'internal'), Labels: parseMap(flagList(flags, 'label')), Options: parseMap(flagList(flags, 'opt')), IPAM: { Config: flagList(flags, 'subnet').map((Subnet) => ({ Subnet })) } },
    });
    io.stdout(`${Id}\n`);
    return 0;
  },
};

export const networkRm: CommandSpec = {
  names: ['network rm', 'network remove'], display: 'network rm', usage: 'network rm NETWORK [NETWORK...]', summary: 'Remove one or more networks', arity: { min: 1 }, completeArgs: 'network', flags: [],
  run: (context, { args }) => forEachName(context, args, async (name) => { await context.client.call('DELETE', `/networks/${name}`); }),
};
