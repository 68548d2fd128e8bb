/** Executes Go templates over JSON values, with the functions that the docker client adds (json, join, split, upper, pad, truncate …). */
import { TemplateError } from './lex.ts';
import { parse, type Node, type Operand, type Pipeline } from './parse.ts';

export interface TemplateOptions {
  /** A missing key is an error, as in `docker inspect`; otherwise it prints `<no value>`. */
  strict?: boolean;
}

type Func = (...args: never[]) => unknown;

const truth = (v: unknown): boolean => v !== undefined && v !== null && v !== false && v !== 0 && v !== '' && !(Array.isArray(v) && v.length === 0) && !(isMap(v) && Object.keys(v).length === 0);
const isMap = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);
const sortedKeys = (m: Record<string, unknown>): string[] => Object.keys(m).sort();

/** What Go's fmt prints for %v. */
export function goString(v: unknown): string {
  if (v === undefined) return '<no value>';
  if (v === null) return '<nil>';
  if (Array.isArray(v)) return `[${v.map(goString).join(' ')}]`;
  if (isMap(v)) return `map[${sortedKeys(v).map((k) => `${k}:${goString(v[k])}`).join(' ')}]`;
  return String(v);
}

/** JSON as Go's encoder writes it: `<`, `>`, `&` escaped unless `raw`. */
const goJson = (v: unknown): string => JSON.stringify(v ?? null);

function format(pattern: string, args: unknown[]): string {
  let next = 0;
  return pattern.replace(/%([-+0]*)(\d*)(?:\.(\d+))?([%vsdqfxt])/g, (_, flags: string, width: string, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const value = args[next++];
    let text = verb === 'q' ? JSON.stringify(goString(value)) : verb === 'f' ? Number(value).toFixed(Number(precision ?? 6)) : verb === 'x' ? Number(value).toString(16) : goString(value);
    if (precision !== undefined && verb === 's') text = text.slice(0, Number(precision));
    const size = Number(width || 0);
    return flags.includes('-') ? text.padEnd(size) : text.padStart(size, flags.includes('0') ? '0' : ' ');
  });
}

const compare = (a: unknown, b: unknown): number => (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;

const functions: Record<string, Func> = {
  json: goJson as Func,
  split: ((s: string, by: string) => s.split(by)) as Func,
  join: ((list: unknown[], by: string) => list.map(goString).join(by)) as Func,
  upper: ((s: string) => s.toUpperCase()) as Func,
  lower: ((s: string) => s.toLowerCase()) as Func,
  title: ((s: string) => s.replace(/\b[a-z]/g, (c) => c.toUpperCase())) as Func,
  pad: ((s: string, before: number, after: number) => s === '' ? s : ' '.repeat(before) + s + ' '.repeat(after)) as Func,
  truncate: ((s: string, n: number) => s.slice(0, n)) as Func,
  println: ((...a: unknown[]) => a.map(goString).join(' ') + '\n') as Func,
  print: ((...a: unknown[]) => a.map(goString).join('')) as Func,
  printf: ((pattern: string, ...a: unknown[]) => format(pattern, a)) as Func,
  len: ((v: unknown) => typeof v === 'string' ? new TextEncoder().encode(v).length : Array.isArray(v) ? v.length : Object.keys(v as object).length) as Func,
  index: ((v: unknown, ...keys: (string | number)[]) => keys.reduce<unknown>((at, k) => {
    if (Array.isArray(at) && (Number(k) < 0 || Number(k) >= at.length)) throw new TemplateError(`error calling index: index out of range: ${k}`);
    return (at as Record<string, unknown> | null)?.[k] ?? '';
  }, v)) as Func,
  slice: ((v: string | unknown[], from = 0, to?: number) => v.slice(from, to)) as Func,
  eq: ((a: unknown, ...rest: unknown[]) => rest.some((b) => a === b)) as Func,
  ne: ((a: unknown, b: unknown) => a !== b) as Func,
  lt: ((a: unknown, b: unknown) => compare(a, b) < 0) as Func,
  le: ((a: unknown, b: unknown) => compare(a, b) <= 0) as Func,
  gt: ((a: unknown, b: unknown) => compare(a, b) > 0) as Func,
  ge: ((a: unknown, b: unknown) => compare(a, b) >= 0) as Func,
  and: ((...a: unknown[]) => a.find((x) => !truth(x)) ?? a[a.length - 1]) as Func,
  or: ((...a: unknown[]) => a.find(truth) ?? a[a.length - 1]) as Func,
  not: ((a: unknown) => !truth(a)) as Func,
};

class LoopExit { constructor(readonly kind: 'break' | 'continue') {} }

class Run {
  private out = '';
  private variables: [name: string, value: unknown][];
  constructor(private readonly root: unknown, private readonly options: TemplateOptions) { this.variables = [['$', root]]; }

  execute(nodes: readonly Node[]): string { this.list(nodes, this.root); return this.out; }

  private list(nodes: readonly Node[], dot: unknown): void {
    const scope = this.variables.length;
    for (const node of nodes) this.node(node, dot);
    this.variables.length = scope;
  }

  private node(node: Node, dot: unknown): void {
    switch (node.kind) {
      case 'text': this.out += node.text; break;
      case 'action': { const v = this.pipeline(node.pipeline, dot); if (node.pipeline.declare.length === 0) this.out += goString(v); break; }
      case 'if': case 'with': {
        const scope = this.variables.length, v = this.pipeline(node.pipeline, dot);
        if (truth(v)) this.list(node.body, node.kind === 'with' ? v : dot); else this.list(node.otherwise, dot);
        this.variables.length = scope;
        break;
      }
      case 'range': this.range(node, dot); break;
      default: throw new LoopExit(node.kind);
    }
  }

  private range(node: Extract<Node, { kind: 'if' | 'range' | 'with' }>, dot: unknown): void {
    const value = this.pipeline({ ...node.pipeline, declare: [] }, dot);
    const entries: [unknown, unknown][] = Array.isArray(value) ? value.map((v, i) => [i, v]) : isMap(value) ? sortedKeys(value).map((k) => [k, value[k]]) : [];
    if (entries.length === 0) { this.list(node.otherwise, dot); return; }
    const names = node.pipeline.declare, scope = this.variables.length;
    for (const [key, item] of entries) {
      if (names.length === 2) this.variables.push([names[0], key], [names[1], item]); else if (names.length === 1) this.variables.push([names[0], item]);
      try {
        this.list(node.body, item);
      } catch (exit) {
        if (!(exit instanceof LoopExit)) throw exit;
        if (exit.kind === 'break') break;
      } finally {
        this.variables.length = scope;
      }
    }
  }

  private pipeline(p: Pipeline, dot: unknown): unknown {
    let value: unknown;
    p.commands.forEach((command, i) => {
      const extra = i > 0 ? [value] : [];
      const [first, ...rest] = command.operands;
      const args = (): unknown[] => [...rest.map((o) => this.operand(o, dot)), ...extra];
      if (first.kind === 'function') {
        const f = functions[first.name];
        if (!f) throw new TemplateError(`template: :1: function ${JSON.stringify(first.name)} not defined`);
        value = f(...(args() as never[]));
      } else {
        const v = this.operand(first, dot, true);
        value = typeof v === 'function' ? (v as Func)(...(args() as never[])) : v;
      }
    });
    for (const name of p.declare) {
      const known = p.assign ? [...this.variables].reverse().find(([n]) => n === name) : undefined;
      if (known) known[1] = value; else this.variables.push([name, value]);
    }
    return value;
  }

  private operand(o: Operand, dot: unknown, keepFunction = false): unknown {
    const call = (v: unknown): unknown => typeof v === 'function' && !keepFunction ? (v as Func)() : v;
    switch (o.kind) {
      case 'literal': return o.value;
      case 'pipeline': return this.pipeline(o.pipeline, dot);
      case 'field': return call(this.path(o.of ? this.operand(o.of, dot) : dot, o.path));
      case 'variable': {
        const found = [...this.variables].reverse().find(([n]) => n === o.name);
        if (!found) throw new TemplateError(`template: :1: undefined variable ${JSON.stringify(o.name)}`);
        return call(this.path(found[1], o.path));
      }
      default: { const f = functions[o.name]; if (!f) throw new TemplateError(`template: :1: function ${JSON.stringify(o.name)} not defined`); return f(); }
    }
  }

  private path(value: unknown, path: readonly string[]): unknown {
    for (const key of path) {
      if (value === null || value === undefined) {
        if (this.options.strict) throw new TemplateError(`template: :1:2: executing "" at <.${path.join('.')}>: nil pointer evaluating interface {}.${key}`);
        return undefined;
      }
      if (!isMap(value)) throw new TemplateError(`template: :1:2: executing "" at <.${path.join('.')}>: can't evaluate field ${key} in type interface {}`);
      if (!(key in value) && this.options.strict) throw new TemplateError(`template: :1:2: executing "" at <.${path.join('.')}>: map has no entry for key ${JSON.stringify(key)}`);
      value = value[key];
    }
    return value;
  }
}

/** Compiles a template once; the result prints one value. @throws TemplateError */
export function compileTemplate(source: string, options: TemplateOptions = {}): (data: unknown) => string {
  const nodes = parse(source.replace(/\\t/g, '\t').replace(/\\n/g, '\n'));
  return (data) => new Run(data, options).execute(nodes);
}
