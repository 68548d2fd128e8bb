/**
 * A small WebAssembly module writer: imports, functions, one table, exports. Code comes from code.ts.
 * Reference: WebAssembly core specification 2.0, section 5.5.
 */
import type { Code, ValType } from './code.ts';
import { uleb } from './leb.ts';

export interface Signature { readonly params: readonly ValType[]; readonly results: readonly ValType[] }

interface Func { type: number; locals: readonly ValType[]; body: Code }

const utf8 = (s: string): number[] => { const bytes = [...new TextEncoder().encode(s)]; return [...uleb(bytes.length), ...bytes]; };
const vector = (items: readonly Code[]): Code => [uleb(items.length), items];

let scratch = new Uint8Array(1 << 16);

/** Appends the rope's bytes at `at` of the scratch buffer; returns the end. */
function append(code: Code, at: number): number {
  if (typeof code === 'number') {
    if (at === scratch.length) { const more = new Uint8Array(at * 2); more.set(scratch); scratch = more; }
    scratch[at] = code;
    return at + 1;
  }
  for (let i = 0; i < code.length; i++) at = append(code[i], at);
  return at;
}

/** The rope's bytes in order. */
export function flatten(code: Code): Uint8Array {
  const end = append(code, 0);
  return scratch.slice(0, end);
}

export class ModuleBuilder {
  private readonly types: Signature[] = [];
  private readonly imports: Code[] = [];
  private importedFunctions = 0;
  private readonly functions: (Func | undefined)[] = [];
  private readonly exports: Code[] = [];
  private elements: readonly number[] = [];

  type(signature: Signature): number {
    const same = (t: Signature) => t.params.join() === signature.params.join() && t.results.join() === signature.results.join();
    const found = this.types.findIndex(same);
    return found >= 0 ? found : this.types.push(signature) - 1;
  }

  importMemory(module: string, name: string, initial: number, maximum: number): void {
    this.imports.push([utf8(module), utf8(name), 0x02, 0x01, ...uleb(initial), ...uleb(maximum)]);
  }

  /** Returns the function index. All imports come before the first declare(). */
  importFunction(module: string, name: string, signature: Signature): number {
    this.imports.push([utf8(module), utf8(name), 0x00, ...uleb(this.type(signature))]);
    return this.importedFunctions++;
  }

  /** Reserves a function index, so that code can call it before it is defined. */
  declare(signature: Signature): number {
    this.functions.push({ type: this.type(signature), locals: [], body: [] });
    return this.importedFunctions + this.functions.length - 1;
  }

  /** `body` without the final `end`. */
  define(index: number, locals: readonly ValType[], body: Code): void {
    const f = this.functions[index - this.importedFunctions]!;
    f.locals = locals;
    f.body = body;
  }

  exportFunction(name: string, index: number): void { this.exports.push([utf8(name), 0x00, ...uleb(index)]); }

  /** Fills table 0; function indices. */
  table(functions: readonly number[]): void { this.elements = functions; }

  build(): Uint8Array {
    const section = (id: number, content: Code): Code => {
      const bytes = flatten(content);
      return [id, uleb(bytes.length), bytes];
    };
    const types = this.types.map((t) => [0x60, ...uleb(t.params.length), ...t.params, ...uleb(t.results.length), ...t.results]);
    const bodies = this.functions.map((f) => {
      const locals = runs(f!.locals).map(([count, t]) => [...uleb(count), t]);
      const body = flatten([vector(locals), f!.body, 0x0b]);
      return [uleb(body.length), body];
    });
    const out: Code[] = [[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], section(1, vector(types)), section(2, vector(this.imports)),
      section(3, vector(this.functions.map((f) => uleb(f!.type))))];
    if (this.elements.length) out.push(section(4, [1, 0x70, 0x00, ...uleb(this.elements.length)]));
    out.push(section(7, vector(this.exports)));
    if (this.elements.length) out.push(section(9, [1, 0x00, 0x41, 0x00, 0x0b, vector(this.elements.map((e) => uleb(e)))]));
    out.push(section(10, vector(bodies)));
    return flatten(out);
  }
}

function runs(locals: readonly ValType[]): [number, ValType][] {
  const out: [number, ValType][] = [];
  for (const t of locals) {
    const last = out[out.length - 1];
    if (last && last[1] === t) last[0]++; else out.push([1, t]);
  }
  return out;
}
