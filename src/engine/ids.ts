/** Ids of 64 hex digits, as Docker gives them, and the clock's time in Go's formats. */
import type { Clock, RandomBytes } from '../host/ports.ts';

export function newId(random: RandomBytes): string {
  for (;;) {
    const bytes = new Uint8Array(32);
    random(bytes);
    const id = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
    // A short id of digits only could be taken for a number (moby: pkg/stringid).
    if (!/^\d{12}/.test(id)) return id;
  }
}

export function shortId(id: string): string { return id.replace(/^sha256:/, '').slice(0, 12); }

/** Nanoseconds since the epoch. */
export function nanoseconds(clock: Clock): bigint {
  const ms = clock.now();
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1e6));
}

/** RFC 3339 with up to nine fraction digits, trailing zeros dropped (Go: time.RFC3339Nano), in UTC. */
export function rfc3339Nano(nanos: bigint): string {
  const seconds = nanos / 1_000_000_000n;
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${base}Z` : `${base}.${fraction}Z`;
}

export function timestamp(clock: Clock): string { return rfc3339Nano(nanoseconds(clock)); }

/** Go's zero time: what the API shows for "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Milliseconds of an API time; 0 for the zero time. */
export function parseTime(text: string): number { return text === ZERO_TIME ? 0 : Date.parse(text); }

/** Nanoseconds of the `since`/`until` query forms: unix seconds with fraction, or RFC 3339. */
export function parseTimestamp(text: string): bigint | undefined {
  if (text === '' || text === '0') return undefined;
  const unix = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (unix) return BigInt(unix[1]) * 1_000_000_000n + BigInt((unix[2] ?? '').padEnd(9, '0') || '0');
  const full = /^(.*?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const ms = full ? Date.parse(`${full[1]}${full[3] ?? 'Z'}`) : NaN;
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((full![2] ?? '').padEnd(9, '0') || '0');
}
