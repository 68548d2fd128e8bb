/** docker start, with -a attached to one container. */
import { forEachName } from '../each.ts';
import { CliExit } from '../../io.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';
import { attached } from './run.ts';

export const start: CommandSpec = {
  names: ['container start', 'start'], display: 'start', usage: 'start [OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start one or more stopped containers',
  arity: { min: 1 }, completeArgs: 'stopped',
  flags: [
    { name: 'attach', short: 'a', type: 'bool', usage: 'Attach STDOUT/STDERR and forward signals' },
    { name: 'detach-keys', type: 'string', usage: 'Override the key sequence for detaching a container' },
    { name: 'interactive', short: 'i', type: 'bool', usage: "Attach container's STDIN" },
  ],
  async run(context, { flags, args }) {
    const { client } = context;
    if (!flagBool(flags, 'attach') && !flagBool(flags, 'interactive')) {
      const code = await forEachName(context, args, async (name) => { await client.call('POST', `/containers/${name}/start`); });
      if (code !== 0) context.io.stderr(`Error: failed to start containers: ${args.join(', ')}\n`);
      return code;
    }
    if (args.length > 1) throw new CliExit(1, 'you cannot start and attach multiple containers at once\n');
    const info = await client.json<{ Id: string; Config: { Tty: boolean; OpenStdin: boolean } }>('GET', `/containers/${args[0]}/json`);
    const stdin = flagBool(flags, 'interactive') && info.Config.OpenStdin;
    const connection = await client.connect(`/containers/${info.Id}/attach`, { query: { stream: true, stdin, stdout: true, stderr: true, detachKeys: flagString(flags, 'detach-keys') } });
    const exit = client.json<{ StatusCode: number }>('POST', `/containers/${info.Id}/wait`, { query: { condition: 'next-exit' } });
    exit.catch(() => undefined);
    await client.call('POST', `/containers/${info.Id}/start`);
    return attached(context, info.Id, connection, { tty: info.Config.Tty, stdin, detachKeys: flagString(flags, 'detach-keys') }, exit);
  },
};
