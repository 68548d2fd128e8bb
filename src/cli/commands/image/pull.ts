/** docker pull. */
import { canonicalString, parseReference, withDefaultTag } from '../../../base/reference.ts';
import { flagBool, flagString, type CommandSpec } from '../../spec.ts';
import { pullImage } from './pull-image.ts';

export const pull: CommandSpec = {
  names: ['image pull', 'pull'], display: 'pull', usage: 'pull [OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Download an image from a registry',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'all-tags', short: 'a', type: 'bool', usage: 'Download all tagged images in the repository' },
    { name: 'disable-content-trust', type: 'bool', usage: 'Skip image verification', default: true },
    { name: 'platform', type: 'string', usage: 'Set platform if server is multi-platform capable' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Suppress verbose output' },
  ],
  async run(context, { flags, args: [reference] }) {
    const { io } = context, quiet = flagBool(flags, 'quiet');
    const canonical = canonicalString(withDefaultTag(parseReference(reference)));
    if (!quiet && !flagBool(flags, 'all-tags') && !reference.includes('@') && !/:[^/]*$/.test(reference)) io.stdout('Using default tag: latest\n');
    await pullImage(context, reference, { platform: flagString(flags, 'platform'), allTags: flagBool(flags, 'all-tags'), print: quiet ? () => undefined : (text) => io.stdout(text) });
    io.stdout(`${canonical}\n`);
    return 0;
  },
};
