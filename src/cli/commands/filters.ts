/** `--filter key=value`, as the engine's filters parameter. */
import { UsageError } from '../flags.ts';

export function filterQuery(filters: readonly string[]): Record<string, Record<string, boolean>> | undefined {
  if (filters.length === 0) return undefined;
  const out: Record<string, Record<string, boolean>> = {};
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals < 0) throw new UsageError(`invalid argument ${JSON.stringify(filter)} for "-f, --filter" flag: bad format of filter (expected name=value)`);
    (out[filter.slice(0, equals).trim().toLowerCase()] ??= {})[filter.slice(equals + 1).trim()] = true;
  }
  return out;
}
