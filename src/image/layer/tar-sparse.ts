/** Sparse maps of GNU tar: the old 'S' entries, and PAX formats 0.1 and 1.0. Reference: GNU tar manual, "Storing Sparse Files". */
import { InvalidParameter } from '../../base/errors.ts';
import { number } from './tar-field.ts';

/** A run of bytes, stored or a hole. read() counts `size` down. */
export interface SparseRegion { hole: boolean; size: number }

export function gnuSparseMap(header: Uint8Array, extensions: Uint8Array[], realSize: number): SparseRegion[] {
  const table: number[] = [];
  const collect = (block: Uint8Array, at: number, count: number): void => {
    for (let i = 0; i < count && block[at + i * 24] !== 0; i++) table.push(number(block, at + i * 24, 12, 'sparse offset'), number(block, at + i * 24 + 12, 12, 'sparse size'));
  };
  collect(header, 386, 4);
  for (const block of extensions) collect(block, 0, 21);
  return paxSparseMap(table, realSize);
}

/** @param table offset, size, offset, size … */
export function paxSparseMap(table: number[], realSize: number): SparseRegion[] {
  const out: SparseRegion[] = [];
  let at = 0;
  for (let i = 0; i < table.length; i += 2) {
    const offset = table[i], size = table[i + 1];
    if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= at && size >= 0 && offset + size <= realSize)) {
      throw new InvalidParameter('archive/tar: invalid sparse map');
    }
    out.push({ hole: true, size: offset - at }, { hole: false, size });
    at = offset + size;
  }
  out.push({ hole: true, size: realSize - at });
  return out;
}

/** PAX 1.0: the map is text at the start of the content, padded to whole blocks. */
export async function parseSparseText(block: () => Promise<Uint8Array>): Promise<number[]> {
  let text = '';
  const line = async (from: { at: number }): Promise<number> => {
    let end: number;
    while ((end = text.indexOf('\n', from.at)) < 0) {
      if (text.length > 1 << 20) throw new InvalidParameter('archive/tar: invalid sparse map');
      text += String.fromCharCode(...(await block()));
    }
    const digits = text.slice(from.at, end);
    if (!/^\d+$/.test(digits)) throw new InvalidParameter('archive/tar: invalid sparse map');
    from.at = end + 1;
    return Number(digits);
  };
  const cursor = { at: 0 };
  const count = await line(cursor), table: number[] = [];
  for (let i = 0; i < count * 2; i++) table.push(await line(cursor));
  return table;
}
