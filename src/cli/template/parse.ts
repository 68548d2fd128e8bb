/** The syntax tree of Go's text/template: actions, if/range/with, pipelines of commands. */
import { lex, TemplateError, type Token } from './lex.ts';

export type Operand =
  | { kind: 'field'; path: string[]; of?: Operand }
  | { kind: 'variable'; name: string; path: string[] }
  | { kind: 'literal'; value: unknown }
  | { kind: 'function'; name: string }
  | { kind: 'pipeline'; pipeline: Pipeline };

export interface Command { operands: Operand[] }
export interface Pipeline { declare: string[]; assign: boolean; commands: Command[] }

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'action'; pipeline: Pipeline }
  | { kind: 'if' | 'range' | 'with'; pipeline: Pipeline; body: Node[]; otherwise: Node[] }
  | { kind: 'break' | 'continue' };

const unquote = (text: string): string => text[0] === '`' ? text.slice(1, -1) : (JSON.parse(`"${text.slice(1, -1).replace(/\\'/g, "'").replace(/(^|[^\\])"/g, '$1\\"')}"`) as string);

/** @throws TemplateError in Go's words */
export function parse(source: string): Node[] {
  const tokens = lex(source);
  let at = 0;
  const word = (): string | undefined => { const t = tokens[at]; return t?.kind === 'word' ? t.text : undefined; };
  const operator = (text: string): boolean => { const t = tokens[at]; return t?.kind === 'operator' && t.text === text; };
  const close = (): void => {
    if (tokens[at]?.kind !== 'close') throw new TemplateError(`template: :1: unexpected ${describe(tokens[at])} in command`);
    at++;
  };

  function list(ends: readonly string[]): { nodes: Node[]; end?: string } {
    const nodes: Node[] = [];
    while (at < tokens.length) {
      const token = tokens[at++];
      if (token.kind === 'text') { nodes.push({ kind: 'text', text: token.text }); continue; }
      const keyword = word();
      if (keyword === 'end' || keyword === 'else') {
        if (!ends.includes(keyword)) throw new TemplateError(`template: :1: unexpected {{${keyword}}}`);
        at++;
        return { nodes, end: keyword };
      }
      if (keyword === 'if' || keyword === 'range' || keyword === 'with') { at++; nodes.push(control(keyword)); continue; }
      if (keyword === 'break' || keyword === 'continue') { at++; close(); nodes.push({ kind: keyword }); continue; }
      nodes.push({ kind: 'action', pipeline: pipeline() });
      close();
    }
    if (ends.length > 0) throw new TemplateError('template: :1: unexpected EOF');
    return { nodes };
  }

  function control(kind: 'if' | 'range' | 'with'): Node {
    const condition = pipeline();
    close();
    const { nodes: body, end } = list(['end', 'else']);
    let otherwise: Node[] = [];
    if (end === 'else') {
      const chained = word();
      if (chained === 'if' || chained === 'with') { at++; otherwise = [control(chained)]; return { kind, pipeline: condition, body, otherwise }; }
      close();
      otherwise = list(['end']).nodes;
    }
    close();
    return { kind, pipeline: condition, body, otherwise };
  }

  function pipeline(): Pipeline {
    const declare: string[] = [];
    let assign = false;
    const start = at;
    while (tokens[at]?.kind === 'variable') {
      declare.push((tokens[at++] as { text: string }).text);
      if (operator(',')) { at++; continue; }
      break;
    }
    if (declare.length > 0 && (operator(':=') || operator('='))) { assign = operator('='); at++; } else { declare.length = 0; at = start; }
    const commands = [command()];
    while (operator('|')) { at++; commands.push(command()); }
    return { declare, assign, commands };
  }

  function command(): Command {
    const operands: Operand[] = [];
    for (;;) {
      const token = tokens[at];
      if (!token || token.kind === 'close' || (token.kind === 'operator' && token.text !== '(')) break;
      operands.push(operand(token));
    }
    if (operands.length === 0) throw new TemplateError('template: :1: missing value for command');
    return { operands };
  }

  function operand(token: Token): Operand {
    at++;
    switch (token.kind) {
      case 'field': return { kind: 'field', path: token.text.split('.').filter(Boolean) };
      case 'variable': { const [name, ...path] = token.text.split('.'); return { kind: 'variable', name, path }; }
      case 'string': return { kind: 'literal', value: unquote(token.text) };
      case 'number': return { kind: 'literal', value: Number(token.text) };
      case 'word': return token.text === 'true' || token.text === 'false' ? { kind: 'literal', value: token.text === 'true' }
        : token.text === 'nil' ? { kind: 'literal', value: null } : { kind: 'function', name: token.text };
      default: break;
    }
    if (token.kind !== 'operator' || token.text !== '(') throw new TemplateError(`template: :1: unexpected ${describe(token)} in operand`);
    const inner: Operand = { kind: 'pipeline', pipeline: pipeline() };
    if (!operator(')')) throw new TemplateError('template: :1: unclosed left paren');
    at++;
    const next = tokens[at];
    if (next?.kind !== 'field' || next.text === '.') return inner;
    at++;
    return { kind: 'field', path: next.text.split('.').filter(Boolean), of: inner };
  }

  return list([]).nodes;
}

const describe = (token: Token | undefined): string => !token ? 'EOF' : token.kind === 'close' ? '"}}"' : 'text' in token ? JSON.stringify(token.text) : token.kind;
