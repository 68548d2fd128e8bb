/** docker attach. */
import { CliExit } from '../../io.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';
import { attached } from './run.ts';

export const attach: CommandSpec = {
  names: ['container attach', 'attach'], display: 'attach', usage: 'attach [OPTIONS] CONTAINER',
  summary: 'Attach local standard input, output, and error streams to a running container',
  arity: { min: 1, max: 1 }, completeArgs: 'running',
  flags: [
    { name: 'detach-keys', type: 'string', usage: 'Override the key sequence for detaching a container' },
    { name: 'no-stdin', type: 'bool', usage: 'Do not attach STDIN' },
    { name: 'sig-proxy', type: 'bool', usage: 'Proxy all received signals to the process', default: true },
  ],
  async run(context, { flags, args: [name] }) {
    const { client } = context;
    const info = await client.json<{ Id: string; State: { Running: boolean; Paused: boolean; Restarting: boolean }; Config: { Tty: boolean; OpenStdin: boolean } }>('GET', `/containers/${name}/json`);
    if (!info.State.Running) throw new CliExit(1, 'You cannot attach to a stopped container, start it first\n');
    if (info.State.Paused) throw new CliExit(1, 'You cannot attach to a paused container, unpause it first\n');
    if (info.State.Restarting) throw new CliExit(1, 'You cannot attach to a restarting container, wait until it is running\n');
    const stdin = info.Config.OpenStdin && !flagBool(flags, 'no-stdin');
    const exit = client.json<{ StatusCode: number }>('POST', `/containers/${info.Id}/wait`);
    exit.catch(() => undefined);
    const connection = await client.connect(`/containers/${info.Id}/attach`, { query: { stream: true, stdin, stdout: true, stderr: true, detachKeys: flagString(flags, 'detach-keys') } });
    return attached(context, info.Id, connection, { tty: info.Config.Tty, stdin, detachKeys: flagString(flags, 'detach-keys') }, exit);
  },
};
