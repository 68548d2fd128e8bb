/** docker port. */
import { CliExit } from '../../io.ts';
import type { CommandSpec } from '../../spec.ts';

export const port: CommandSpec = {
  names: ['container port', 'port'], display: 'port', usage: 'port CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: 'List port mappings or a specific mapping for the container',
  arity: { min: 1, max: 2 }, completeArgs: 'running', flags: [],
  async run({ client, io }, { args: [name, wanted] }) {
    const { NetworkSettings } = await client.json<{ NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> | null } }>('GET', `/containers/${name}/json`);
    const ports = Object.entries(NetworkSettings.Ports ?? {}).sort(([a], [b]) => parseInt(a) - parseInt(b) || (a < b ? -1 : 1));
    const key = wanted === undefined || wanted.includes('/') ? wanted : `${wanted}/tcp`;
    const address = ({ HostIp, HostPort }: { HostIp: string; HostPort: string }): string => `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
    const chosen = ports.filter(([p]) => key === undefined || p === key);
    if (key !== undefined && !chosen.some(([, b]) => b?.length)) throw new CliExit(1, `Error: No public port '${wanted}' published for ${name}\n`);
    for (const [p, bindings] of chosen) for (const b of bindings ?? []) io.stdout(key === undefined ? `${p} -> ${address(b)}\n` : `${address(b)}\n`);
    return 0;
  },
};
