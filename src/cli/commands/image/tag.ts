/** docker tag. */
import { parseReference } from '../../../base/reference.ts';
import { CliExit } from '../../io.ts';
import type { CommandSpec } from '../../spec.ts';
import { imageQuery } from './pull-image.ts';

export const tag: CommandSpec = {
  names: ['image tag', 'tag'], display: 'tag', usage: 'tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  arity: { min: 2, max: 2 }, completeArgs: 'image', flags: [],
  async run({ client }, { args: [source, target] }) {
    try {
      parseReference(target);
    } catch (error) {
      throw new CliExit(1, `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${(error as Error).message}\n`);
    }
    const { fromImage, tag: name } = imageQuery(target);
    await client.call('POST', `/images/${source}/tag`, { query: { repo: fromImage, tag: name } });
    return 0;
  },
};
