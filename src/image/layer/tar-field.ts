/** Fields of tar headers: numbers and strings. Reference: POSIX pax, GNU tar manual. */
import { InvalidParameter } from '../../base/errors.ts';

const utf8 = new TextDecoder();

/** What a damaged header is reported as. */
export function bad(what: string): InvalidParameter { return new InvalidParameter(`archive/tar: invalid tar header: ${what}`); }

/** Text up to the first NUL. */
export function cString(b: Uint8Array, at: number, length: number): string {
  let end = at;
  while (end < at + length && b[end] !== 0) end++;
  return utf8.decode(b.subarray(at, end));
}

/** An octal number, or GNU's base-256 (two's complement, top bit set). */
export function number(b: Uint8Array, at: number, length: number, field: string): number {
  if (b[at] & 0x80) {
    let value = b[at] & 0x40 ? -1 : 0;
    value = value * 64 + (b[at] & 0x3f);
    for (let i = 1; i < length; i++) value = value * 256 + b[at + i];
    if (!Number.isSafeInteger(value)) throw bad(field);
    return value;
  }
  const text = cString(b, at, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw bad(field);
  return parseInt(text, 8);
}
