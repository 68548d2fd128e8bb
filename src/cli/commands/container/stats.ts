/** docker stats. */
import type { CliContext } from '../../io.ts';
import { printListing, type Listing } from '../../format/listing.ts';
import { humanBytes, humanSize } from '../../../base/units.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';

interface Cpu { cpu_usage: { total_usage: number }; system_cpu_usage?: number; online_cpus?: number }
interface Stats {
  id: string; name: string; cpu_stats: Cpu; precpu_stats: Cpu; memory_stats: { usage?: number; limit?: number; stats?: { inactive_file?: number } };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>; blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null }; pids_stats?: { current?: number };
}

const percent = (n: number): string => `${n.toFixed(2)}%`;

function cpuPercent({ cpu_stats: now, precpu_stats: before }: Stats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage, system = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  return used > 0 && system > 0 ? (used / system) * (now.online_cpus ?? 1) * 100 : 0;
}

const memory = (s: Stats): number => (s.memory_stats.usage ?? 0) - (s.memory_stats.stats?.inactive_file ?? 0);
const blocks = (s: Stats, op: string): number => (s.blkio_stats?.io_service_bytes_recursive ?? []).filter((b) => b.op.toLowerCase() === op).reduce((sum, b) => sum + b.value, 0);
const network = (s: Stats, key: 'rx_bytes' | 'tx_bytes'): number => Object.values(s.networks ?? {}).reduce((sum, n) => sum + n[key], 0);

const listing = (full: boolean): Listing<Stats> => ({
  table: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
  columns: {
    Container: { header: 'CONTAINER', value: (s) => s.id },
    ID: { header: 'CONTAINER ID', value: (s) => full ? s.id : s.id.slice(0, 12) },
    Name: { header: 'NAME', value: (s) => s.name.replace(/^\//, '') },
    CPUPerc: { header: 'CPU %', value: (s) => percent(cpuPercent(s)) },
    MemUsage: { header: 'MEM USAGE / LIMIT', value: (s) => `${humanBytes(memory(s))} / ${humanBytes(s.memory_stats.limit ?? 0)}` },
    MemPerc: { header: 'MEM %', value: (s) => percent(s.memory_stats.limit ? (memory(s) / s.memory_stats.limit) * 100 : 0) },
    NetIO: { header: 'NET I/O', value: (s) => `${humanSize(network(s, 'rx_bytes'), 3)} / ${humanSize(network(s, 'tx_bytes'), 3)}` },
    BlockIO: { header: 'BLOCK I/O', value: (s) => `${humanSize(blocks(s, 'read'), 3)} / ${humanSize(blocks(s, 'write'), 3)}` },
    PIDs: { header: 'PIDS', value: (s) => String(s.pids_stats?.current ?? 0) },
  },
});

async function collect({ client }: CliContext, names: readonly string[], all: boolean): Promise<Stats[]> {
  const ids = names.length > 0 ? names : (await client.json<{ Id: string }[]>('GET', '/containers/json', { query: { all } })).map((c) => c.Id);
  return Promise.all(ids.map((id) => client.json<Stats>('GET', `/containers/${id}/stats`, { query: { stream: false } })));
}

export const stats: CommandSpec = {
  names: ['container stats', 'stats'], display: 'stats', usage: 'stats [OPTIONS] [CONTAINER...]',
  summary: 'Display a live stream of container(s) resource usage statistics',
  arity: { min: 0 }, completeArgs: 'running',
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all containers (default shows just running)' },
    { name: 'format', type: 'string', usage: 'Format output using a custom template' },
    { name: 'no-stream', type: 'bool', usage: 'Disable streaming stats and only pull the first result' },
    { name: 'no-trunc', type: 'bool', usage: 'Do not truncate output' },
  ],
  async run(context, { flags, args }) {
    const { io } = context, list = listing(flagBool(flags, 'no-trunc'));
    do {
      const rows = await collect(context, args, flagBool(flags, 'all'));
      if (!flagBool(flags, 'no-stream') && io.terminal) io.stdout('\x1b[2J\x1b[H');
      printListing(io, list, rows, flagString(flags, 'format'));
    } while (!flagBool(flags, 'no-stream') && !io.interrupt.aborted);
    return 0;
  },
};
