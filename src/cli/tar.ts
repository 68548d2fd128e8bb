/** The little of tar(5) that docker cp needs on the client's side: one file out, a listing in. */

export interface TarEntry { name: string; type: 'file' | 'directory' | 'other'; data: Uint8Array }

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** An archive of one regular file, mode 0644, owner root. @param now ms since the epoch, for the mtime */
export function tarFile(name: string, data: Uint8Array, now: number): Uint8Array {
  const out = new Uint8Array(512 + Math.ceil(data.length / 512) * 512 + 1024);
  const put = (text: string, at: number): void => { out.set(encoder.encode(text), at); };
  const path = encoder.encode(name);
  if (path.length > 100) throw new Error(`name too long: ${name}`);
  out.set(path, 0);
  put('0000644\0' + '0000000\0' + '0000000\0', 100);
  put(data.length.toString(8).padStart(11, '0'), 124);
  put(Math.floor(now / 1000).toString(8).padStart(11, '0'), 136);
  put('        0', 148);
  put('ustar\u000000', 257);
  put(out.subarray(0, 512).reduce((sum, b) => sum + b, 0).toString(8).padStart(6, '0') + '\0 ', 148);
  out.set(data, 512);
  return out;
}

/** The entries of an archive; pax headers give long names. */
export function untar(archive: Uint8Array): TarEntry[] {
  const text = (at: number, n: number): string => decoder.decode(archive.subarray(at, at + n)).replace(/\0.*$/s, '');
  const out: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8) || 0, type = String.fromCharCode(archive[at + 156]);
    const data = archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === 'x') { longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(decoder.decode(data))?.[1]; continue; }
    if (type === 'L') { longName = decoder.decode(data).replace(/\0.*$/s, ''); continue; }
    const start = at - 512 - Math.ceil(size / 512) * 512;
    const prefix = text(start + 345, 155);
    out.push({ name: longName ?? (prefix ? `${prefix}/` : '') + text(start, 100), type: type === '0' || type === '\0' ? 'file' : type === '5' ? 'directory' : 'other', data });
    longName = undefined;
  }
  return out;
}
