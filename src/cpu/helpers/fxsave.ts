/** The FXSAVE64 image: x87, MXCSR and XMM state in 512 bytes, of which the instruction writes 416. Reference: SDM volume 2, FXSAVE. */
import { MXCSR, xmm } from '../state.ts';
import type { X87 } from './x87.ts';
import * as image from './x87-image.ts';

export const FXSAVE_BYTES = 512, FXSAVE_WRITTEN = 416;
/** Bits of MXCSR that exist. */
export const MXCSR_MASK = 0xffff;
const XMM_AT = 160;

interface Memory { readonly view: DataView; readonly u8: Uint8Array }

export function fxsave(unit: X87, memory: Memory, into: Uint8Array): void {
  const view = new DataView(into.buffer, into.byteOffset, FXSAVE_WRITTEN);
  image.fxsave(unit, view, 0);
  view.setUint32(24, memory.view.getUint32(MXCSR, true), true);
  view.setUint32(28, MXCSR_MASK, true);
  into.set(memory.u8.subarray(xmm(0), xmm(16)), XMM_AT);
}

/** False, with nothing changed, when the image sets reserved bits of MXCSR (#GP). */
export function fxrstor(unit: X87, memory: Memory, from: Uint8Array): boolean {
  const view = new DataView(from.buffer, from.byteOffset, FXSAVE_WRITTEN);
  const mxcsr = view.getUint32(24, true);
  if ((mxcsr & ~MXCSR_MASK) !== 0) return false;
  image.fxrstor(unit, view, 0);
  memory.view.setUint32(MXCSR, mxcsr, true);
  memory.u8.set(from.subarray(XMM_AT, XMM_AT + 256), xmm(0));
  return true;
}
