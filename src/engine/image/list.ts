/** GET /images/json. Reference: moby daemon/images/images.go. */
import { InvalidParameter } from '../../base/errors.ts';
import type { Image } from '../../image/types.ts';
import { json, type Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import { untilFilter } from '../prune.ts';
import { containersOf, createdSeconds, summarizeImage } from './describe.ts';

export const imageList: Operation = (engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('dangling', 'label', 'label!', 'before', 'since', 'reference', 'until');
  const shared = call.query.flag('shared-size') ? engine.images.diskUsage().shared : undefined;
  const dangling = filters.boolean('dangling');
  const until = untilFilter(filters, engine.clock);
  const only = (key: string): number | undefined => (filters.has(key) ? createdSeconds(engine.images.resolve(filters.get(key)[0])) : undefined);
  const before = only('before'), since = only('since');
  const patterns = filters.get('reference');
  // Old clients put the pattern in `filter` (API below 1.41).
  const legacy = call.query.text('filter');
  if (legacy !== '') patterns.push(legacy);
  const parents = new Set(engine.images.list().map((i) => i.parent));
  const all = call.query.flag('all');

  const keep = (image: Image): boolean => {
    const untagged = image.repoTags.length === 0;
    if (!all && untagged && image.repoDigests.length === 0 && parents.has(image.id)) return false;
    if (dangling !== undefined && dangling !== (untagged && !parents.has(image.id))) return false;
    const created = createdSeconds(image);
    if (before !== undefined && created >= before) return false;
    if (since !== undefined && created <= since) return false;
    if (created * 1000 > until) return false;
    const labels = image.config.config?.Labels;
    if (!filters.labels('label', labels) || filters.noneOfLabels('label!', labels) === false) return false;
    return patterns.length === 0 || [...image.repoTags, ...image.repoDigests].some((name) => patterns.some((p) => matchesReference(p, name)));
  };
  return json(engine.images.list().filter(keep).map((image) => {
    const matching = (names: readonly string[]): string[] => names.filter((n) => patterns.some((p) => matchesReference(p, n)));
    const shownNames = patterns.length > 0 ? { ...image, repoTags: matching(image.repoTags), repoDigests: matching(image.repoDigests) } : image;
    const summary = summarizeImage(shownNames, { shared: shared?.get(image.id), containers: shared ? containersOf(engine, image.id) : undefined });
    return call.minor < 44 ? { ...summary, VirtualSize: summary.Size } : summary;
  }));
};

/** A reference filter: a glob on the familiar name, with or without its tag. */
export function matchesReference(pattern: string, name: string): boolean {
  let regex: RegExp;
  try {
    regex = new RegExp(`^${pattern.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\*/g, '[^/]*').replace(/\?/g, '[^/]')}$`);
  } catch { throw new InvalidParameter(`invalid filter 'reference=${pattern}'`); }
  const at = name.indexOf('@');
  const repo = at >= 0 ? name.slice(0, at) : name.slice(0, name.lastIndexOf(':'));
  return regex.test(name) || regex.test(repo);
}
