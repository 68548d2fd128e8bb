/**
 * CPUID and /proc/cpuinfo's flags (SDM volume 2 CPUID, AMD APM volume 3 appendix E). What is announced is x86-64-v2 plus the
 * extras whose every instruction has a lowering. Family, model and vendor are those of Westmere, the Intel generation of exactly this
 * level: glibc then takes its unaligned SSE2/SSE4.2 string functions, which suit us, over the SSSE3 ones with their jump tables.
 * No OSXSAVE, so that nobody tries AVX.
 */
import { rows } from './isa.ts';

type Word = 'eax' | 'ebx' | 'ecx' | 'edx';
/** Name as in /proc/cpuinfo, leaf, register, bit. */
type FeatureBit = readonly [name: string, leaf: number, register: Word, bit: number];

const EXTENDED = 0x80000001;

/** Always there. */
const BASE: readonly FeatureBit[] = [
  ['fpu', 1, 'edx', 0], ['tsc', 1, 'edx', 4], ['cx8', 1, 'edx', 8], ['cmov', 1, 'edx', 15], ['clflush', 1, 'edx', 19], ['mmx', 1, 'edx', 23],
  ['fxsr', 1, 'edx', 24], ['sse', 1, 'edx', 25], ['sse2', 1, 'edx', 26],
  ['syscall', EXTENDED, 'edx', 11], ['nx', EXTENDED, 'edx', 20], ['rdtscp', EXTENDED, 'edx', 27], ['lm', EXTENDED, 'edx', 29],
  ['constant_tsc', 0x80000007, 'edx', 8],
  ['pni', 1, 'ecx', 0], ['ssse3', 1, 'ecx', 9], ['cx16', 1, 'ecx', 13], ['sse4_1', 1, 'ecx', 19], ['sse4_2', 1, 'ecx', 20],
  ['popcnt', 1, 'ecx', 23], ['lahf_lm', EXTENDED, 'ecx', 0], ['3dnowprefetch', EXTENDED, 'ecx', 8],
];

/** Announced when done: ISA feature name and its bits. */
const EXTRAS: readonly (readonly [feature: string, bits: readonly FeatureBit[]])[] = [
  ['pclmulqdq', [['pclmulqdq', 1, 'ecx', 1]]],
  ['movbe', [['movbe', 1, 'ecx', 22]]],
  ['aes', [['aes', 1, 'ecx', 25]]],
  ['rdrand', [['rdrand', 1, 'ecx', 30]]],
  ['fsgsbase', [['fsgsbase', 7, 'ebx', 0]]],
  ['rdseed', [['rdseed', 7, 'ebx', 18]]],
  ['adx', [['adx', 7, 'ebx', 19]]],
  ['clflushopt', [['clflushopt', 7, 'ebx', 23]]],
  ['sha', [['sha_ni', 7, 'ebx', 29]]],
  ['lzcnt', [['abm', EXTENDED, 'ecx', 5]]],
];

/**
 * rep movsb and stosb work on whole pages at a time here, so glibc should use them for long copies.
 */
const ERMS: FeatureBit = ['erms', 7, 'ebx', 9];

export const BRAND = 'Drydock virtual CPU';
const VENDOR = 'GenuineIntel';
/** Family 6, model 44, stepping 2. */
export const FAMILY = 6, MODEL = 44, STEPPING = 2;
const MAX_BASIC = 0xd, MAX_EXTENDED = 0x80000008;

export interface Cpuid {
  /** Flags in /proc/cpuinfo's spelling and order of announcement. */
  readonly flags: readonly string[];
  /** Writes eax, ebx, ecx, edx of a leaf into `out`. */
  query(leaf: number, subleaf: number, out: Uint32Array): void;
}

const word = (text: string, at: number): number =>
  (text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8) | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24)) >>> 0;

/** Deterministic cache parameters: type and level, ways, line 64, sets (SDM table on leaf 4). */
function cacheLeaf(index: number): readonly [number, number, number, number] {
  const caches = [[1, 1, 8, 64], [2, 1, 4, 128], [3, 2, 8, 512], [3, 3, 16, 8192]] as const;
  const cache = caches[index];
  if (cache === undefined) return [0, 0, 0, 0];
  const [type, level, ways, sets] = cache;
  return [type | (level << 5) | (1 << 8), (63 | ((ways - 1) << 22)) >>> 0, sets - 1, 0];
}

/** @param isLowered whether an instruction of this name can run; a feature is announced when all of its instructions can */
export function createCpuid(isLowered: (name: string) => boolean): Cpuid {
  const done = (feature: string): boolean => rows.every((r) => r.vex || r.feature !== feature || isLowered(r.name));
  const announced = [...BASE, ...EXTRAS.filter(([feature]) => done(feature)).flatMap(([, bits]) => bits), ERMS];
  const masks = new Map<string, number>();
  for (const [, leaf, register, bit] of announced) {
    const key = `${leaf}${register}`;
    masks.set(key, ((masks.get(key) ?? 0) | (1 << bit)) >>> 0);
  }
  const mask = (leaf: number, register: Word): number => masks.get(`${leaf}${register}`) ?? 0;
  const brand = BRAND.padEnd(48, '\0');

  function leafOf(leaf: number, subleaf: number): readonly [number, number, number, number] {
    if (leaf >= 0x80000002 && leaf <= 0x80000004) {
      const at = (leaf - 0x80000002) * 16;
      return [word(brand, at), word(brand, at + 4), word(brand, at + 8), word(brand, at + 12)];
    }
    switch (leaf) {
      case 0: return [MAX_BASIC, word(VENDOR, 0), word(VENDOR, 8), word(VENDOR, 4)];
      // CLFLUSH line 64 bytes, one logical processor.
      case 1: return [((MODEL >> 4) << 16) | (FAMILY << 8) | ((MODEL & 15) << 4) | STEPPING, (8 << 8) | (1 << 16), mask(1, 'ecx'), mask(1, 'edx')];
      // One round; descriptor FF sends the reader to leaf 4.
      case 2: return [1, 0xff, 0, 0];
      case 4: return cacheLeaf(subleaf);
      case 7: return subleaf === 0 ? [0, mask(7, 'ebx'), mask(7, 'ecx'), mask(7, 'edx')] : [0, 0, 0, 0];
      // Topology: one thread, one core.
      case 0xb: return subleaf < 2 ? [0, 1, ((subleaf + 1) << 8) | subleaf, 0] : [0, 0, subleaf, 0];
      case 0x80000000: return [MAX_EXTENDED, 0, 0, 0];
      case EXTENDED: return [0, 0, mask(EXTENDED, 'ecx'), mask(EXTENDED, 'edx')];
      // L2: 256 KiB, 8-way, 64-byte lines.
      case 0x80000006: return [0, 0, (256 << 16) | (6 << 12) | 64, 0];
      case 0x80000007: return [0, 0, 0, mask(leaf, 'edx')];
      // 40 physical and 48 linear address bits.
      case MAX_EXTENDED: return [0x3028, 0, 0, 0];
      default: return [0, 0, 0, 0];
    }
  }

  return {
    flags: announced.map(([name]) => name),
    query(leaf, subleaf, out) { out.set(leafOf(leaf >>> 0, subleaf >>> 0)); },
  };
}
