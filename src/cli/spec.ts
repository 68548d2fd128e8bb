/**
 * A command as data: parser, help, completion and the support page all derive from it. One command is one file under
 * commands/, listed in commands/index.ts. Texts follow the docker client's own.
 */
import type { CliContext } from './io.ts';

/** How a flag takes its value. `list` may be repeated, `optional` is a string that may stand without value (--pull). */
export type FlagType = 'bool' | 'string' | 'int' | 'list' | 'map' | 'bytes' | 'decimal' | 'duration' | 'filter';

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  readonly usage: string;
  /** As the help prints it: `(default "always")`. */
  readonly default?: string | number | boolean;
  /** Word after the name in the help, where it is not the type's own. */
  readonly word?: string;
  /** Completes values. */
  readonly complete?: Completer;
}

/** What an argument or flag value may be, asked of the engine at the time of typing. */
export type Completer = 'container' | 'running' | 'stopped' | 'image' | 'volume' | 'network' | readonly string[];

/** Number of arguments: `max` undefined is "or more". */
export interface Arity { readonly min: number; readonly max?: number }

/** Parsed flags: bools are booleans, ints numbers, lists and maps string arrays; absent ones are undefined. */
export type Flags = Record<string, string | number | boolean | string[] | undefined>;

export interface Invocation { readonly flags: Flags; readonly args: string[] }

export interface CommandSpec {
  /** Full names, the first is canonical: `['container ls', 'container list', 'container ps', 'ps']`. */
  readonly names: readonly string[];
  /** Name shown in usage lines: `ps`. */
  readonly display: string;
  readonly usage: string;
  readonly summary: string;
  readonly arity: Arity;
  readonly flags: readonly FlagSpec[];
  /** Flags may not follow the first argument: run, exec, create. */
  readonly flagsFirst?: boolean;
  /** Exit code of a usage error; docker run and create say 125. */
  readonly usageCode?: number;
  readonly completeArgs?: Completer;
  run(context: CliContext, invocation: Invocation): Promise<number>;
}

export const flagString = (flags: Flags, name: string): string | undefined => flags[name] as string | undefined;
export const flagList = (flags: Flags, name: string): string[] => (flags[name] as string[] | undefined) ?? [];
export const flagBool = (flags: Flags, name: string): boolean => flags[name] === true;
export const flagNumber = (flags: Flags, name: string): number | undefined => flags[name] as number | undefined;
