/** What CPUID announces: x86-64-v2 whole, nothing of AVX, and only extras that can run. */
import { describe, expect, test } from 'vitest';
import { BRAND, createCpuid } from '../../../src/cpu/x64/cpuid.ts';
import { isLowered } from '../../../src/cpu/x64/lower/index.ts';

const bits = (...list: number[]): number => list.reduce((mask, b) => (mask | (1 << b)) >>> 0, 0);

function query(leaf: number, subleaf = 0, lowered: (name: string) => boolean = isLowered): Record<'eax' | 'ebx' | 'ecx' | 'edx', number> {
  const out = new Uint32Array(4);
  createCpuid(lowered).query(leaf, subleaf, out);
  return { eax: out[0]!, ebx: out[1]!, ecx: out[2]!, edx: out[3]! };
}

describe('cpuid', () => {
  test('x86-64-v2 as the psABI lists it', () => {
    const one = query(1), extended = query(0x80000001);
    // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; CX8, CMOV, MMX, FXSR, SSE, SSE2; LAHF; SYSCALL, LM.
    expect(one.ecx & bits(0, 9, 13, 19, 20, 23)).toBe(bits(0, 9, 13, 19, 20, 23));
    expect(one.edx & bits(0, 8, 15, 23, 24, 25, 26)).toBe(bits(0, 8, 15, 23, 24, 25, 26));
    expect(extended.ecx & 1).toBe(1);
    expect((extended.edx & bits(11, 29)) >>> 0).toBe(bits(11, 29));
  });

  test('no FMA, XSAVE, OSXSAVE, AVX, F16C, BMI or AVX2', () => {
    expect(query(1).ecx & bits(12, 26, 27, 28, 29)).toBe(0);
    expect(query(7).ebx & bits(3, 5, 8, 16)).toBe(0);
  });

  test('an extra is announced exactly when all of its instructions are lowered', () => {
    expect(query(1, 0, () => true).ecx & bits(25)).toBe(bits(25));
    expect(query(1, 0, (name) => name !== 'aesimc').ecx & bits(25)).toBe(0);
    expect(createCpuid((name) => name !== 'aesimc').flags).not.toContain('aes');
  });

  test('brand string and caches', () => {
    const bytes = [2, 3, 4].flatMap((n) => { const r = query(0x80000000 + n); return [r.eax, r.ebx, r.ecx, r.edx]; });
    expect(Buffer.from(Uint32Array.from(bytes).buffer).toString('latin1').replace(/\0+$/, '')).toBe(BRAND);
    // Size of the third level as the manual computes it: ways * partitions * line * sets.
    const l3 = query(4, 3);
    expect(((l3.ebx >>> 22) + 1) * ((l3.ebx & 4095) + 1) * (l3.ecx + 1)).toBe(8 << 20);
    expect(query(4, 4).eax & 31).toBe(0);
  });
});
