/**
 * Just enough of tar(5) to make layers: writing ustar entries, and the difference of two archives. Entries are kept as
 * their raw blocks (with the pax or GNU headers before them), so that what mmdebstrap wrote passes through unchanged.
 */
import { createHash } from 'node:crypto';

const BLOCK = 512;

/** Header and padded content of one entry. @param {{name: string, mode?: number, type?: string, link?: string, data?: Buffer}} e */
export function tarEntry({ name, mode = 0o644, type = '0', link = '', data = Buffer.alloc(0) }) {
  const head = Buffer.alloc(BLOCK);
  const octal = (value, at, width) => head.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1');
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(link) > 100) throw new Error(`name too long for ustar: ${name}`);
  head.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(data.length, 124, 12);
  octal(Number(process.env.SOURCE_DATE_EPOCH ?? 1735689600), 136, 12);
  head.write('        ', 148, 'latin1');
  head.write(type, 156, 'latin1');
  head.write(link, 157);
  head.write('ustar\u000000', 257, 'latin1');
  head.write(head.reduce((a, b) => a + b, 0).toString(8).padStart(6, '0') + '\0 ', 148, 'latin1');
  return Buffer.concat([head, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

/** The archive of the given raw entries. @param {Buffer[]} entries */
export const tarFile = (entries) => Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);

/** Raw entries of an archive by path. @param {Buffer} tar @returns {Map<string, Buffer>} */
export function tarEntries(tar) {
  const out = new Map();
  const text = (at, n) => tar.subarray(at, at + n).toString('utf8').replace(/\0.*$/s, '');
  for (let at = 0, start = 0, longName; at + BLOCK <= tar.length;) {
    if (tar[at] === 0) break;
    const size = parseInt(text(at + 124, 12), 8) || 0;
    const type = String.fromCharCode(tar[at + 156]);
    const body = at + BLOCK, next = body + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L') longName = text(body, size);
    else if (type === 'x') longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(tar.subarray(body, body + size).toString('utf8'))?.[1] ?? longName;
    else if (type !== 'g') {
      const prefix = text(at + 257, 5) === 'ustar' && tar[at + 262] === 0 ? text(at + 345, 155) : '';
      const name = longName ?? (prefix ? `${prefix}/` : '') + text(at, 100);
      out.set(name.replace(/^\.?\/+/, '').replace(/\/+$/, ''), tar.subarray(start, next));
      longName = undefined;
    }
    if (!'LKx'.includes(type)) start = next;
    at = next;
  }
  return out;
}

/** The layer that turns `lower` into `upper`: entries that are new or changed, and whiteouts. @param {Buffer} lower @param {Buffer} upper */
export function tarDifference(lower, upper) {
  const before = tarEntries(lower), after = tarEntries(upper);
  const hash = (b) => createHash('sha1').update(b).digest('hex');
  const layer = [];
  for (const path of before.keys()) {
    const parent = path.slice(0, path.lastIndexOf('/') + 1);
    if (!after.has(path) && (parent === '' || after.has(parent.slice(0, -1)))) layer.push(tarEntry({ name: `${parent}.wh.${path.slice(parent.length)}` }));
  }
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (!old || old.length !== entry.length || hash(old) !== hash(entry)) layer.push(entry);
  }
  return tarFile(layer);
}
