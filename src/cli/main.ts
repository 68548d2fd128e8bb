/** Runs one docker command line: finds the command, parses its flags, and turns errors into the client's texts and exit codes. */
import { EngineError } from '../client/engine-client.ts';
import { commands } from './commands/index.ts';
import { parseFlags, UsageError } from './flags.ts';
import { commandHelp, groupHelp, rootHelp } from './help.ts';
import { CliExit, type CliContext } from './io.ts';
import type { CommandSpec } from './spec.ts';

/** The command named by the first words, and the words after its name. */
export function findCommand(words: readonly string[]): { command: CommandSpec; rest: string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = commands.find((c) => c.names.includes(name));
    if (command && words.length >= length) return { command, rest: words.slice(length) };
  }
  return undefined;
}

/**
 * @param words the arguments after `docker`
 * @returns the exit code of the docker client
 */
export async function docker(words: readonly string[], context: CliContext): Promise<number> {
  const { io } = context;
  const found = findCommand(words);
  if (!found) return withoutCommand(words, context);
  const { command, rest } = found;
  try {
    const { flags, args } = parseFlags(rest, command.flags, command.flagsFirst);
    if (flags.help) { io.stdout(commandHelp(command, io.terminal?.size().columns)); return 0; }
    checkArity(command, args.length);
    return await command.run(context, { flags, args });
  } catch (error) {
    return report(error, command, context);
  }
}

function withoutCommand(words: readonly string[], { io }: CliContext): number {
  const [first, second] = words;
  if (first === undefined || first === '--help' || first === 'help') { io.stdout(rootHelp(commands)); return 0; }
  if (first === '--version' || first === '-v') { io.stdout('Docker-compatible client of Drydock\n'); return 0; }
  const group = groupHelp(first, commands);
  if (group && second === '--help') { io.stdout(group); return 0; }
  if (group && second === undefined) { io.stderr(group); return 0; }
  io.stderr(group
    ? `docker: unknown command: docker ${first} ${second}\n\nUsage:  docker ${first}\n\nRun 'docker ${first} --help' for more information\n`
    : `docker: unknown command: docker ${first}\n\nRun 'docker --help' for more information\n`);
  return 1;
}

function checkArity({ arity: { min, max }, display, usage }: CommandSpec, count: number): void {
  if (count >= min && (max === undefined || count <= max)) return;
  const plural = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  const wanted = max === 0 ? 'accepts no arguments' : max === undefined ? `requires at least ${plural(min)}`
    : min === max ? `requires ${plural(min)}` : count < min ? `requires at least ${plural(min)}` : `requires at most ${plural(max)}`;
  const lead = max === undefined ? 'See' : 'Run';
  throw new CliExit(1, `docker: 'docker ${display}' ${wanted}\n\nUsage:  docker ${usage}\n\n${lead} 'docker ${display} --help' for more information\n`);
}

function report(error: unknown, command: CommandSpec, { io }: CliContext): number {
  if (error instanceof CliExit) { io.stderr(error.message); return error.code; }
  if (error instanceof UsageError) {
    io.stderr(`${error.message}\n\nUsage:  docker ${command.usage}\n\nRun 'docker ${command.display} --help' for more information\n`);
    return 125;
  }
  if (error instanceof EngineError) { io.stderr(`Error response from daemon: ${error.message}\n`); return 1; }
  io.stderr(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}
