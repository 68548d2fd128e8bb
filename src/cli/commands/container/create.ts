/** docker create. */
import type { CommandSpec } from '../../spec.ts';
import { createContainer, runFailure } from './create-container.ts';
import { createFlags, createRequest } from './create-options.ts';

export const create: CommandSpec = {
  names: ['container create', 'create'], display: 'create', usage: 'create [OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a new container',
  arity: { min: 1 }, flagsFirst: true, completeArgs: 'image', flags: createFlags,
  async run(context, { flags, args: [image, ...command] }) {
    try {
      const { Id } = await createContainer(context, flags, image, createRequest(flags, image, command, { stdin: flags.interactive === true, stdout: true, stderr: true }));
      context.io.stdout(`${Id}\n`);
      return 0;
    } catch (error) {
      throw runFailure(error);
    }
  },
};
