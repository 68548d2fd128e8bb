/** docker run: create, attach, start, wait; in that order, so that no output is lost and the exit code is the container's. */
import type { Duplex } from '../../../host/ports.ts';
import { CliExit, type CliContext } from '../../io.ts';
import { runSession } from '../../session.ts';
import { flagBool, flagList, flagString, type CommandSpec, type Invocation } from '../../spec.ts';
import { createContainer, runFailure } from './create-container.ts';
import { createFlags, createRequest } from './create-options.ts';
import { keepSize } from './resize.ts';

export const run: CommandSpec = {
  names: ['container run', 'run'], display: 'run', usage: 'run [OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create and run a new container from an image',
  arity: { min: 1 }, flagsFirst: true, completeArgs: 'image',
  flags: [
    ...createFlags,
    { name: 'detach', short: 'd', type: 'bool', usage: 'Run container in background and print container ID' },
    { name: 'detach-keys', type: 'string', usage: 'Override the key sequence for detaching a container' },
    { name: 'sig-proxy', type: 'bool', usage: 'Proxy received signals to the process', default: true },
  ],
  async run(context, { flags, args: [image, ...command] }: Invocation) {
    const { io, client } = context;
    const detach = flagBool(flags, 'detach'), tty = flagBool(flags, 'tty'), interactive = flagBool(flags, 'interactive');
    if (tty && interactive && !io.terminal && !detach) throw new CliExit(1, 'the input device is not a TTY\n');
    const streams = flagList(flags, 'attach').map((s) => s.toLowerCase());
    if (detach && streams.length > 0) throw new CliExit(125, "docker: conflicting options: cannot specify both --attach and --detach\n\nRun 'docker run --help' for more information\n");
    const wants = (name: string): boolean => !detach && (streams.length === 0 || streams.includes(name));
    const attach = { stdin: interactive && wants('stdin'), stdout: wants('stdout'), stderr: wants('stderr') };
    try {
      const { Id } = await createContainer(context, flags, image, createRequest(flags, image, command, attach));
      const connection = detach ? undefined : await client.connect(`/containers/${Id}/attach`, { query: { stream: true, stdin: attach.stdin, stdout: attach.stdout, stderr: attach.stderr, detachKeys: flagString(flags, 'detach-keys') } });
      const exit = client.json<{ StatusCode: number; Error?: { Message: string } }>('POST', `/containers/${Id}/wait`, { query: { condition: flagBool(flags, 'rm') ? 'removed' : 'next-exit' } });
      exit.catch(() => undefined);
      await client.call('POST', `/containers/${Id}/start`);
      if (!connection) { io.stdout(`${Id}\n`); return 0; }
      return await attached(context, Id, connection, { tty, stdin: attach.stdin, detachKeys: flagString(flags, 'detach-keys') }, exit);
    } catch (error) {
      throw runFailure(error);
    }
  },
};

/** Runs the session and gives the container's exit code; Ctrl-C outside raw mode is sent to the container as SIGINT. */
export async function attached({ io, client }: CliContext, id: string, connection: Duplex, session: { tty: boolean; stdin: boolean; detachKeys?: string }, exit: Promise<{ StatusCode: number }>): Promise<number> {
  const stopResizing = session.tty && io.terminal ? keepSize(io.terminal, (size) => client.call('POST', `/containers/${id}/resize`, { query: { h: size.rows, w: size.columns } })) : undefined;
  const interrupt = (): void => void client.call('POST', `/containers/${id}/kill`, { query: { signal: 'SIGINT' } }).catch(() => undefined);
  io.interrupt.addEventListener('abort', interrupt, { once: true });
  try {
    if (await runSession(connection, io, session) === 'detached') return 0;
    return (await exit).StatusCode;
  } finally {
    io.interrupt.removeEventListener('abort', interrupt);
    stopResizing?.();
  }
}
