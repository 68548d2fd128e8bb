/** IP addresses as bytes: 4 for IPv4, 16 for IPv6. Inside the kernel an IPv4-mapped IPv6 address is always its 4 bytes. */

export type Ip = Uint8Array;

export const ANY4: Ip = new Uint8Array(4);
export const ANY6: Ip = new Uint8Array(16);
export const LOOPBACK4: Ip = Uint8Array.of(127, 0, 0, 1);
export const LOOPBACK6: Ip = Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0));

export function sameIp(a: Ip, b: Ip): boolean { return a.length === b.length && a.every((x, i) => x === b[i]); }
export function isAny(ip: Ip): boolean { return ip.every((x) => x === 0); }
export function isLoopback(ip: Ip): boolean { return ip.length === 4 ? ip[0] === 127 : sameIp(ip, LOOPBACK6); }
export function isMulticast(ip: Ip): boolean { return ip.length === 4 ? ip[0] >= 224 && ip[0] < 240 : ip[0] === 0xff; }
export function isMapped(ip: Ip): boolean { return ip.length === 16 && ip[10] === 0xff && ip[11] === 0xff && ip.subarray(0, 10).every((x) => x === 0); }

/** Turns a mapped address into its four bytes. */
export function unmap(ip: Ip): Ip { return isMapped(ip) ? ip.slice(12) : ip; }
/** The address as an AF_INET6 socket shows it. */
export function toMapped(ip: Ip): Ip {
  if (ip.length === 16) return ip;
  const out = new Uint8Array(16);
  out[10] = out[11] = 0xff;
  out.set(ip, 12);
  return out;
}

/** True when `ip` lies in network/prefix. */
export function inNetwork(ip: Ip, network: Ip, prefix: number): boolean {
  if (ip.length !== network.length) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = prefix - bit >= 8 ? 0xff : (0xff00 >> (prefix - bit)) & 0xff;
    if ((ip[bit >> 3] & mask) !== (network[bit >> 3] & mask)) return false;
  }
  return true;
}

export function netmask(prefix: number): Ip {
  return Uint8Array.from({ length: 4 }, (_, i) => (0xff00 >> Math.min(8, Math.max(0, prefix - i * 8))) & 0xff);
}

export function networkOf(ip: Ip, prefix: number): Ip {
  return ip.map((x, i) => x & (0xff00 >> Math.min(8, Math.max(0, prefix - i * 8))) & 0xff);
}

/** `10.0.0.1` or `fe80::1`; undefined when it is neither. */
export function parseIp(text: string): Ip | undefined {
  if (!text.includes(':')) {
    const parts = text.split('.');
    if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256)) return undefined;
    return Uint8Array.from(parts, Number);
  }
  const [head, tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const words = (s: string | undefined): number[] => (s ? s.split(':').map((w) => (/^[0-9a-f]{1,4}$/i.test(w) ? parseInt(w, 16) : NaN)) : []);
  const a = words(head), b = words(tail), gap = 8 - a.length - b.length;
  if ((tail === undefined ? gap !== 0 : gap < 1) || [...a, ...b].some(Number.isNaN)) return undefined;
  return Uint8Array.from([...a, ...new Array<number>(gap).fill(0), ...b].flatMap((w) => [w >> 8, w & 0xff]));
}

export function formatIp(ip: Ip): string {
  if (ip.length === 4) return ip.join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((ip[2 * i] << 8) | ip[2 * i + 1]).toString(16));
  const runs = [...words.join(':').matchAll(/\b0(:0)+\b/g)].sort((x, y) => y[0].length - x[0].length);
  if (runs.length === 0) return words.join(':');
  const { 0: run, index } = runs[0], text = words.join(':');
  return `${text.slice(0, index).replace(/:$/, '')}::${text.slice(index + run.length).replace(/^:/, '')}`;
}
