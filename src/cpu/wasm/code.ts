/**
 * WebAssembly instructions as values. An expression is a rope of bytes (operands first, opcode last), so code is composed
 * by plain function calls that read like the text format: `i64.add(a, i64.const(1n))`. Expressions are typed by the value
 * they leave on the stack; nothing is evaluated or checked besides that, and an expression used twice is emitted twice.
 * Reference: WebAssembly core specification 2.0 (binary format), with SIMD and bulk memory.
 */
import { sleb32, sleb64, uleb } from './leb.ts';

/** Ropes share their parts: opcodes and immediates are made once. */
export type Code = number | Uint8Array | readonly Code[];

declare const type: unique symbol;
/** Code that leaves one value of type T on the stack. */
export type Expr<T extends string> = readonly Code[] & { readonly [type]: T };
export type I32 = Expr<'i32'>;
export type I64 = Expr<'i64'>;
export type F32 = Expr<'f32'>;
export type F64 = Expr<'f64'>;
export type V128 = Expr<'v128'>;
/** Code that leaves nothing. */
export type Stmt = readonly Code[];

export const ValType = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValType = (typeof ValType)[keyof typeof ValType];

const opcode = (op: number, prefix?: number): Code => prefix === undefined ? op : [prefix, uleb(op)];

function tableOf(table: Record<string, number>, prefix: number | undefined, make: (code: Code) => unknown): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const name in table) made[name] = make(opcode(table[name], prefix));
  return made;
}

/** `ops<[I64, I64], I64>()({ add: 0x7c })` makes `{ add: (a: I64, b: I64) => I64 }`. */
function ops<A extends readonly Code[], R>(prefix?: number) {
  return <K extends string>(table: Record<K, number>) =>
    tableOf(table, prefix, (code) => (a: Code, b: Code | undefined, c: Code | undefined) =>
      b === undefined ? [a, code] : c === undefined ? [a, b, code] : [a, b, c, code]) as { readonly [P in K]: (...operands: A) => R };
}

/** Alignment, which is only a hint, and offset. */
const memoryArgument = (offset: number): Code => offset === 0 ? NO_OFFSET : [0, uleb(offset)];
const NO_OFFSET: Code = [0, 0];

/** Loads: `(address, offset = 0)`. */
function loads<R>(prefix?: number) {
  return <K extends string>(table: Record<K, number>) =>
    tableOf(table, prefix, (code) => (address: I32, offset = 0) => [address, code, memoryArgument(offset)]) as { readonly [P in K]: (address: I32, offset?: number) => R };
}

/** Stores: `(address, value, offset = 0)`. */
function stores<V extends Code>(prefix?: number) {
  return <K extends string>(table: Record<K, number>) =>
    tableOf(table, prefix, (code) => (address: I32, value: V, offset = 0) => [address, value, code, memoryArgument(offset)]) as { readonly [P in K]: (address: I32, value: V, offset?: number) => Stmt };
}

/** Lane accesses: `(vector, lane)` and `(vector, value, lane)`. */
function extracts<R>() {
  return <K extends string>(table: Record<K, number>) =>
    tableOf(table, 0xfd, (code) => (v: V128, lane: number) => [v, code, lane]) as { readonly [P in K]: (v: V128, lane: number) => R };
}
const replaces = <T extends Code>(op: number) => (v: V128, value: T, lane: number): V128 => [v, value, opcode(op, 0xfd), lane] as unknown as V128;

export const i32 = {
  const: (n: number): I32 => [0x41, sleb32(n)] as unknown as I32,
  ...loads<I32>()({ load: 0x28, load8_s: 0x2c, load8_u: 0x2d, load16_s: 0x2e, load16_u: 0x2f }),
  ...stores<I32>()({ store: 0x36, store8: 0x3a, store16: 0x3b }),
  ...ops<[I32], I32>()({ eqz: 0x45, clz: 0x67, ctz: 0x68, popcnt: 0x69, extend8_s: 0xc0, extend16_s: 0xc1 }),
  ...ops<[I32, I32], I32>()({
    eq: 0x46, ne: 0x47, lt_s: 0x48, lt_u: 0x49, gt_s: 0x4a, gt_u: 0x4b, le_s: 0x4c, le_u: 0x4d, ge_s: 0x4e, ge_u: 0x4f,
    add: 0x6a, sub: 0x6b, mul: 0x6c, div_s: 0x6d, div_u: 0x6e, rem_s: 0x6f, rem_u: 0x70, and: 0x71, or: 0x72, xor: 0x73,
    shl: 0x74, shr_s: 0x75, shr_u: 0x76, rotl: 0x77, rotr: 0x78,
  }),
  ...ops<[I64], I32>()({ wrap_i64: 0xa7 }),
  ...ops<[F32], I32>()({ reinterpret_f32: 0xbc }),
  ...ops<[F32], I32>(0xfc)({ trunc_sat_f32_s: 0, trunc_sat_f32_u: 1 }),
  ...ops<[F64], I32>(0xfc)({ trunc_sat_f64_s: 2, trunc_sat_f64_u: 3 }),
};

export const i64 = {
  const: (n: bigint | number): I64 => [0x42, typeof n === 'number' && n === (n | 0) ? sleb32(n) : sleb64(BigInt(n))] as unknown as I64,
  ...loads<I64>()({ load: 0x29, load8_s: 0x30, load8_u: 0x31, load16_s: 0x32, load16_u: 0x33, load32_s: 0x34, load32_u: 0x35 }),
  ...stores<I64>()({ store: 0x37, store8: 0x3c, store16: 0x3d, store32: 0x3e }),
  ...ops<[I64], I32>()({ eqz: 0x50 }),
  ...ops<[I64, I64], I32>()({ eq: 0x51, ne: 0x52, lt_s: 0x53, lt_u: 0x54, gt_s: 0x55, gt_u: 0x56, le_s: 0x57, le_u: 0x58, ge_s: 0x59, ge_u: 0x5a }),
  ...ops<[I64], I64>()({ clz: 0x79, ctz: 0x7a, popcnt: 0x7b, extend8_s: 0xc2, extend16_s: 0xc3, extend32_s: 0xc4 }),
  ...ops<[I64, I64], I64>()({
    add: 0x7c, sub: 0x7d, mul: 0x7e, div_s: 0x7f, div_u: 0x80, rem_s: 0x81, rem_u: 0x82, and: 0x83, or: 0x84, xor: 0x85,
    shl: 0x86, shr_s: 0x87, shr_u: 0x88, rotl: 0x89, rotr: 0x8a,
  }),
  ...ops<[I32], I64>()({ extend_i32_s: 0xac, extend_i32_u: 0xad }),
  ...ops<[F64], I64>()({ reinterpret_f64: 0xbd }),
  ...ops<[F32], I64>(0xfc)({ trunc_sat_f32_s: 4, trunc_sat_f32_u: 5 }),
  ...ops<[F64], I64>(0xfc)({ trunc_sat_f64_s: 6, trunc_sat_f64_u: 7 }),
};

function floatBytes(n: number, bytes: 4 | 8): number[] {
  const view = new DataView(new ArrayBuffer(8));
  if (bytes === 4) view.setFloat32(0, n, true); else view.setFloat64(0, n, true);
  return [...new Uint8Array(view.buffer, 0, bytes)];
}

export const f32 = {
  const: (n: number): F32 => [0x43, ...floatBytes(n, 4)] as unknown as F32,
  ...loads<F32>()({ load: 0x2a }),
  ...stores<F32>()({ store: 0x38 }),
  ...ops<[F32, F32], I32>()({ eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60 }),
  ...ops<[F32], F32>()({ abs: 0x8b, neg: 0x8c, ceil: 0x8d, floor: 0x8e, trunc: 0x8f, nearest: 0x90, sqrt: 0x91 }),
  ...ops<[F32, F32], F32>()({ add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, min: 0x96, max: 0x97, copysign: 0x98 }),
  ...ops<[I32], F32>()({ convert_i32_s: 0xb2, convert_i32_u: 0xb3, reinterpret_i32: 0xbe }),
  ...ops<[I64], F32>()({ convert_i64_s: 0xb4, convert_i64_u: 0xb5 }),
  ...ops<[F64], F32>()({ demote_f64: 0xb6 }),
};

export const f64 = {
  const: (n: number): F64 => [0x44, ...floatBytes(n, 8)] as unknown as F64,
  ...loads<F64>()({ load: 0x2b }),
  ...stores<F64>()({ store: 0x39 }),
  ...ops<[F64, F64], I32>()({ eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66 }),
  ...ops<[F64], F64>()({ abs: 0x99, neg: 0x9a, ceil: 0x9b, floor: 0x9c, trunc: 0x9d, nearest: 0x9e, sqrt: 0x9f }),
  ...ops<[F64, F64], F64>()({ add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, min: 0xa4, max: 0xa5, copysign: 0xa6 }),
  ...ops<[I32], F64>()({ convert_i32_s: 0xb7, convert_i32_u: 0xb8 }),
  ...ops<[I64], F64>()({ convert_i64_s: 0xb9, convert_i64_u: 0xba, reinterpret_i64: 0xbf }),
  ...ops<[F32], F64>()({ promote_f32: 0xbb }),
};

export const v128 = {
  /** 16 bytes, lowest first. */
  const: (bytes: readonly number[]): V128 => [0xfd, 12, ...bytes] as unknown as V128,
  ...loads<V128>(0xfd)({
    load: 0, load8x8_s: 1, load8x8_u: 2, load16x4_s: 3, load16x4_u: 4, load32x2_s: 5, load32x2_u: 6,
    load8_splat: 7, load16_splat: 8, load32_splat: 9, load64_splat: 10, load32_zero: 92, load64_zero: 93,
  }),
  ...stores<V128>(0xfd)({ store: 11 }),
  ...ops<[V128], V128>(0xfd)({ not: 77 }),
  ...ops<[V128], I32>(0xfd)({ any_true: 83 }),
  ...ops<[V128, V128], V128>(0xfd)({ and: 78, andnot: 79, or: 80, xor: 81 }),
  /** Bits of `a` where mask is 1, of `b` where it is 0. */
  ...ops<[a: V128, b: V128, mask: V128], V128>(0xfd)({ bitselect: 82 }),
};

export const i8x16 = {
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 => [a, b, 0xfd, 13, ...lanes] as unknown as V128,
  ...ops<[V128, V128], V128>(0xfd)({
    swizzle: 14, eq: 35, ne: 36, lt_s: 37, lt_u: 38, gt_s: 39, gt_u: 40, le_s: 41, le_u: 42, ge_s: 43, ge_u: 44,
    narrow_i16x8_s: 101, narrow_i16x8_u: 102, add: 110, add_sat_s: 111, add_sat_u: 112, sub: 113, sub_sat_s: 114, sub_sat_u: 115,
    min_s: 118, min_u: 119, max_s: 120, max_u: 121, avgr_u: 123,
  }),
  ...ops<[V128], V128>(0xfd)({ abs: 96, neg: 97, popcnt: 98 }),
  ...ops<[V128], I32>(0xfd)({ all_true: 99, bitmask: 100 }),
  ...ops<[V128, I32], V128>(0xfd)({ shl: 107, shr_s: 108, shr_u: 109 }),
  ...ops<[I32], V128>(0xfd)({ splat: 15 }),
  ...extracts<I32>()({ extract_lane_s: 21, extract_lane_u: 22 }),
  replace_lane: replaces<I32>(23),
};

export const i16x8 = {
  ...ops<[V128, V128], V128>(0xfd)({
    eq: 45, ne: 46, lt_s: 47, lt_u: 48, gt_s: 49, gt_u: 50, le_s: 51, le_u: 52, ge_s: 53, ge_u: 54, q15mulr_sat_s: 130,
    narrow_i32x4_s: 133, narrow_i32x4_u: 134, add: 142, add_sat_s: 143, add_sat_u: 144, sub: 145, sub_sat_s: 146, sub_sat_u: 147,
    mul: 149, min_s: 150, min_u: 151, max_s: 152, max_u: 153, avgr_u: 155,
    extmul_low_i8x16_s: 156, extmul_high_i8x16_s: 157, extmul_low_i8x16_u: 158, extmul_high_i8x16_u: 159,
  }),
  ...ops<[V128], V128>(0xfd)({
    abs: 128, neg: 129, extend_low_i8x16_s: 135, extend_high_i8x16_s: 136, extend_low_i8x16_u: 137, extend_high_i8x16_u: 138,
    extadd_pairwise_i8x16_s: 124, extadd_pairwise_i8x16_u: 125,
  }),
  ...ops<[V128], I32>(0xfd)({ all_true: 131, bitmask: 132 }),
  ...ops<[V128, I32], V128>(0xfd)({ shl: 139, shr_s: 140, shr_u: 141 }),
  ...ops<[I32], V128>(0xfd)({ splat: 16 }),
  ...extracts<I32>()({ extract_lane_s: 24, extract_lane_u: 25 }),
  replace_lane: replaces<I32>(26),
};

export const i32x4 = {
  ...ops<[V128, V128], V128>(0xfd)({
    eq: 55, ne: 56, lt_s: 57, lt_u: 58, gt_s: 59, gt_u: 60, le_s: 61, le_u: 62, ge_s: 63, ge_u: 64, add: 174, sub: 177, mul: 181,
    min_s: 182, min_u: 183, max_s: 184, max_u: 185, dot_i16x8_s: 186,
    extmul_low_i16x8_s: 188, extmul_high_i16x8_s: 189, extmul_low_i16x8_u: 190, extmul_high_i16x8_u: 191,
  }),
  ...ops<[V128], V128>(0xfd)({
    abs: 160, neg: 161, extend_low_i16x8_s: 167, extend_high_i16x8_s: 168, extend_low_i16x8_u: 169, extend_high_i16x8_u: 170,
    extadd_pairwise_i16x8_s: 126, extadd_pairwise_i16x8_u: 127,
    trunc_sat_f32x4_s: 248, trunc_sat_f32x4_u: 249, trunc_sat_f64x2_s_zero: 252, trunc_sat_f64x2_u_zero: 253,
  }),
  ...ops<[V128], I32>(0xfd)({ all_true: 163, bitmask: 164 }),
  ...ops<[V128, I32], V128>(0xfd)({ shl: 171, shr_s: 172, shr_u: 173 }),
  ...ops<[I32], V128>(0xfd)({ splat: 17 }),
  ...extracts<I32>()({ extract_lane: 27 }),
  replace_lane: replaces<I32>(28),
};

export const i64x2 = {
  ...ops<[V128, V128], V128>(0xfd)({
    eq: 214, ne: 215, lt_s: 216, gt_s: 217, le_s: 218, ge_s: 219, add: 206, sub: 209, mul: 213,
    extmul_low_i32x4_s: 220, extmul_high_i32x4_s: 221, extmul_low_i32x4_u: 222, extmul_high_i32x4_u: 223,
  }),
  ...ops<[V128], V128>(0xfd)({ abs: 192, neg: 193, extend_low_i32x4_s: 199, extend_high_i32x4_s: 200, extend_low_i32x4_u: 201, extend_high_i32x4_u: 202 }),
  ...ops<[V128], I32>(0xfd)({ all_true: 195, bitmask: 196 }),
  ...ops<[V128, I32], V128>(0xfd)({ shl: 203, shr_s: 204, shr_u: 205 }),
  ...ops<[I64], V128>(0xfd)({ splat: 18 }),
  ...extracts<I64>()({ extract_lane: 29 }),
  replace_lane: replaces<I64>(30),
};

export const f32x4 = {
  ...ops<[V128, V128], V128>(0xfd)({ eq: 65, ne: 66, lt: 67, gt: 68, le: 69, ge: 70, add: 228, sub: 229, mul: 230, div: 231, min: 232, max: 233, pmin: 234, pmax: 235 }),
  ...ops<[V128], V128>(0xfd)({ ceil: 103, floor: 104, trunc: 105, nearest: 106, abs: 224, neg: 225, sqrt: 227, convert_i32x4_s: 250, convert_i32x4_u: 251, demote_f64x2_zero: 94 }),
  ...ops<[F32], V128>(0xfd)({ splat: 19 }),
  ...extracts<F32>()({ extract_lane: 31 }),
  replace_lane: replaces<F32>(32),
};

export const f64x2 = {
  ...ops<[V128, V128], V128>(0xfd)({ eq: 71, ne: 72, lt: 73, gt: 74, le: 75, ge: 76, add: 240, sub: 241, mul: 242, div: 243, min: 244, max: 245, pmin: 246, pmax: 247 }),
  ...ops<[V128], V128>(0xfd)({ ceil: 116, floor: 117, trunc: 122, nearest: 148, abs: 236, neg: 237, sqrt: 239, convert_low_i32x4_s: 254, convert_low_i32x4_u: 255, promote_low_f32x4: 95 }),
  ...ops<[F64], V128>(0xfd)({ splat: 20 }),
  ...extracts<F64>()({ extract_lane: 33 }),
  replace_lane: replaces<F64>(34),
};

/** `condition ? a : b`; both sides are evaluated. */
export function select<T extends I32 | I64 | F32 | F64>(a: T, b: T, condition: I32): T { return [a, b, condition, 0x1b] as unknown as T; }
export function selectV(a: V128, b: V128, condition: I32): V128 { return [a, b, condition, 0x1c, 1, ValType.v128] as unknown as V128; }

export const localGet = <T>(index: number): T => [0x20, uleb(index)] as unknown as T;
export const localSet = (index: number, value: Code): Stmt => [value, 0x21, uleb(index)];
export const localTee = <T extends Code>(index: number, value: T): T => [value, 0x22, uleb(index)] as unknown as T;
export const globalGet = <T>(index: number): T => [0x23, uleb(index)] as unknown as T;
export const globalSet = (index: number, value: Code): Stmt => [value, 0x24, uleb(index)];
export const call = <T>(index: number, ...args: Code[]): T => [args, 0x10, uleb(index)] as unknown as T;
export const callIndirect = <T>(typeIndex: number, element: I32, ...args: Code[]): T => [args, element, 0x11, uleb(typeIndex), 0] as unknown as T;
export const memoryCopy = (to: I32, from: I32, bytes: I32): Stmt => [to, from, bytes, 0xfc, 10, 0, 0];
export const memoryFill = (to: I32, byte: I32, bytes: I32): Stmt => [to, byte, bytes, 0xfc, 11, 0];
export const drop = (value: Code): Stmt => [value, 0x1a];
export const ret = (value: Code = []): Stmt => [value, 0x0f];
export const unreachable: Stmt = [0x00];
export const br = (depth: number): Stmt => [0x0c, uleb(depth)];
export const brIf = (depth: number, condition: I32): Stmt => [condition, 0x0d, uleb(depth)];
export const brTable = (index: I32, depths: readonly number[], otherwise: number): Stmt =>
  [index, 0x0e, uleb(depths.length), depths.map(uleb), uleb(otherwise)];
export const block = (body: Code): Stmt => [0x02, 0x40, body, 0x0b];
export const loop = (body: Code): Stmt => [0x03, 0x40, body, 0x0b];
export const ifElse = (condition: I32, then: Code, otherwise?: Code): Stmt =>
  otherwise === undefined ? [condition, 0x04, 0x40, then, 0x0b] : [condition, 0x04, 0x40, then, 0x05, otherwise, 0x0b];
/** An `if` that leaves a value. */
export const ifValue = <T extends Code>(result: ValType, condition: I32, then: T, otherwise: T): T =>
  [condition, 0x04, result, then, 0x05, otherwise, 0x0b] as unknown as T;
