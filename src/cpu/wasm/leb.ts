/** LEB128 numbers of the WebAssembly binary format, section 5.2.2. */

const small: readonly (readonly number[])[] = Array.from({ length: 128 }, (_, n) => [n]);

/** Results are shared and not to be changed. */
export function uleb(n: number): readonly number[] {
  if (n < 128) return small[n];
  const out: number[] = [];
  do {
    const byte = n % 128;
    n = Math.floor(n / 128);
    out.push(n > 0 ? byte | 0x80 : byte);
  } while (n > 0);
  return out;
}

const words = new Map<number, readonly number[]>();

export function sleb32(n: number): readonly number[] {
  n |= 0;
  let known = words.get(n);
  if (known === undefined) words.set(n, known = encode32(n));
  return known;
}

function encode32(n: number): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = n & 0x7f;
    n >>= 7;
    if ((n === 0 && (byte & 0x40) === 0) || (n === -1 && (byte & 0x40) !== 0)) { out.push(byte); return out; }
    out.push(byte | 0x80);
  }
}

/** `n` is taken modulo 2^64 as a signed number. */
export function sleb64(n: bigint): readonly number[] {
  n = BigInt.asIntN(64, n);
  if (n >= -0x8000_0000n && n <= 0x7fff_ffffn) return sleb32(Number(n));
  const out: number[] = [];
  for (;;) {
    const byte = Number(n & 0x7fn);
    n >>= 7n;
    if ((n === 0n && (byte & 0x40) === 0) || (n === -1n && (byte & 0x40) !== 0)) { out.push(byte); return out; }
    out.push(byte | 0x80);
  }
}
