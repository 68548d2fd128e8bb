/** docker inspect and its typed forms: JSON indented by four blanks, or a template per object. */
import { EngineError } from '../../client/engine-client.ts';
import { CliExit, type CliContext } from '../io.ts';
import { flagBool, flagString, type CommandSpec, type Completer, type FlagSpec } from '../spec.ts';
import { compileTemplate } from '../template/exec.ts';
import { TemplateError } from '../template/lex.ts';

type Kind = 'container' | 'image' | 'network' | 'volume';

const PATHS: Record<Kind, (name: string) => string> = {
  container: (n) => `/containers/${n}/json`, image: (n) => `/images/${n}/json`, network: (n) => `/networks/${n}`, volume: (n) => `/volumes/${n}`,
};

async function lookUp({ client }: CliContext, name: string, kinds: readonly Kind[], size: boolean): Promise<unknown> {
  for (const kind of kinds) {
    try {
      return await client.json('GET', PATHS[kind](name), { query: { size: kind === 'container' && size ? true : undefined } });
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== 404) throw error;
      if (kinds.length === 1) throw new CliExit(1, `Error response from daemon: ${error.message}\n`);
    }
  }
  throw new CliExit(1, `Error: No such object: ${name}\n`);
}

/** Go's JSON escapes of characters that matter in HTML are not applied by the client; indentation is four blanks. */
const pretty = (values: readonly unknown[]): string => values.length === 0 ? '[]' : JSON.stringify(values, null, 4);

async function inspectAll(context: CliContext, names: readonly string[], kinds: readonly Kind[], format: string | undefined, size: boolean): Promise<number> {
  const { io } = context;
  let print: ((data: unknown) => string) | undefined;
  try {
    if (format !== undefined && format !== 'json') print = compileTemplate(format, { strict: true });
  } catch (error) {
    throw new CliExit(64, `template parsing error: ${(error as Error).message}\n`);
  }
  const found: unknown[] = [];
  let errors = '';
  for (const name of names) {
    try {
      found.push(await lookUp(context, name, kinds, size));
    } catch (error) {
      errors += error instanceof CliExit ? error.message : `${error instanceof EngineError ? 'Error response from daemon: ' : ''}${(error as Error).message}\n`;
    }
  }
  try {
    if (print) for (const value of found) io.stdout(print(value) + '\n');
    else io.stdout((format === 'json' ? JSON.stringify(found) : pretty(found)) + '\n');
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    io.stdout('\n');
    throw new CliExit(1, `template parsing error: ${error.message}\n`);
  }
  if (errors !== '') throw new CliExit(1, errors);
  return 0;
}

const FORMAT: FlagSpec = { name: 'format', short: 'f', type: 'string', usage: "Format output using a custom template:\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template." };
const SIZE: FlagSpec = { name: 'size', short: 's', type: 'bool', usage: 'Display total file sizes if the type is container' };

function inspectCommand(names: string[], display: string, noun: string, kinds: readonly Kind[], summary: string, completeArgs: Completer): CommandSpec {
  return {
    names, display, usage: `${display} [OPTIONS] ${noun} [${noun}...]`, summary, arity: { min: 1 }, completeArgs,
    flags: kinds.includes('container') ? [FORMAT, SIZE, ...(kinds.length > 1 ? [{ name: 'type', type: 'string', usage: 'Only inspect objects of the given type', complete: kinds } satisfies FlagSpec] : [])] : [FORMAT],
    run: (context, { flags, args }) => {
      const type = flagString(flags, 'type') as Kind | undefined;
      if (type !== undefined && !kinds.includes(type)) throw new CliExit(1, `unknown type: ${JSON.stringify(type)}: must be one of ${kinds.map((k) => JSON.stringify(k)).join(', ')}\n`);
      return inspectAll(context, args, type ? [type] : kinds, flagString(flags, 'format'), flagBool(flags, 'size'));
    },
  };
}

export const inspectCommands: readonly CommandSpec[] = [
  inspectCommand(['inspect'], 'inspect', 'NAME|ID', ['container', 'image', 'network', 'volume'], 'Return low-level information on Docker objects', 'container'),
  inspectCommand(['container inspect'], 'container inspect', 'CONTAINER', ['container'], 'Display detailed information on one or more containers', 'container'),
  inspectCommand(['image inspect'], 'image inspect', 'IMAGE', ['image'], 'Display detailed information on one or more images', 'image'),
  inspectCommand(['volume inspect'], 'volume inspect', 'VOLUME', ['volume'], 'Display detailed information on one or more volumes', 'volume'),
  inspectCommand(['network inspect'], 'network inspect', 'NETWORK', ['network'], 'Display detailed information on one or more networks', 'network'),
];
