/** Flags, hints, identification, time and segment bases. */
import { FSBASE, GSBASE, gpr } from '../../state.ts';
import { clc, cmc, getFlags, lahf, PLAIN_FLAGS, sahf, setDirection, setFlags, stc } from '../../uops/flags.ts';
import { lea64, load } from '../../uops/memory.ts';
import { move } from '../../uops/move.ts';
import { cpuid, rdrand, rdtsc, rdtscp } from '../../uops/system.ts';
import { push } from '../../uops/stack.ts';
import type { Size } from '../../uops/emitter.ts';
import { lower, type Lowering } from './lower.ts';

const rsp = gpr(4), ah = gpr(0) + 1;
const nothing: Lowering = () => {};

/** d is the base register, or it is the source. */
const readBase = (base: number): Lowering => (b, i) => b.emit(i.size === 8 ? move[64] : move[32], b.place(0), base);
const writeBase = (base: number): Lowering => (b, i) => b.emit(i.size === 8 ? move[64] : move[32], base, b.place(0));

lower({
  'nop pause endbr64 endbr32 prefetch prefetchw prefetchnta prefetcht0 prefetcht1 prefetcht2 lfence mfence sfence': nothing,
  'clflush clflushopt clwb': (b) => b.mem(load[1], b.temp()),
  clc: (b) => b.emit(clc), stc: (b) => b.emit(stc), cmc: (b) => b.emit(cmc),
  cld: (b) => b.emit(setDirection, 0, 0, 0, 0, 0), std: (b) => b.emit(setDirection, 0, 0, 0, 0, 1),
  lahf: (b) => b.emit(lahf, ah), sahf: (b) => b.emit(sahf, 0, ah),
  pushf: (b, i) => {
    const t = b.temp();
    b.emit(getFlags, t);
    b.emit(push[i.size === 2 ? 2 : 8], 0, t);
  },
  popf: (b, i) => {
    const size = i.size === 2 ? 2 : 8;
    const t = b.temp();
    b.emit(load[size], t, rsp);
    b.emit(lea64, rsp, rsp, 0, 0, 0, size);
    b.emit(setFlags, 0, t, 0, 0, 0, 0, size === 2 ? PLAIN_FLAGS & 0xffff : PLAIN_FLAGS);
  },
  rdfsbase: readBase(FSBASE), rdgsbase: readBase(GSBASE), wrfsbase: writeBase(FSBASE), wrgsbase: writeBase(GSBASE),
  cpuid: (b) => b.emit(cpuid), rdtsc: (b) => b.emit(rdtsc), rdtscp: (b) => b.emit(rdtscp),
  'rdrand rdseed': (b, i) => b.emit(rdrand[i.size as Size], b.place(0)),
});
