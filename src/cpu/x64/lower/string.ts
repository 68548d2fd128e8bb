/** String instructions. */
import { FSBASE, GSBASE, ZERO } from '../../state.ts';
import type { Size } from '../../uops/emitter.ts';
import type { BySize } from '../../uops/alu.ts';
import { cmps, lods, movs, repeCmps, repeScas, repLods, repMovs, repneCmps, repneScas, repStos, scas, stos } from '../../uops/string.ts';
import { SEG_FS, SEG_NONE } from '../insn.ts';
import { lower, type Lowering } from './lower.ts';

type Family = BySize<readonly number[]>;

const string = (once: Family, rep: Family, repne: Family = rep): Lowering => (b, i) => {
  const family = i.rep === 0 ? once : i.rep === 0xf2 ? repne : rep;
  const segment = i.seg === SEG_NONE ? ZERO : i.seg === SEG_FS ? FSBASE : GSBASE;
  b.emit(family[i.size as Size][i.asize === 4 ? 1 : 0], 0, segment);
};

lower({
  movs: string(movs, repMovs),
  stos: string(stos, repStos),
  lods: string(lods, repLods),
  cmps: string(cmps, repeCmps, repneCmps),
  scas: string(scas, repeScas, repneScas),
});
