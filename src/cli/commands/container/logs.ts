/** docker logs. */
import { demultiplex } from '../../../client/stdcopy.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';
import { eventTime } from '../../format/time.ts';

export const logs: CommandSpec = {
  names: ['container logs', 'logs'], display: 'logs', usage: 'logs [OPTIONS] CONTAINER',
  summary: 'Fetch the logs of a container',
  arity: { min: 1, max: 1 }, completeArgs: 'container',
  flags: [
    { name: 'details', type: 'bool', usage: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', type: 'bool', usage: 'Follow log output' },
    { name: 'since', type: 'string', usage: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)' },
    { name: 'tail', short: 'n', type: 'string', usage: 'Number of lines to show from the end of the logs', default: 'all' },
    { name: 'timestamps', short: 't', type: 'bool', usage: 'Show timestamps' },
    { name: 'until', type: 'string', usage: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)' },
  ],
  async run({ client, io }, { flags, args: [name] }) {
    const { Id, Config } = await client.json<{ Id: string; Config: { Tty: boolean } }>('GET', `/containers/${name}/json`);
    const { body } = await client.call('GET', `/containers/${Id}/logs`, {
      signal: io.interrupt,
      query: {
        stdout: true, stderr: true, follow: flagBool(flags, 'follow'), timestamps: flagBool(flags, 'timestamps'), details: flagBool(flags, 'details'), tail: flagString(flags, 'tail') ?? 'all',
        since: eventTime(flagString(flags, 'since'), io.now()), until: eventTime(flagString(flags, 'until'), io.now()),
      },
    });
    const stream = (body instanceof ReadableStream ? body : body ? [body] : []) as AsyncIterable<Uint8Array>;
    try {
      if (Config.Tty) for await (const chunk of stream) await io.stdout(chunk);
      else for await (const { stream: which, data } of demultiplex(toAsync(stream))) await (which === 2 ? io.stderr(data) : io.stdout(data));
    } catch (error) {
      if (!io.interrupt.aborted) throw error;
    }
    return io.interrupt.aborted ? 130 : 0;
  },
};

async function* toAsync(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> { yield* stream; }
