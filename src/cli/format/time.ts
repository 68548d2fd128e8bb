/** Times as the client's flags give them, and as its listings print them. */
import { parseDuration } from '../../base/units.ts';

/** `--since 42m`, a Unix time, or a date, as the engine's query wants it: seconds, or undefined. */
export function eventTime(text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration !== undefined && text !== '0') return ((now - duration / 1e6) / 1000).toFixed(9);
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const date = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  return Number.isNaN(date) ? text : (date / 1000).toFixed(9);
}

/** `2025-01-31 14:05:09 +0000 UTC` for a Unix time in seconds. */
export const goTime = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
