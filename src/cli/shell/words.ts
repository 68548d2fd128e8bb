/** Splits a command line into words by the quoting rules of sh(1): '…', "…", backslash. No expansion. */

export class QuoteError extends Error { override name = 'QuoteError'; }

export interface Words { words: string[]; /** Offset at which the last, perhaps unfinished, word starts. */ lastStart: number }

/** @param open an unfinished quote is accepted (completion); otherwise it throws QuoteError */
export function splitWords(line: string, open = false): Words {
  const words: string[] = [];
  let current: string | undefined, quote = '', lastStart = line.length;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quote === "'") { if (c === "'") quote = ''; else current += c; continue; }
    if (quote === '"') {
      if (c === '"') quote = '';
      else if (c === '\\' && '"\\$`'.includes(line[i + 1] ?? '')) current += line[++i];
      else current += c;
      continue;
    }
    if (/\s/.test(c)) { if (current !== undefined) { words.push(current); current = undefined; } continue; }
    if (current === undefined) { current = ''; lastStart = i; }
    if (c === "'" || c === '"') quote = c;
    else if (c === '\\' && i + 1 < line.length) { i++; if (line[i] !== '\n') current += line[i]; } else current += c;
  }
  if (quote !== '' && !open) throw new QuoteError(`unexpected EOF while looking for matching \`${quote}'`);
  if (current !== undefined) words.push(current);
  else if (open) { words.push(''); lastStart = line.length; }
  return { words, lastStart };
}
