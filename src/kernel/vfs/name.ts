/**
 * Names as strings. Linux file names are bytes; here they are JavaScript strings decoded as UTF-8, with each byte that is
 * not valid UTF-8 kept as a lone surrogate U+DC80..U+DCFF (Python's surrogateescape, PEP 383), so that every name survives
 * the round trip.
 */

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const loneSurrogate = /[\uDC80-\uDCFF]/;

/** Bytes of a sequence that starts with `lead`; 0 when no sequence starts so. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try { return strict.decode(bytes); } catch { return undefined; }
}

export function decodeName(bytes: Uint8Array): string {
  const whole = tryDecode(bytes);
  if (whole !== undefined) return whole;
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const n = sequenceLength(bytes[i]);
    const piece = n > 0 && i + n <= bytes.length ? tryDecode(bytes.subarray(i, i + n)) : undefined;
    if (piece !== undefined) { out += piece; i += n; } else { out += String.fromCharCode(0xdc00 + bytes[i]); i++; }
  }
  return out;
}

export function encodeName(name: string): Uint8Array {
  if (!loneSurrogate.test(name)) return encoder.encode(name);
  const out: number[] = [];
  for (const char of name) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) out.push(code - 0xdc00);
    else out.push(...encoder.encode(char));
  }
  return Uint8Array.from(out);
}

/** Length in bytes, without encoding where every character is one byte. */
export function nameLength(name: string): number {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) >= 0x80) return encodeName(name).length;
  return name.length;
}
