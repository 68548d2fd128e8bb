/** Help texts in the docker client's layout, from the command specs. */
import type { CommandSpec, FlagSpec } from './spec.ts';

const WORDS: Record<FlagSpec['type'], string> = { bool: '', string: 'string', int: 'int', list: 'list', map: 'map', bytes: 'bytes', decimal: 'decimal', duration: 'duration', filter: 'filter' };

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > columns) { lines.push(line); line = word; } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** The Options block. */
export function flagsHelp(flags: readonly FlagSpec[], columns = 80): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  const left = sorted.map((f) => `  ${f.short ? `-${f.short}, ` : '    '}--${f.name}${f.word ?? WORDS[f.type] ? ` ${f.word ?? WORDS[f.type]}` : ''}`);
  const indent = Math.max(0, ...left.map((l) => l.length)) + 3;
  return sorted.map((f, i) => {
    const shown = f.default === undefined || f.default === false ? '' : ` (default ${typeof f.default === 'string' ? JSON.stringify(f.default) : f.default})`;
    return wrap(f.usage + shown, Math.max(24, columns - indent)).map((l, n) => (n === 0 ? left[i].padEnd(indent) : ' '.repeat(indent)) + l).join('\n');
  }).join('\n');
}

/** `docker ps --help`. */
export function commandHelp(command: CommandSpec, columns = 80): string {
  const parts = [`Usage:  docker ${command.usage}`, '', command.summary];
  if (command.names.length > 1) parts.push('', 'Aliases:', `  ${command.names.map((n) => `docker ${n}`).join(', ')}`);
  if (command.flags.length > 0) parts.push('', 'Options:', flagsHelp(command.flags, columns));
  return parts.join('\n') + '\n';
}

const GROUPS: Record<string, string> = { container: 'Manage containers', image: 'Manage images', network: 'Manage networks', system: 'Manage Docker', volume: 'Manage volumes', builder: 'Manage builds' };
const COMMON = ['run', 'exec', 'ps', 'build', 'pull', 'push', 'images', 'login', 'logout', 'search', 'version', 'info'];

const row = (name: string, summary: string): string => `  ${name.padEnd(12)}${summary}`;

/** `docker container`: the commands of a group; undefined when there is no such group. */
export function groupHelp(group: string, commands: readonly CommandSpec[]): string | undefined {
  const inside = commands.map((c) => ({ c, name: c.names.find((n) => n.startsWith(`${group} `)) })).filter((x) => x.name !== undefined);
  if (inside.length === 0) return undefined;
  const rows = inside.map(({ c, name }) => row(name!.slice(group.length + 1), c.summary)).sort();
  return [`Usage:  docker ${group} COMMAND`, '', GROUPS[group] ?? '', '', 'Commands:', ...rows, '', `Run 'docker ${group} COMMAND --help' for more information on a command.`].join('\n') + '\n';
}

/** `docker --help`. */
export function rootHelp(commands: readonly CommandSpec[]): string {
  const top = commands.flatMap((c) => c.names.filter((n) => !n.includes(' ')).map((name) => ({ name, summary: c.summary })));
  const groups = [...new Set(commands.flatMap((c) => c.names.filter((n) => n.includes(' ')).map((n) => n.split(' ')[0])))].sort();
  const common = COMMON.flatMap((name) => top.filter((t) => t.name === name));
  const others = top.filter((t) => !COMMON.includes(t.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    'Usage:  docker [OPTIONS] COMMAND', '', 'A self-sufficient runtime for containers', '',
    'Common Commands:', ...common.map((t) => row(t.name, t.summary)), '',
    'Management Commands:', ...groups.map((g) => row(g, GROUPS[g] ?? '')), '',
    'Commands:', ...others.map((t) => row(t.name, t.summary)), '',
    "Run 'docker COMMAND --help' for more information on a command.",
  ].join('\n') + '\n';
}
