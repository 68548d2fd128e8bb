/** The initial stack of a program (System V ABI for x86-64, section 3.4): strings, auxiliary vector, environment, arguments. */
import { AT_NULL } from '../../abi/auxv.ts';
import { encodeName } from '../vfs/name.ts';

export interface StackImage {
  /** Stack pointer at entry: argc is there. */
  sp: number;
  bytes: Uint8Array<ArrayBuffer>;
  argStart: number; argEnd: number; envStart: number; envEnd: number;
  auxv: Uint8Array<ArrayBuffer>;
}

/** Values of the auxiliary vector that point into the stack are made here. */
export interface AuxStrings { random: number; platform: number; execfn: number }

const PLATFORM = 'x86_64';

/**
 * Lays the stack out below `top`.
 * @param vector the auxiliary vector, given where the strings it points to are
 */
export function buildStack(top: number, argv: readonly Uint8Array[], envp: readonly Uint8Array[], execfn: string, random: Uint8Array,
  vector: (at: AuxStrings) => readonly (readonly [number, number])[]): StackImage {
  const name = encodeName(execfn);
  const strings = argv.reduce((n, s) => n + s.length + 1, 0) + envp.reduce((n, s) => n + s.length + 1, 0) + name.length + 1;
  const execfnAt = top - 8 - name.length - 1;
  const stringsAt = top - 8 - strings;
  const platformAt = stringsAt - PLATFORM.length - 1;
  const randomAt = roundDown(platformAt - 16, 16);
  const aux = vector({ random: randomAt, platform: platformAt, execfn: execfnAt });
  const words = 1 + argv.length + 1 + envp.length + 1 + (aux.length + 1) * 2;
  const sp = roundDown(randomAt - words * 8, 16);

  const bytes = new Uint8Array(top - sp);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const word = (value: number): void => { view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true); at += 8; };
  let text = stringsAt;
  const string = (s: Uint8Array): number => {
    const where = text;
    bytes.set(s, where - sp);
    text += s.length + 1;
    return where;
  };

  word(argv.length);
  const argStart = text;
  for (const s of argv) word(string(s));
  const argEnd = text;
  word(0);
  for (const s of envp) word(string(s));
  const envEnd = text;
  word(0);
  string(name);
  const auxAt = at;
  for (const [key, value] of aux) { word(key); word(value); }
  word(AT_NULL);
  word(0);
  bytes.set(encodeName(PLATFORM), platformAt - sp);
  bytes.set(random, randomAt - sp);
  return { sp, bytes, argStart, argEnd, envStart: argEnd, envEnd, auxv: bytes.slice(auxAt, at) };
}

function roundDown(n: number, to: number): number { return n - (n % to); }
