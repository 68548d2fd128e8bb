/** FXSAVE, FXRSTOR, LDMXCSR, MASKMOVDQU. */
import { Access, Vector } from '../cpu.ts';
import { fxrstor, fxsave, FXSAVE_BYTES, FXSAVE_WRITTEN, MXCSR_MASK } from '../helpers/fxsave.ts';
import { MXCSR } from '../state.ts';
import { i32 } from '../wasm/code.ts';
import { define } from './define.ts';
import { defineHelper, type HelperCpu } from './helper.ts';
import { operand } from './vec-float.ts';
import { unitOf } from './x87.ts';

const addressIn = (cpu: HelperCpu, record: number): number => Number(cpu.memory.view.getBigInt64(operand(cpu, record, 'a'), true));

/** The guest address is in a. */
export const fxsaveOp = defineHelper('fxsave', {}, (cpu, record) => {
  const image = new Uint8Array(FXSAVE_WRITTEN);
  fxsave(unitOf(cpu), cpu.memory, image);
  cpu.write(addressIn(cpu, record), image);
});
export const fxrstorOp = defineHelper('fxrstor', {}, (cpu, record) => {
  const image = new Uint8Array(FXSAVE_BYTES);
  if (cpu.read(addressIn(cpu, record), image) && !fxrstor(unitOf(cpu), cpu.memory, image)) cpu.raise(Vector.GP);
});

/** MXCSR = a; #GP on reserved bits. */
export const ldmxcsr = define('ldmxcsr', {}, (u) => {
  const v = u.let32(u.get32('a'));
  u.if(i32.and(v, i32.const(~MXCSR_MASK)), () => u.raise(i32.const(Vector.GP)), () => u.put32(MXCSR, v));
});

/** Stores the bytes of b whose mask byte in c has its top bit, at the address in a; `count` of them. */
function maskedStore(name: string, count: number): number {
  return defineHelper(name, {}, (cpu, record) => {
    const va = addressIn(cpu, record);
    const bytes = operand(cpu, record, 'b'), mask = operand(cpu, record, 'c');
    const at = Array.from({ length: count }, (_, i) => i).filter((i) => cpu.memory.u8[mask + i] & 0x80);
    if (at.length === 0) return;
    // Both ends first, so that nothing is written when the operand crosses into a page that faults; it faults as a whole.
    for (const i of [at[0], at[at.length - 1]]) {
      const byte = va + i;
      if (cpu.translate(Math.max(va, byte - (byte % 4096)), Access.Write) < 0) return;
    }
    for (const i of at) if (!cpu.write(va + i, cpu.memory.u8.slice(bytes + i, bytes + i + 1))) return;
  });
}
export const maskedStores = { xmm: maskedStore('maskmovdqu', 16), mmx: maskedStore('maskmovq', 8) } as const;
