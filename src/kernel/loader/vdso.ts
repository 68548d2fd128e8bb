/**
 * The vDSO (vdso(7)): a small ELF library the kernel maps into every process. Its functions make the system call: here a
 * system call is cheap, and the libraries need no second path. Written out by hand: dynamic symbols, version, code.
 */

const FUNCTIONS: readonly (readonly [name: string, nr: number])[] = [
  ['clock_gettime', 228], ['gettimeofday', 96], ['time', 201], ['getcpu', 309], ['clock_getres', 229],
];
const VERSION = 'LINUX_2.6';
const SONAME = 'linux-vdso.so.1';

const DT = { HASH: 4, STRTAB: 5, SYMTAB: 6, STRSZ: 10, SYMENT: 11, SONAME: 14, VERSYM: 0x6ffffff0, VERDEF: 0x6ffffffc, VERDEFNUM: 0x6ffffffd };

/** SysV hash of symbol names (gABI, "Hash Table"). */
function elfHash(name: string): number {
  let h = 0;
  for (const c of name) {
    h = ((h << 4) + c.charCodeAt(0)) >>> 0;
    const g = h & 0xf0000000;
    if (g !== 0) h ^= g >>> 24;
    h = (h & ~g) >>> 0;
  }
  return h;
}

function buildImage(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4096);
  const v = new DataView(bytes.buffer);
  const u64 = (at: number, value: number): void => v.setBigUint64(at, BigInt(value), true);

  let strings = '\0';
  const addString = (s: string): number => { const at = strings.length; strings += `${s}\0`; return at; };
  const names = FUNCTIONS.flatMap(([name, nr], i) => [[`__vdso_${name}`, nr, i], [name, nr, i]] as const);
  const symbols = names.map(([name, , i]) => ({ name: addString(name), hash: elfHash(name), i, weak: !name.startsWith('__vdso') }));
  const versionName = addString(VERSION);
  const soname = addString(SONAME);

  const count = symbols.length + 1;
  const phdrs = 64;
  const dynsym = phdrs + 3 * 56;
  const dynstr = dynsym + count * 24;
  const hash = align(dynstr + strings.length, 8);
  const versym = hash + 4 * (2 + 1 + count);
  const verdef = align(versym + 2 * count, 8);
  const dynamic = align(verdef + 2 * (20 + 8), 8);
  const dynamicEntries: [number, number][] = [
    [DT.HASH, hash], [DT.STRTAB, dynstr], [DT.SYMTAB, dynsym], [DT.STRSZ, strings.length], [DT.SYMENT, 24], [DT.SONAME, soname],
    [DT.VERSYM, versym], [DT.VERDEF, verdef], [DT.VERDEFNUM, 2], [0, 0],
  ];
  const text = align(dynamic + dynamicEntries.length * 16, 16);
  const codeSize = 16;
  const total = text + FUNCTIONS.length * codeSize;

  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  v.setUint16(16, 3, true);
  v.setUint16(18, 62, true);
  v.setUint32(20, 1, true);
  u64(24, text);
  u64(32, phdrs);
  v.setUint16(52, 64, true);
  v.setUint16(54, 56, true);
  v.setUint16(56, 2, true);
  v.setUint16(58, 64, true);
  programHeader(phdrs, 1, 5, 0, total, 4096);
  programHeader(phdrs + 56, 2, 4, dynamic, dynamicEntries.length * 16, 8);

  symbols.forEach((s, n) => {
    const at = dynsym + (n + 1) * 24;
    v.setUint32(at, s.name, true);
    bytes[at + 4] = (s.weak ? 2 : 1) << 4 | 2;
    v.setUint16(at + 6, 1, true);
    u64(at + 8, text + s.i * codeSize);
    u64(at + 16, codeSize);
    v.setUint16(versym + (n + 1) * 2, 2, true);
  });
  for (let i = 0; i < strings.length; i++) bytes[dynstr + i] = strings.charCodeAt(i);

  v.setUint32(hash, 1, true);
  v.setUint32(hash + 4, count, true);
  v.setUint32(hash + 8, count - 1, true);
  for (let n = 1; n < count; n++) v.setUint32(hash + 12 + n * 4, n - 1, true);

  versionDefinition(verdef, 1, 1, elfHash(SONAME), soname, 28);
  versionDefinition(verdef + 28, 0, 2, elfHash(VERSION), versionName, 0);
  dynamicEntries.forEach(([tag, value], i) => { u64(dynamic + i * 16, tag); u64(dynamic + i * 16 + 8, value); });

  FUNCTIONS.forEach(([, nr], i) => {
    bytes.set([0xb8, nr & 0xff, nr >> 8, 0, 0, 0x0f, 0x05, 0xc3], text + i * codeSize);
  });
  return bytes;

  function programHeader(at: number, type: number, flags: number, offset: number, size: number, alignment: number): void {
    v.setUint32(at, type, true);
    v.setUint32(at + 4, flags, true);
    u64(at + 8, offset);
    u64(at + 16, offset);
    u64(at + 24, offset);
    u64(at + 32, size);
    u64(at + 40, size);
    u64(at + 48, alignment);
  }

  function versionDefinition(at: number, flags: number, index: number, nameHash: number, name: number, next: number): void {
    v.setUint16(at, 1, true);
    v.setUint16(at + 2, flags, true);
    v.setUint16(at + 4, index, true);
    v.setUint16(at + 6, 1, true);
    v.setUint32(at + 8, nameHash, true);
    v.setUint32(at + 12, 20, true);
    v.setUint32(at + 16, next, true);
    v.setUint32(at + 20, name, true);
  }
}

function align(n: number, to: number): number { return Math.ceil(n / to) * to; }

let image: Uint8Array<ArrayBuffer> | undefined;

/** The library, one page. */
export function vdsoImage(): Uint8Array<ArrayBuffer> { return image ??= buildImage(); }
