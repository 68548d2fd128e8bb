/** Completion of a docker command line: commands, flags, and names asked of the engine. */
import type { EngineClient } from '../client/engine-client.ts';
import { commands } from './commands/index.ts';
import { findCommand } from './main.ts';
import type { Completer } from './spec.ts';

/** @param words the words after `docker`; the last is the one being typed, possibly '' */
export async function complete(words: readonly string[], client: EngineClient): Promise<string[]> {
  const typed = words[words.length - 1] ?? '';
  const before = words.slice(0, -1);
  const match = (candidates: readonly string[]): string[] => [...new Set(candidates)].filter((c) => c.startsWith(typed)).sort();
  const names = commands.flatMap((c) => c.names);
  if (before.length === 0) return match([...names.map((n) => n.split(' ')[0]), 'help']);
  const group = names.filter((n) => n.startsWith(`${before[0]} `));
  if (before.length === 1 && group.length > 0 && !findCommand(before)) return match(group.map((n) => n.split(' ')[1]));
  const found = findCommand(before);
  if (!found) return [];
  const { command, rest } = found;
  if (typed.startsWith('-')) return match([...command.flags.map((f) => `--${f.name}`), '--help']);
  const previous = rest[rest.length - 1];
  const flag = command.flags.find((f) => f.type !== 'bool' && (previous === `--${f.name}` || (f.short !== undefined && previous === `-${f.short}`)));
  if (flag) return flag.complete ? match(await candidates(flag.complete, client)) : [];
  const positional = rest.filter((w, i) => !w.startsWith('-') && !command.flags.some((f) => f.type !== 'bool' && (rest[i - 1] === `--${f.name}` || rest[i - 1] === `-${f.short}`)));
  if (command.flagsFirst && positional.length > 0) return [];
  return command.completeArgs ? match((await candidates(command.completeArgs, client)).filter((c) => !positional.includes(c))) : [];
}

async function candidates(what: Completer, client: EngineClient): Promise<string[]> {
  if (typeof what !== 'string') return [...what];
  if (what === 'image') {
    const images = await client.json<{ RepoTags: string[] | null }[]>('GET', '/images/json');
    return images.flatMap((i) => i.RepoTags ?? []).flatMap((t) => t.endsWith(':latest') ? [t.slice(0, -7), t] : [t]);
  }
  if (what === 'volume') return ((await client.json<{ Volumes: { Name: string }[] | null }>('GET', '/volumes')).Volumes ?? []).map((v) => v.Name);
  if (what === 'network') return (await client.json<{ Name: string }[]>('GET', '/networks')).map((n) => n.Name);
  const containers = await client.json<{ Names: string[]; State: string }[]>('GET', '/containers/json', { query: { all: what !== 'running' } });
  return containers.filter((c) => what !== 'stopped' || c.State !== 'running').flatMap((c) => c.Names.map((n) => n.replace(/^\//, '')));
}
