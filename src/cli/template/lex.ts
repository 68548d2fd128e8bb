/** Tokens of Go's text/template (pkg.go.dev/text/template): text between actions, and the words inside `{{ }}`. */

export type Token =
  | { kind: 'text'; text: string }
  | { kind: 'open' } | { kind: 'close' }
  | { kind: 'word' | 'field' | 'variable' | 'string' | 'number' | 'operator'; text: string; at: number };

export class TemplateError extends Error { override name = 'TemplateError'; }

const WORD = /^(?:(?<field>(?:\.[A-Za-z_][\w]*)+|\.)|(?<variable>\$\w*(?:\.[A-Za-z_]\w*)*)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)')|(?<number>[+-]?\d+(?:\.\d+)?)|(?<word>[A-Za-z_]\w*)|(?<operator>:=|[=|(),]))/;

/** @throws TemplateError in Go's words */
export function lex(source: string): Token[] {
  const out: Token[] = [];
  for (let at = 0; at < source.length;) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? undefined : open);
    if (out.length > 0 && /-\}\}$/.test(source.slice(0, at)) && /\s-\}\}$/.test(source.slice(0, at))) text = text.trimStart();
    if (open >= 0 && /^\{\{-\s/.test(source.slice(open, open + 4))) text = text.trimEnd();
    if (text !== '') out.push({ kind: 'text', text });
    if (open < 0) break;
    at = open + 2;
    if (/^-\s/.test(source.slice(at, at + 2))) at += 2;
    const comment = /^\s*\/\*[^]*?\*\/\s*-?\}\}/.exec(source.slice(at));
    if (comment) { at += comment[0].length; continue; }
    out.push({ kind: 'open' });
    for (;;) {
      const blank = /^\s+/.exec(source.slice(at));
      if (blank) at += blank[0].length;
      const end = /^-?\}\}/.exec(source.slice(at));
      if (end) { out.push({ kind: 'close' }); at += end[0].length; break; }
      const match = WORD.exec(source.slice(at));
      if (at >= source.length) throw new TemplateError('template: :1: unclosed action');
      if (!match) throw new TemplateError(`template: :1: unexpected ${JSON.stringify(source[at])} in command`);
      const [kind, value] = Object.entries(match.groups!).find(([, v]) => v !== undefined)!;
      out.push({ kind: kind as 'word', text: value!, at });
      at += match[0].length;
    }
  }
  return out;
}
