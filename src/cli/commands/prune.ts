/** docker container prune, image prune, volume prune: what they say and ask of the engine. */
import { CliExit, type CliContext } from '../io.ts';
import { humanSize } from '../../base/units.ts';
import { flagBool, flagList, type CommandSpec, type FlagSpec } from '../spec.ts';
import { confirm } from './confirm.ts';
import { filterQuery } from './filters.ts';

const FLAGS: readonly FlagSpec[] = [
  { name: 'filter', type: 'filter', usage: 'Provide filter values (e.g. "until=<timestamp>")' },
  { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' },
];

interface PruneReport { ContainersDeleted?: string[] | null; ImagesDeleted?: { Untagged?: string; Deleted?: string }[] | null; VolumesDeleted?: string[] | null; SpaceReclaimed: number }

async function prune({ client, io }: CliContext, path: string, filters: readonly string[], heading: string, extra: Record<string, Record<string, boolean>> = {}): Promise<number> {
  const report = await client.json<PruneReport>('POST', path, { query: { filters: { ...filterQuery(filters), ...extra } } });
  const names = report.ContainersDeleted ?? report.VolumesDeleted ?? report.ImagesDeleted?.map((i) => i.Untagged ? `untagged: ${i.Untagged}` : `deleted: ${i.Deleted}`) ?? [];
  if (names.length > 0) io.stdout(`${heading}\n${names.join('\n')}\n\n`);
  io.stdout(`Total reclaimed space: ${humanSize(report.SpaceReclaimed)}\n`);
  return 0;
}

const refuseUnlessSure = async (context: CliContext, force: boolean, warning: string): Promise<void> => {
  if (!force && !await confirm(context, `WARNING! ${warning}\nAre you sure you want to continue? [y/N] `)) throw new CliExit(0);
};

export const containerPrune: CommandSpec = {
  names: ['container prune'], display: 'container prune', usage: 'container prune [OPTIONS]', summary: 'Remove all stopped containers', arity: { min: 0, max: 0 }, flags: FLAGS,
  async run(context, { flags }) {
    await refuseUnlessSure(context, flagBool(flags, 'force'), 'This will remove all stopped containers.');
    return prune(context, '/containers/prune', flagList(flags, 'filter'), 'Deleted Containers:');
  },
};

export const imagePrune: CommandSpec = {
  names: ['image prune'], display: 'image prune', usage: 'image prune [OPTIONS]', summary: 'Remove unused images', arity: { min: 0, max: 0 },
  flags: [...FLAGS, { name: 'all', short: 'a', type: 'bool', usage: 'Remove all unused images, not just dangling ones' }],
  async run(context, { flags }) {
    const all = flagBool(flags, 'all');
    await refuseUnlessSure(context, flagBool(flags, 'force'), all ? 'This will remove all images without at least one container associated to them.' : 'This will remove all dangling images.');
    return prune(context, '/images/prune', flagList(flags, 'filter'), 'Deleted Images:', { dangling: { [String(!all)]: true } });
  },
};

export const volumePrune: CommandSpec = {
  names: ['volume prune'], display: 'volume prune', usage: 'volume prune [OPTIONS]', summary: 'Remove unused local volumes', arity: { min: 0, max: 0 },
  flags: [...FLAGS, { name: 'all', short: 'a', type: 'bool', usage: 'Remove all unused volumes, not just anonymous ones' }],
  async run(context, { flags }) {
    const all = flagBool(flags, 'all');
    await refuseUnlessSure(context, flagBool(flags, 'force'), all ? 'This will remove all local volumes not used by at least one container.' : 'This will remove anonymous local volumes not used by at least one container.');
    return prune(context, '/volumes/prune', flagList(flags, 'filter'), 'Deleted Volumes:', all ? { all: { true: true } } : {});
  },
};
