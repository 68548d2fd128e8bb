/** docker ps. */
import { printListing, type Listing } from '../../format/listing.ts';
import { goTime } from '../../format/time.ts';
import { humanDuration, humanSize } from '../../../base/units.ts';
import { flagBool, flagList, flagNumber, flagString, type CommandSpec } from '../../spec.ts';
import { filterQuery } from '../filters.ts';

interface Port { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }
interface Summary {
  Id: string; Names: string[]; Image: string; Command: string; Created: number; Ports: Port[]; State: string; Status: string; SizeRw?: number; SizeRootFs?: number;
  Labels: Record<string, string>; Mounts: { Name?: string; Source: string }[]; NetworkSettings?: { Networks?: Record<string, unknown> };
}

const ellipsis = (text: string, n: number): string => [...text].length > n ? [...text].slice(0, n - 1).join('') + '…' : text;

/** `0.0.0.0:8080->80/tcp`. */
export function portsText(ports: readonly Port[]): string {
  const sorted = [...ports].sort((a, b) => a.PrivatePort - b.PrivatePort || (a.PublicPort ?? 0) - (b.PublicPort ?? 0) || (a.Type < b.Type ? -1 : 1));
  return sorted.map((p) => p.PublicPort === undefined ? `${p.PrivatePort}/${p.Type}` : `${p.IP?.includes(':') ? `[${p.IP}]` : p.IP}:${p.PublicPort}->${p.PrivatePort}/${p.Type}`).join(', ');
}

function listing(now: number, full: boolean): Listing<Summary> {
  const names = (s: Summary): string => s.Names.map((n) => n.replace(/^\//, '')).filter((n) => full || !n.includes('/')).join(',');
  return {
    table: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
    columns: {
      ID: { header: 'CONTAINER ID', value: (s) => full ? s.Id : s.Id.slice(0, 12) },
      Image: { header: 'IMAGE', value: (s) => s.Image || '<no image>' },
      Command: { header: 'COMMAND', value: (s) => JSON.stringify(full ? s.Command : ellipsis(s.Command, 20)) },
      CreatedAt: { header: 'CREATED AT', value: (s) => goTime(s.Created) },
      RunningFor: { header: 'CREATED', value: (s) => `${humanDuration(now - s.Created * 1000)} ago` },
      Ports: { header: 'PORTS', value: (s) => portsText(s.Ports) },
      State: { header: 'STATE', value: (s) => s.State },
      Status: { header: 'STATUS', value: (s) => s.Status },
      Size: { header: 'SIZE', value: (s) => s.SizeRootFs ? `${humanSize(s.SizeRw ?? 0, 3)} (virtual ${humanSize(s.SizeRootFs, 3)})` : humanSize(s.SizeRw ?? 0, 3) },
      Names: { header: 'NAMES', value: names },
      Labels: { header: 'LABELS', value: (s) => Object.entries(s.Labels).map(([k, v]) => `${k}=${v}`).join(',') },
      Label: { header: '', value: (s) => (key: string) => s.Labels[key] ?? '' },
      Mounts: { header: 'MOUNTS', value: (s) => s.Mounts.map((m) => full ? m.Name || m.Source : ellipsis(m.Name || m.Source, 15)).join(',') },
      LocalVolumes: { header: 'LOCAL VOLUMES', value: (s) => String(s.Mounts.filter((m) => m.Name).length) },
      Platform: { header: 'PLATFORM', value: () => null },
      Networks: { header: 'NETWORKS', value: (s) => Object.keys(s.NetworkSettings?.Networks ?? {}).join(',') },
    },
  };
}

export const ps: CommandSpec = {
  names: ['container ls', 'container list', 'container ps', 'ps'], display: 'ps', usage: 'ps [OPTIONS]',
  summary: 'List containers',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all containers (default shows just running)' },
    { name: 'filter', short: 'f', type: 'filter', usage: 'Filter output based on conditions provided' },
    { name: 'format', type: 'string', usage: "Format output using a custom template:\n'table':            Print output in table format with column headers (default)\n'table TEMPLATE':   Print output in table format using the given Go template\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template." },
    { name: 'last', short: 'n', type: 'int', usage: 'Show n last created containers (includes all states)', default: -1 },
    { name: 'latest', short: 'l', type: 'bool', usage: 'Show the latest created container (includes all states)' },
    { name: 'no-trunc', type: 'bool', usage: "Don't truncate output" },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Only display container IDs' },
    { name: 'size', short: 's', type: 'bool', usage: 'Display total file sizes' },
  ],
  async run({ client, io }, { flags }) {
    const limit = flagBool(flags, 'latest') ? 1 : flagNumber(flags, 'last');
    const size = flagBool(flags, 'size');
    const rows = await client.json<Summary[]>('GET', '/containers/json', {
      query: { all: flagBool(flags, 'all'), limit: limit !== undefined && limit > 0 ? limit : undefined, size, filters: filterQuery(flagList(flags, 'filter')) },
    });
    const list = listing(io.now(), flagBool(flags, 'no-trunc'));
    printListing(io, size ? { ...list, table: [...list.table, 'Size'] } : list, rows, flagString(flags, 'format'), flagBool(flags, 'quiet') ? 'ID' : undefined);
    return 0;
  },
};
