/** Query parameters read as moby's httputils reads them. */
import { InvalidParameter } from '../../base/errors.ts';

export class Query {
  constructor(private readonly values: Record<string, string[]>) {}

  has(name: string): boolean { return name in this.values; }
  text(name: string): string { return this.values[name]?.[0] ?? ''; }
  all(name: string): string[] { return this.values[name] ?? []; }

  /** Everything but '', 0, no, false and none is true. */
  flag(name: string, otherwise = false): boolean {
    if (!this.has(name)) return otherwise;
    return !['', '0', 'no', 'false', 'none'].includes(this.text(name).trim().toLowerCase());
  }

  /** An integer, or undefined when absent; anything else is refused as Go's strconv words it. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw new InvalidParameter(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  }
}
