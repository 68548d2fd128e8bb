/**
 * The `filters` query parameter: `{"key":{"value":true}}`, or `{"key":["value"]}` from old clients. Reference: moby api/types/filters.
 */
import { InvalidParameter } from '../../base/errors.ts';

export class Filters {
  private constructor(private readonly values: Map<string, string[]>) {}

  static parse(text: string): Filters {
    const values = new Map<string, string[]>();
    if (text === '') return new Filters(values);
    let parsed: unknown;
    try { parsed = JSON.parse(text); } catch { throw new InvalidParameter(`invalid filter: ${text}`); }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new InvalidParameter(`invalid filter: ${text}`);
    for (const [key, given] of Object.entries(parsed)) {
      if (typeof given !== 'object' || given === null) throw new InvalidParameter(`invalid filter: ${text}`);
      values.set(key, Array.isArray(given) ? given.map(String) : Object.keys(given).filter((k) => (given as Record<string, boolean>)[k]));
    }
    return new Filters(values);
  }

  /** Refuses keys that the endpoint does not know. */
  accept(...keys: string[]): this {
    for (const key of this.values.keys()) if (!keys.includes(key)) throw new InvalidParameter(`invalid filter '${key}'`);
    return this;
  }

  has(key: string): boolean { return this.values.has(key); }
  get(key: string): string[] { return this.values.get(key) ?? []; }

  /** True when the key is absent, or one of its values is exactly `value`. */
  exact(key: string, value: string): boolean { return !this.has(key) || this.get(key).length === 0 || this.get(key).includes(value); }

  /** True when the key is absent, or one of its values matches as a regular expression (or is contained). */
  match(key: string, value: string): boolean {
    if (!this.has(key) || this.get(key).length === 0) return true;
    return this.get(key).some((pattern) => {
      if (pattern === value) return true;
      try { return new RegExp(pattern).test(value); } catch { return false; }
    });
  }

  /** True when the key is absent, or one of its values is a prefix of `value`. */
  fuzzy(key: string, value: string): boolean { return !this.has(key) || this.get(key).some((v) => value.startsWith(v)); }

  /** `label=k` and `label=k=v`: all must hold. */
  labels(key: string, labels: Record<string, string> | null | undefined): boolean {
    return this.get(key).every((wanted) => labelHolds(wanted, labels ?? {}));
  }

  /** `label!=k`: none may hold. */
  noneOfLabels(key: string, labels: Record<string, string> | null | undefined): boolean {
    return !this.get(key).some((wanted) => labelHolds(wanted, labels ?? {}));
  }

  /** `dangling=true|1|false|0`; undefined when absent. */
  boolean(key: string): boolean | undefined {
    if (!this.has(key)) return undefined;
    const given = this.get(key);
    const yes = given.some((v) => v === 'true' || v === '1'), no = given.some((v) => v === 'false' || v === '0');
    if (yes === no) throw new InvalidParameter(`invalid filter '${key}=[${given.join(' ')}]'`);
    return yes;
  }
}

function labelHolds(wanted: string, labels: Record<string, string>): boolean {
  const at = wanted.indexOf('=');
  const key = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === wanted.slice(at + 1));
}
