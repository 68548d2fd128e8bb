/** The record of harness.c (struct state) and the address space both sides run a case in. */

export const CODE = 0x10000000, CODE_SIZE = 0x2000;
export const DATA = 0x20000000, DATA_SIZE = 0x2000;
/** One page of zeros that must not be written. What lies between DATA's end and it is not mapped. */
export const READONLY = 0x20003000;
export const GS_BASE = 0x20000800;
/** Everything is there a second time, this much higher: beyond the 4 GiB of the flat translation table. */
export const HIGH = 0x7e0000000000;

/** The parts of DATA that a record carries; the rest is zero. */
export const WINDOWS = [{ offset: 0, size: 0x80 }, { offset: 0xe00, size: 0x400 }, { offset: 0x1f80, size: 0x80 }] as const;
export const WINDOW_BYTES = 0x500;

/** Offsets in a record. In cases `code` holds the instructions, in results the outcome. */
export const At = { gpr: 0, rflags: 128, rip: 136, fx: 144, code: 656, vector: 656, address: 664, stray: 672, length: 912, data: 920 } as const;
export const CODE_BYTES = 256;
export const RECORD = At.data + WINDOW_BYTES;

/** Offsets in an FXSAVE image. */
export const Fx = { fcw: 0, fsw: 2, ftw: 4, mxcsr: 24, st: 32, xmm: 160 } as const;
