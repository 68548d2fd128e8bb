/** Maps the segments of an ELF file into an address space (binfmt_elf.c, elf_map): lazily, page by page from the file. */
import { ENOEXEC, Errno } from '../../abi/errno.ts';
import { MAP_FIXED, PROT_EXEC, PROT_WRITE } from '../../abi/mman.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { mapArea, pageUp } from '../mm/map.ts';
import { type Mm, MMAP_MIN, MMAP_TOP } from '../mm/mm.ts';
import { FileBacking } from '../mm/vma.ts';
import type { File } from '../vfs/file.ts';
import { type ElfImage, ET_EXEC, extent } from './elf.ts';

/** Load address of position-independent programs. */
const PIE_BASE = 0x55550000;

export interface Loaded {
  /** Added to the file's addresses. */
  bias: number;
  entry: number;
  phdr: number;
  low: number;
  high: number;
}

/** @param interpreter the file is the program interpreter: it goes into the area for mappings */
export function mapImage(mm: Mm, file: File, image: ElfImage, interpreter: boolean): Loaded {
  const { low, high, align } = extent(image);
  const bias = image.type === ET_EXEC ? 0 : chooseBias(mm, low, high, align, interpreter);
  if (low + bias < MMAP_MIN) throw new Errno(ENOEXEC);
  const mapping = file.mapping();
  if (typeof mapping === 'number') throw new Errno(ENOEXEC);
  for (const s of image.segments) {
    const start = s.va - (s.va % PAGE_SIZE) + bias;
    const fileEnd = s.va + bias + s.fileSize;
    const memoryEnd = s.va + bias + s.memorySize;
    const mappedEnd = s.fileSize > 0 ? pageUp(fileEnd) : start;
    if (s.fileSize > 0) {
      file.retain();
      mapArea(mm, {
        address: start, length: mappedEnd - start, prot: s.prot, flags: MAP_FIXED, backing: new FileBacking(file, mapping), offset: (s.offset - (s.va % PAGE_SIZE)) / PAGE_SIZE,
      });
      if (memoryEnd > fileEnd && s.prot & PROT_WRITE) mm.areas.find(start)!.zeroFrom = fileEnd;
    }
    if (memoryEnd > mappedEnd) mapArea(mm, { address: mappedEnd, length: pageUp(memoryEnd) - mappedEnd, prot: s.prot, flags: MAP_FIXED });
    if (interpreter) continue;
    if (s.prot & PROT_EXEC) {
      mm.startCode ||= s.va + bias;
      mm.endCode = Math.max(mm.endCode, fileEnd);
    } else if (s.prot & PROT_WRITE) {
      mm.startData ||= s.va + bias;
      mm.endData = Math.max(mm.endData, fileEnd);
    }
  }
  return { bias, entry: image.entry + bias, phdr: phdrAddress(image) + bias, low: low + bias, high: high + bias };
}

function chooseBias(mm: Mm, low: number, high: number, align: number, interpreter: boolean): number {
  if (!interpreter) return Math.ceil(PIE_BASE / align) * align - low;
  const gap = mm.areas.findGap(high - low + align, MMAP_MIN, MMAP_TOP);
  if (gap < 0) throw new Errno(ENOEXEC);
  const room = gap + align;
  return room - (room % align) - low;
}

function phdrAddress(image: ElfImage): number {
  if (image.phdrVa !== undefined) return image.phdrVa;
  const holder = image.segments.find((s) => image.phoff >= s.offset && image.phoff < s.offset + s.fileSize);
  return holder ? image.phoff - holder.offset + holder.va : 0;
}

