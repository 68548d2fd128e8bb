/**
 * Where the CPU's state lies in the sandbox's memory. The registers of the *loaded* context are at fixed addresses below
 * 64 KiB, so that a uop record can name any of them by a 16-bit address, sub-registers included (ah is rax + 1).
 * [CONTEXT, CONTEXT_END) is what a context switch copies; the rest is scratch.
 */

export const CONTEXT = 0x400;
/** General registers, 8 bytes each, in hardware order. */
export const GPR = CONTEXT;
export const gpr = (n: number): number => GPR + n * 8;
/** Valid only while the CPU is not running. */
export const RIP = 0x480;
export const FSBASE = 0x488;
export const GSBASE = 0x490;

/**
 * Flags, each in a slot of its own so that a uop writes them without knowing who reads them:
 * CF i32 0 or 1; PF i32, the parity of its low byte counts; AF i32, bit 4 counts;
 * ZF i64, set when the slot is zero; SF and OF i64, set when the slot is negative. DF i32 0 or 1.
 */
export const CF = 0x498;
export const PF = 0x49c;
export const AF = 0x4a0;
export const DF = 0x4a4;
/** The flags of RFLAGS that have no slot (TF, AC, ID), i32. */
export const EFLAGS = 0x4a8;
export const MXCSR = 0x4ac;
export const ZF = 0x4b0;
export const SF = 0x4b8;
export const OF = 0x4c0;

/** x87: control and status word (status without TOP), top of stack 0–7, and a bit mask of the *non-empty* physical registers; i32 each. */
export const FCW = 0x4c8;
export const FSW = 0x4cc;
export const FTOP = 0x4d0;
export const FTAG = 0x4d4;
/** Last x87 instruction's opcode (i32), address and operand address (i64). */
export const FOP = 0x4d8;
export const FIP = 0x4e0;
export const FDP = 0x4e8;
/** Physical x87 registers R0–R7, 16 bytes each, 10 used; an MMX register is the low 8 bytes of R(n), whatever TOP is. */
export const FPR = 0x500;
export const mmx = (n: number): number => FPR + n * 16;
/** XMM registers, 16 bytes each; upper halves of YMM are apart, so that an SSE instruction leaves them alone. */
export const XMM = 0x600;
export const xmm = (n: number): number => XMM + n * 16;
export const YMM_HIGH = 0x700;
export const CONTEXT_END = 0x800;

/** Virtual address of the page whose code runs: rip is PAGEVA + the pc field of a record. */
export const PAGEVA = 0x800;
/** Always zero: the base register of an absolute address. 16 bytes. */
export const ZERO = 0x810;
/** Guest instructions left (i32); the run ends at the first taken branch that finds it negative. */
export const BUDGET = 0x820;
/** The record that called into JavaScript or raised a fault. */
export const RECORD = 0x824;
/** Vector of the fault that ended the run. */
export const FAULT_VECTOR = 0x828;
/** Why fetch returned no record: Exit.Fault or InternalExit.Full. */
export const FETCH_EXIT = 0x830;
/** Address of the loaded space's translation table. */
export const TABLE_BASE = 0x82c;
/** Temporaries of one instruction, 8 bytes each. */
export const TEMPS = 16;
export const temp = (n: number): number => 0x840 + n * 8;
/** 16-byte temporaries of one instruction. */
export const VTEMPS = 8;
export const vtemp = (n: number): number => 0x900 + n * 16;
/** An access that crosses a page goes through here. 64 bytes. */
export const BOUNCE = 0x980;

/** 256 words for the crc32 uop. */
export const CRC_TABLE = 0x2000;

/** Translation cache for addresses from 4 GiB up: direct mapped, 16 bytes an entry: page number (i64, 0 is none), entry (u32). */
export const TLB = 0x10000;
export const TLB_ENTRIES = 4096;

const MiB = 1 << 20;
/** One u32 for each physical page: address of its page map, or 0 when no code of it is decoded. */
export const CODE_PAGES = 4 * MiB;
/** Flat tables of 2^20 entries for the low 4 GiB of a space: physical page + Access bits, 0 when not cached. */
export const TABLES = 8 * MiB;
export const TABLE_COUNT = 8;
export const TABLE_BYTES = 4 * MiB;
/** Page maps: 4096 u32 each, offset in page -> record of a block that starts there, or 0. */
export const PAGE_MAPS = TABLES + TABLE_COUNT * TABLE_BYTES;
export const PAGE_MAP_BYTES = 16384;
export const PAGE_MAP_COUNT = 2048;
/** Uop records. */
export const ARENA = PAGE_MAPS + PAGE_MAP_COUNT * PAGE_MAP_BYTES;
export const ARENA_END = ARENA + 48 * MiB;
/** Bytes of physical memory that belong to the CPU. */
export const RESERVED = ARENA_END;
