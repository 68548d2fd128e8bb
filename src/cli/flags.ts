/** Flag parsing by the rules of Go's pflag: bundles (-itd), attached values (-p80:80, --x=y), `--`, repeatable lists. */
import { parseSize } from '../base/units.ts';
import type { FlagSpec, Flags } from './spec.ts';

export class UsageError extends Error { override name = 'UsageError'; }

export interface Parsed { flags: Flags; args: string[] }

const HELP: FlagSpec = { name: 'help', type: 'bool', usage: '' };

/** @param flagsFirst stop looking for flags at the first argument */
export function parseFlags(words: readonly string[], specs: readonly FlagSpec[], flagsFirst = false): Parsed {
  const flags: Flags = {};
  const args: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === '--') { args.push(...words.slice(i + 1)); break; }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = word.slice(2, equals < 0 ? undefined : equals);
      const spec = name === 'help' ? HELP : specs.find((s) => s.name === name);
      if (!spec) throw new UsageError(`unknown flag: --${name}`);
      if (equals >= 0) store(flags, spec, word.slice(equals + 1), `--${name}`);
      else if (spec.type === 'bool') flags[name] = true;
      else if (i + 1 < words.length) store(flags, spec, words[++i], `--${name}`);
      else throw new UsageError(`flag needs an argument: --${name}`);
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at];
        const spec = specs.find((s) => s.short === letter);
        if (!spec) throw new UsageError(`unknown shorthand flag: '${letter}' in ${word}`);
        const rest = word.slice(at + 1);
        if (spec.type === 'bool' && !rest.startsWith('=')) { flags[spec.name] = true; continue; }
        if (rest !== '') store(flags, spec, rest.replace(/^=/, ''), `-${letter}, --${spec.name}`);
        else if (i + 1 < words.length) store(flags, spec, words[++i], `-${letter}, --${spec.name}`);
        else throw new UsageError(`flag needs an argument: '${letter}' in ${word}`);
        break;
      }
    } else if (flagsFirst) {
      args.push(...words.slice(i));
      break;
    } else {
      args.push(word);
    }
  }
  return { flags, args };
}

function store(flags: Flags, spec: FlagSpec, text: string, shown: string): void {
  const invalid = (why: string): UsageError => new UsageError(`invalid argument ${JSON.stringify(text)} for ${JSON.stringify(shown)} flag: ${why}`);
  switch (spec.type) {
    case 'bool': {
      if (!/^(1|0|t|f|true|false)$/i.test(text)) throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
      flags[spec.name] = /^(1|t|true)$/i.test(text);
      break;
    }
    case 'int': {
      if (!/^[+-]?\d+$/.test(text)) throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
      flags[spec.name] = Number(text);
      break;
    }
    case 'bytes': {
      const bytes = parseSize(text);
      if (bytes === undefined) throw invalid(`invalid size: '${text}'`);
      flags[spec.name] = bytes;
      break;
    }
    case 'decimal': {
      if (!/^\d*\.?\d+$/.test(text)) throw invalid(`failed to parse ${text} as a rational number`);
      flags[spec.name] = Number(text);
      break;
    }
    case 'list': case 'map': case 'filter': {
      flags[spec.name] = [...((flags[spec.name] as string[] | undefined) ?? []), text];
      break;
    }
    default: flags[spec.name] = text;
  }
}
