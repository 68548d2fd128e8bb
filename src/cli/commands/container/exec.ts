/** docker exec. */
import { CliExit } from '../../io.ts';
import { runSession } from '../../session.ts';
import { flagBool, flagList, flagString, type CommandSpec } from '../../spec.ts';
import { keepSize } from './resize.ts';

export const exec: CommandSpec = {
  names: ['container exec', 'exec'], display: 'exec', usage: 'exec [OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Execute a command in a running container',
  arity: { min: 2 }, flagsFirst: true, completeArgs: 'running',
  flags: [
    { name: 'detach', short: 'd', type: 'bool', usage: 'Detached mode: run command in the background' },
    { name: 'detach-keys', type: 'string', usage: 'Override the key sequence for detaching a container' },
    { name: 'env', short: 'e', type: 'list', usage: 'Set environment variables' },
    { name: 'interactive', short: 'i', type: 'bool', usage: 'Keep STDIN open even if not attached' },
    { name: 'privileged', type: 'bool', usage: 'Give extended privileges to the command' },
    { name: 'tty', short: 't', type: 'bool', usage: 'Allocate a pseudo-TTY' },
    { name: 'user', short: 'u', type: 'string', usage: 'Username or UID (format: "<name|uid>[:<group|gid>]")' },
    { name: 'workdir', short: 'w', type: 'string', usage: 'Working directory inside the container' },
  ],
  async run({ client, io }, { flags, args: [name, ...command] }) {
    const tty = flagBool(flags, 'tty'), stdin = flagBool(flags, 'interactive'), detach = flagBool(flags, 'detach');
    if (tty && stdin && !detach && !io.terminal) throw new CliExit(1, 'the input device is not a TTY\n');
    const { Id } = await client.json<{ Id: string }>('POST', `/containers/${name}/exec`, {
      body: {
        User: flagString(flags, 'user') ?? '', Privileged: flagBool(flags, 'privileged'), Tty: tty, AttachStdin: stdin && !detach, AttachStdout: !detach, AttachStderr: !detach,
        Detach: detach, DetachKeys: flagString(flags, 'detach-keys') ?? '', Env: flagList(flags, 'env'), WorkingDir: flagString(flags, 'workdir') ?? '', Cmd: command,
      },
    });
    const start = { Detach: detach, Tty: tty, ConsoleSize: tty && io.terminal ? [io.terminal.size().rows, io.terminal.size().columns] : undefined };
    if (detach) { await client.call('POST', `/exec/${Id}/start`, { body: start }); return 0; }
    const connection = await client.connect(`/exec/${Id}/start`, { body: start });
    const stopResizing = tty && io.terminal ? keepSize(io.terminal, (size) => client.call('POST', `/exec/${Id}/resize`, { query: { h: size.rows, w: size.columns } })) : undefined;
    try {
      if (await runSession(connection, io, { tty, stdin, detachKeys: flagString(flags, 'detach-keys') }) === 'detached') return 0;
    } finally {
      stopResizing?.();
    }
    return (await client.json<{ ExitCode: number }>('GET', `/exec/${Id}/json`)).ExitCode;
  },
};
