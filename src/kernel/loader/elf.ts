/** ELF64 executables for x86-64 (elf(5)): header and program headers, checked. */
import { ELIBBAD, ENOEXEC, Errno } from '../../abi/errno.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';

export const ET_EXEC = 2, ET_DYN = 3;
const EM_X86_64 = 62;
const PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551;
const PF_X = 1, PF_W = 2, PF_R = 4;
export const EHDR_SIZE = 64;
export const PHDR_SIZE = 56;
const PHDRS_MAX = 1170;

export interface Segment { offset: number; va: number; fileSize: number; memorySize: number; prot: number; align: number }

export interface ElfImage {
  type: number;
  entry: number;
  phoff: number;
  phnum: number;
  /** Address of the program headers as PT_PHDR says; undefined without one. */
  phdrVa: number | undefined;
  segments: Segment[];
  interp: { offset: number; size: number } | undefined;
  executableStack: boolean;
}

/** True for a file that starts as ELF does. */
export function isElf(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/** Reads the file header. Throws Errno(ENOEXEC) for what Linux on x86-64 does not execute. */
export function parseHeader(head: Uint8Array): { type: number; entry: number; phoff: number; phnum: number } {
  if (head.length < EHDR_SIZE || !isElf(head) || head[4] !== 2 || head[5] !== 1) throw new Errno(ENOEXEC);
  const v = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const type = v.getUint16(16, true);
  const phnum = v.getUint16(56, true);
  if ((type !== ET_EXEC && type !== ET_DYN) || v.getUint16(18, true) !== EM_X86_64) throw new Errno(ENOEXEC);
  if (v.getUint16(54, true) !== PHDR_SIZE || phnum === 0 || phnum > PHDRS_MAX) throw new Errno(ENOEXEC);
  return { type, entry: Number(v.getBigUint64(24, true)), phoff: Number(v.getBigUint64(32, true)), phnum };
}

/** Reads the program headers. */
export function parseSegments(header: ReturnType<typeof parseHeader>, table: Uint8Array): ElfImage {
  const image: ElfImage = { ...header, phdrVa: undefined, segments: [], interp: undefined, executableStack: false };
  if (table.length < header.phnum * PHDR_SIZE) throw new Errno(ENOEXEC);
  const v = new DataView(table.buffer, table.byteOffset, table.byteLength);
  for (let i = 0; i < header.phnum; i++) {
    const at = i * PHDR_SIZE;
    const type = v.getUint32(at, true);
    const flags = v.getUint32(at + 4, true);
    const u64 = (o: number): number => Number(v.getBigUint64(at + o, true));
    if (type === PT_LOAD) {
      const s: Segment = { offset: u64(8), va: u64(16), fileSize: u64(32), memorySize: u64(40), prot: protection(flags), align: u64(48) };
      if (s.fileSize > s.memorySize || s.offset % PAGE_SIZE !== s.va % PAGE_SIZE) throw new Errno(ENOEXEC);
      if (s.memorySize > 0) image.segments.push(s);
    } else if (type === PT_INTERP && image.interp === undefined) {
      image.interp = { offset: u64(8), size: u64(32) };
      if (image.interp.size < 2 || image.interp.size > 4096) throw new Errno(ENOEXEC);
    } else if (type === PT_PHDR) {
      image.phdrVa = u64(16);
    } else if (type === PT_GNU_STACK) {
      image.executableStack = (flags & PF_X) !== 0;
    }
  }
  if (image.segments.length === 0) throw new Errno(ELIBBAD);
  return image;
}

/** Address range of all segments, page aligned. */
export function extent(image: ElfImage): { low: number; high: number; align: number } {
  let low = Infinity;
  let high = 0;
  let align = PAGE_SIZE;
  for (const s of image.segments) {
    low = Math.min(low, s.va - (s.va % PAGE_SIZE));
    high = Math.max(high, Math.ceil((s.va + s.memorySize) / PAGE_SIZE) * PAGE_SIZE);
    align = Math.max(align, s.align);
  }
  return { low, high, align };
}

function protection(flags: number): number {
  return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}
