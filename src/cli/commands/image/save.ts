/** docker save. */
import { CliExit } from '../../io.ts';
import { flagString, type CommandSpec } from '../../spec.ts';

export const save: CommandSpec = {
  names: ['image save', 'save'], display: 'save', usage: 'save [OPTIONS] IMAGE [IMAGE...]',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  arity: { min: 1 }, completeArgs: 'image',
  flags: [{ name: 'output', short: 'o', type: 'string', usage: 'Write to a file, instead of STDOUT' }],
  async run({ client, io }, { flags, args }) {
    const output = flagString(flags, 'output');
    if (output === undefined && io.terminal) throw new CliExit(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect\n');
    if (output !== undefined && !io.files) throw new CliExit(1, 'there are no local files here\n');
    const { body } = await client.call('GET', '/images/get', { query: { names: args } });
    const stream = body as ReadableStream<Uint8Array>;
    if (output === undefined) for await (const chunk of stream) io.stdout(chunk); else await io.files!.write(output, stream);
    return 0;
  },
};
