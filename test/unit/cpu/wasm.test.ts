/** The WebAssembly encoder: numbers at the edges of LEB128, and a module that runs. */
import { expect, test } from 'vitest';
import { call, f64, i32, i64, ifElse, localGet, ret, ValType, type F64, type I32, type I64 } from '../../../src/cpu/wasm/code.ts';
import { sleb32, sleb64, uleb } from '../../../src/cpu/wasm/leb.ts';
import { flatten, ModuleBuilder } from '../../../src/cpu/wasm/module.ts';

const run = (result: ValType, body: I32 | I64 | F64): unknown => {
  const m = new ModuleBuilder();
  const f = m.declare({ params: [], results: [result] });
  m.define(f, [], body);
  m.exportFunction('f', f);
  return (new WebAssembly.Instance(new WebAssembly.Module(m.build() as Uint8Array<ArrayBuffer>)).exports['f'] as () => unknown)();
};

test('constants keep their value', () => {
  for (let k = 0; k < 64; k++) {
    for (const n of [1n << BigInt(k), (1n << BigInt(k)) - 1n, -(1n << BigInt(k)), -(1n << BigInt(k)) - 1n]) {
      expect(run(ValType.i64, i64.const(n))).toBe(BigInt.asIntN(64, n));
      expect(run(ValType.i32, i32.const(Number(BigInt.asIntN(32, n))))).toBe(Number(BigInt.asIntN(32, n)));
    }
  }
  for (const x of [0.1, -0, Infinity, 1e-310]) expect(run(ValType.f64, f64.const(x))).toBe(x);
});

test('LEB128', () => {
  expect(uleb(624485)).toEqual([0xe5, 0x8e, 0x26]);
  expect(uleb(0xffffffff)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect(sleb32(-123456)).toEqual([0xc0, 0xbb, 0x78]);
  expect(sleb64(0x7fffffffffffffffn)).toHaveLength(10);
});

test('a recursive function', () => {
  const m = new ModuleBuilder();
  const fib = m.declare({ params: [ValType.i32], results: [ValType.i32] });
  const n = localGet<I32>(0);
  m.define(fib, [], [
    ifElse(i32.lt_s(n, i32.const(2)), ret(n)),
    i32.add(call<I32>(fib, i32.sub(n, i32.const(1))), call<I32>(fib, i32.sub(n, i32.const(2)))),
  ]);
  m.exportFunction('fib', fib);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.build() as Uint8Array<ArrayBuffer>));
  expect((exports['fib'] as (n: number) => number)(20)).toBe(6765);
});

test('ropes flatten in order and grow', () => {
  const long = Array.from({ length: 200_000 }, (_, k) => k & 255);
  const flat = flatten([1, [2, [3, Uint8Array.of(4, 5)]], long]);
  expect(Buffer.compare(flat, Uint8Array.from([1, 2, 3, 4, 5].concat(long)))).toBe(0);
});
