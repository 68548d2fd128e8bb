/** docker images. */
import { printListing, type Listing } from '../../format/listing.ts';
import { goTime } from '../../format/time.ts';
import { humanDuration, humanSize } from '../../../base/units.ts';
import { flagBool, flagList, flagString, type CommandSpec } from '../../spec.ts';
import { filterQuery } from '../filters.ts';

interface Image { Id: string; RepoTags: string[] | null; RepoDigests: string[] | null; Created: number; Size: number; SharedSize: number; Containers: number; Labels: Record<string, string> | null }
interface Row { image: Image; repository: string; tag: string; digest: string }

/** One row per tag; `digests` adds rows of digests that have no tag. */
function rowsOf(image: Image, digests: boolean): Row[] {
  const tags = (image.RepoTags ?? []).filter((t) => t !== '<none>:<none>');
  const byRepository = new Map((image.RepoDigests ?? []).map((d) => d.split('@') as [string, string]));
  if (tags.length === 0) return [{ image, repository: [...byRepository.keys()][0] ?? '<none>', tag: '<none>', digest: [...byRepository.values()][0] ?? '<none>' }];
  return tags.map((t) => {
    const colon = t.lastIndexOf(':'), repository = t.slice(0, colon);
    return { image, repository, tag: t.slice(colon + 1), digest: (digests && byRepository.get(repository)) || '<none>' };
  });
}

const listing = (now: number, full: boolean): Listing<Row> => ({
  table: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'],
  columns: {
    Repository: { header: 'REPOSITORY', value: (r) => r.repository },
    Tag: { header: 'TAG', value: (r) => r.tag },
    Digest: { header: 'DIGEST', value: (r) => r.digest },
    ID: { header: 'IMAGE ID', value: (r) => full ? r.image.Id : r.image.Id.replace('sha256:', '').slice(0, 12) },
    CreatedSince: { header: 'CREATED', value: (r) => r.image.Created > 0 ? `${humanDuration(now - r.image.Created * 1000)} ago` : 'N/A' },
    CreatedAt: { header: 'CREATED AT', value: (r) => goTime(r.image.Created) },
    Size: { header: 'SIZE', value: (r) => humanSize(r.image.Size, 3) },
    VirtualSize: { header: 'SIZE', value: (r) => humanSize(r.image.Size, 3) },
    SharedSize: { header: 'SHARED SIZE', value: (r) => r.image.SharedSize < 0 ? 'N/A' : humanSize(r.image.SharedSize, 3) },
    UniqueSize: { header: 'UNIQUE SIZE', value: (r) => r.image.SharedSize < 0 ? 'N/A' : humanSize(r.image.Size - r.image.SharedSize, 3) },
    Containers: { header: 'CONTAINERS', value: (r) => r.image.Containers < 0 ? 'N/A' : String(r.image.Containers) },
  },
});

export const images: CommandSpec = {
  names: ['image ls', 'image list', 'images'], display: 'images', usage: 'images [OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  arity: { min: 0, max: 1 }, completeArgs: 'image',
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all images (default hides intermediate images)' },
    { name: 'digests', type: 'bool', usage: 'Show digests' },
    { name: 'filter', short: 'f', type: 'filter', usage: 'Filter output based on conditions provided' },
    { name: 'format', type: 'string', usage: 'Format output using a custom template' },
    { name: 'no-trunc', type: 'bool', usage: "Don't truncate output" },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Only show image IDs' },
  ],
  async run({ client, io }, { flags, args: [reference] }) {
    const filters = [...flagList(flags, 'filter'), ...(reference === undefined ? [] : [`reference=${reference}`])];
    const found = await client.json<Image[]>('GET', '/images/json', { query: { all: flagBool(flags, 'all'), digests: flagBool(flags, 'digests'), filters: filterQuery(filters) } });
    const list = listing(io.now(), flagBool(flags, 'no-trunc'));
    const rows = found.flatMap((image) => rowsOf(image, flagBool(flags, 'digests')));
    const quiet = flagBool(flags, 'quiet');
    printListing(io, flagBool(flags, 'digests') ? { ...list, table: ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'] } : list, rows, flagString(flags, 'format'), quiet ? 'ID' : undefined);
    return 0;
  },
};
