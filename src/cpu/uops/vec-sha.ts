/** SHA-NI: rounds and message schedule of SHA-1 and SHA-256. References: FIPS 180-4; SDM volume 2, SHA1RNDS4 to SHA256RNDS2. */
import { i32, i32x4, v128, type I32, type V128 } from '../wasm/code.ts';
import { define } from './define.ts';
import type { UopEmitter } from './emitter.ts';
import { binaryV, lanes } from './vec.ts';

const lane = i32x4.extract_lane;
const sum = (...terms: I32[]): I32 => terms.reduce((a, b) => i32.add(a, b));
const rotl = (x: I32, n: number): I32 => i32.rotl(x, i32.const(n));
const rotr = (x: I32, n: number): I32 => i32.rotr(x, i32.const(n));
const xor3 = (a: I32, b: I32, c: I32): I32 => i32.xor(i32.xor(a, b), c);
const choose = (x: I32, y: I32, z: I32): I32 => i32.xor(z, i32.and(x, i32.xor(y, z)));
const majority = (x: I32, y: I32, z: I32): I32 => i32.or(i32.and(x, y), i32.and(z, i32.or(x, y)));

/** Lanes 0 to 3. */
function vector(u: UopEmitter, l: readonly [I32, I32, I32, I32]): V128 {
  let v = i32x4.splat(l[0]);
  for (let i = 1; i < 4; i++) v = i32x4.replace_lane(v, l[i], i);
  return u.letV(v);
}

const bigSigma0 = (x: I32): I32 => xor3(rotr(x, 2), rotr(x, 13), rotr(x, 22));
const bigSigma1 = (x: I32): I32 => xor3(rotr(x, 6), rotr(x, 11), rotr(x, 25));
const shiftV = (x: V128, right: number): V128 => i32x4.shr_u(x, i32.const(right));
const rotateV = (x: V128, right: number): V128 => v128.or(shiftV(x, right), i32x4.shl(x, i32.const(32 - right)));
const smallSigma0 = (x: V128): V128 => v128.xor(v128.xor(rotateV(x, 7), rotateV(x, 18)), shiftV(x, 3));
const smallSigma1 = (x: I32): I32 => xor3(rotr(x, 17), rotr(x, 19), i32.shr_u(x, i32.const(10)));

/** Two rounds: a holds H G D C, b F E B A (lowest lane first), c the two sums of message and constant. */
const sha256rnds2 = define('sha256rnds2', {}, (u) => {
  const cdgh = u.letV(u.getV('a')), abef = u.letV(u.getV('b')), wk = u.letV(u.getV('c'));
  const get = (v: V128, i: number): I32 => u.let32(lane(v, i));
  let [a, b, c, d] = [get(abef, 3), get(abef, 2), get(cdgh, 3), get(cdgh, 2)];
  let [e, f, g, h] = [get(abef, 1), get(abef, 0), get(cdgh, 1), get(cdgh, 0)];
  for (let i = 0; i < 2; i++) {
    const t = u.let32(sum(h, bigSigma1(e), choose(e, f, g), lane(wk, i)));
    const next = u.let32(sum(t, bigSigma0(a), majority(a, b, c)));
    const middle = u.let32(i32.add(d, t));
    [a, b, c, d, e, f, g, h] = [next, a, b, c, middle, e, f, g];
  }
  u.setV('d', vector(u, [f, e, b, a]));
});

const K1 = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc | 0, 0xca62c1d6 | 0];
/** Four rounds of the quarter that the immediate names. */
const sha1rnds4 = K1.map((k, quarter) => define(`sha1rnds4.${quarter}`, {}, (u) => {
  const state = u.letV(u.getV('a')), w = u.letV(u.getV('b'));
  let [a, b, c, d, e] = [u.let32(lane(state, 3)), u.let32(lane(state, 2)), u.let32(lane(state, 1)), u.let32(lane(state, 0)), i32.const(0)];
  for (let i = 0; i < 4; i++) {
    const f = quarter === 0 ? choose(b, c, d) : quarter === 2 ? majority(b, c, d) : xor3(b, c, d);
    const next = u.let32(sum(f, rotl(a, 5), lane(w, 3 - i), e, i32.const(k)));
    const turned = u.let32(rotl(b, 30));
    [a, b, c, d, e] = [next, a, turned, c, d];
  }
  u.setV('d', vector(u, [d, c, b, a]));
}));

/** dst = dst op src. */
export const shaOps: Readonly<Record<string, number>> = {
  sha256msg1: binaryV('sha256msg1', (a0, b, u) => { const a = u.letV(a0); return i32x4.add(a, smallSigma0(u.letV(lanes(a, b, 4, 1, 2, 3, 4)))); }),
  sha256msg2: binaryV('sha256msg2', (a0, b0, u) => {
    const a = u.letV(a0), b = u.letV(b0);
    const w16 = u.let32(i32.add(lane(a, 0), smallSigma1(u.let32(lane(b, 2)))));
    const w17 = u.let32(i32.add(lane(a, 1), smallSigma1(u.let32(lane(b, 3)))));
    return vector(u, [w16, w17, u.let32(i32.add(lane(a, 2), smallSigma1(w16))), u.let32(i32.add(lane(a, 3), smallSigma1(w17)))]);
  }),
  sha1nexte: binaryV('sha1nexte', (a, b0, u) => { const b = u.letV(b0); return i32x4.replace_lane(b, i32.add(lane(b, 3), rotl(lane(a, 3), 30)), 3); }),
  sha1msg1: binaryV('sha1msg1', (a0, b, u) => { const a = u.letV(a0); return v128.xor(a, lanes(a, b, 4, 6, 7, 0, 1)); }),
  sha1msg2: binaryV('sha1msg2', (a0, b0, u) => {
    const a = u.letV(a0), b = u.letV(b0);
    const mix = (i: number, w: I32): I32 => u.let32(rotl(i32.xor(lane(a, i), w), 1));
    const w16 = mix(3, lane(b, 2));
    return vector(u, [mix(0, w16), mix(1, lane(b, 0)), mix(2, lane(b, 1)), w16]);
  }),
};
export const shaRounds = { sha256rnds2, sha1rnds4 } as const;
