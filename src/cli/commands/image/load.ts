/** docker load: an archive of docker save, or an OCI archive. */
import { CliExit } from '../../io.ts';
import { showProgress, type ProgressMessage } from '../../progress.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';

export const load: CommandSpec = {
  names: ['image load', 'load'], display: 'load', usage: 'load [OPTIONS]',
  summary: 'Load an image from a tar archive or STDIN',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'input', short: 'i', type: 'string', usage: 'Read from tar archive file, instead of STDIN' },
    { name: 'platform', type: 'string', usage: 'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Suppress the load output' },
  ],
  async run({ client, io }, { flags }) {
    const input = flagString(flags, 'input');
    if (input === undefined && (io.terminal || !io.stdin)) throw new CliExit(1, 'requested load from stdin, but stdin is empty\n');
    if (input !== undefined && !io.files) throw new CliExit(1, `open ${input}: no such file or directory\n`);
    const body = input === undefined ? io.stdin! : await io.files!.read(input);
    const quiet = flagBool(flags, 'quiet') || !io.terminal;
    const messages = client.lines<ProgressMessage>('POST', '/images/load', { query: { quiet, platform: flagString(flags, 'platform') }, headers: { 'content-type': 'application/x-tar' }, body });
    await showProgress(messages, (text) => io.stdout(text), io.terminal);
    return 0;
  },
};
