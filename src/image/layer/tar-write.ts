/** Tar headers: ustar where it suffices, with a PAX header before it where not, as Go's archive/tar writes them. */
import { BLOCK, type TarEntry } from './tar-read.ts';

const utf8 = new TextEncoder();
const FLAGS = { file: '0', link: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' } as const;

export type TarHeader = Pick<TarEntry, 'name' | 'type' | 'mode'> & Partial<TarEntry>;

/** The two zero blocks that end an archive. */
export const TAR_END = new Uint8Array(2 * BLOCK);

/** Zero bytes that must follow `size` bytes of content. */
export function tarPadding(size: number): Uint8Array { return new Uint8Array((BLOCK - size % BLOCK) % BLOCK); }

/** The header block(s) of an entry; its content and padding follow. */
export function tarHeader(entry: TarHeader): Uint8Array {
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
  const records: [string, string | Uint8Array][] = [];
  const size = entry.type === 'file' ? entry.size ?? 0 : 0;
  const { uid = 0, gid = 0, mtimeSec = 0, mtimeNsec = 0, linkName = '', userName = '', groupName = '' } = entry;
  const split = splitName(name);
  if (!split) records.push(['path', name]);
  if (!fits(linkName, 100)) records.push(['linkpath', linkName]);
  if (size >= 8 ** 11) records.push(['size', String(size)]);
  if (uid >= 8 ** 7) records.push(['uid', String(uid)]);
  if (gid >= 8 ** 7) records.push(['gid', String(gid)]);
  if (!fits(userName, 32)) records.push(['uname', userName]);
  if (!fits(groupName, 32)) records.push(['gname', groupName]);
  if (mtimeNsec !== 0 || mtimeSec < 0 || mtimeSec >= 8 ** 11) records.push(['mtime', timeText(mtimeSec, mtimeNsec)]);
  for (const [key, value] of entry.xattrs ?? []) records.push([`SCHILY.xattr.${key}`, value]);

  const [prefix, base] = split ?? ['', name];
  const main = block({
    base, prefix, flag: FLAGS[entry.type], mode: entry.mode & 0o7777, uid, gid, size, mtimeSec, linkName, userName, groupName,
    devMajor: entry.devMajor ?? 0, devMinor: entry.devMinor ?? 0,
  });
  if (records.length === 0) return main;
  const body = paxBody(records);
  const shortName = `PaxHeaders.0/${name.split('/').filter((p) => p !== '').at(-1) ?? ''}`;
  const head = block({ base: shortName, prefix: '', flag: 'x', mode: 0o644, uid: 0, gid: 0, size: body.length, mtimeSec: 0, linkName: '', userName: '', groupName: '', devMajor: 0, devMinor: 0 });
  const out = new Uint8Array(head.length + body.length + tarPadding(body.length).length + main.length);
  out.set(head);
  out.set(body, head.length);
  out.set(main, out.length - main.length);
  return out;
}

/** A whole small file as an entry: header, content, padding. */
export function tarFile(entry: TarHeader, content: Uint8Array): Uint8Array[] {
  return [tarHeader({ ...entry, size: content.length }), content, tarPadding(content.length)];
}

interface Fields { base: string; prefix: string; flag: string; mode: number; uid: number; gid: number; size: number; mtimeSec: number; linkName: string; userName: string; groupName: string; devMajor: number; devMinor: number }

function block(f: Fields): Uint8Array {
  const b = new Uint8Array(BLOCK);
  const text = (at: number, length: number, value: string): void => { b.set(utf8.encode(value).subarray(0, length), at); };
  const octal = (at: number, length: number, value: number): void => {
    const digits = value >= 0 && value < 8 ** (length - 1) ? value.toString(8) : '0';
    text(at, length, digits.padStart(length - 1, '0'));
  };
  text(0, 100, f.base);
  octal(100, 8, f.mode);
  octal(108, 8, f.uid);
  octal(116, 8, f.gid);
  octal(124, 12, f.size);
  octal(136, 12, f.mtimeSec);
  text(156, 1, f.flag);
  text(157, 100, f.linkName);
  text(257, 8, 'ustar\x0000');
  text(265, 32, f.userName);
  text(297, 32, f.groupName);
  octal(329, 8, f.devMajor);
  octal(337, 8, f.devMinor);
  text(345, 155, f.prefix);
  b.fill(0x20, 148, 156);
  const sum = b.reduce((n, v) => n + v, 0);
  text(148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
  return b;
}

function isAscii(text: string): boolean { return /^[\x01-\x7f]*$/.test(text); }
function fits(text: string, length: number): boolean { return text.length <= length && isAscii(text); }

/** A name as ustar's prefix and name, or undefined when only PAX can hold it. */
function splitName(name: string): [prefix: string, base: string] | undefined {
  if (fits(name, 100)) return ['', name];
  if (!isAscii(name) || name.length > 256) return undefined;
  const slash = name.lastIndexOf('/', name.endsWith('/') ? Math.min(155, name.length - 2) : 155);
  const base = name.slice(slash + 1);
  return slash <= 0 || base.length > 100 || base.length === 0 ? undefined : [name.slice(0, slash), base];
}

function timeText(sec: number, nsec: number): string {
  if (nsec === 0) return String(sec);
  const [whole, fraction, sign] = sec < 0 ? [-sec - 1, 1e9 - nsec, '-'] : [sec, nsec, ''];
  return `${sign}${whole}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
}

function paxBody(records: [string, string | Uint8Array][]): Uint8Array {
  const parts = records.map(([key, value]) => {
    const v = typeof value === 'string' ? utf8.encode(value) : value, k = utf8.encode(key);
    const rest = 1 + k.length + 1 + v.length + 1;
    let length = rest + String(rest).length;
    length = rest + String(length).length;
    const out = new Uint8Array(length), head = utf8.encode(`${length} `);
    out.set(head);
    out.set(k, head.length);
    out[head.length + k.length] = 0x3d;
    out.set(v, head.length + k.length + 1);
    out[length - 1] = 0x0a;
    return out;
  });
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}
