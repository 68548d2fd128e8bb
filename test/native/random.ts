/** Seeded random numbers (sfc32) and the values that instructions stumble over. */

export class Random {
  private a: number;
  private b = 0x9e3779b9;
  private c = 0x243f6a88;
  private n = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    for (let i = 0; i < 12; i++) this.u32();
  }

  u32(): number {
    const t = (this.a + this.b + this.n++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** 0 ≤ n < limit */
  below(limit: number): number { return Math.floor((this.u32() / 0x100000000) * limit); }
  chance(p: number): boolean { return this.u32() < p * 0x100000000; }
  pick<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }
  u64(): bigint { return (BigInt(this.u32()) << 32n) | BigInt(this.u32()); }

  /** A 64-bit integer, edges of every size included. */
  value(): bigint {
    if (this.chance(0.4)) return this.u64();
    const base = this.pick([0n, 0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffffffffffffn, BigInt(this.below(256))]);
    const near = this.chance(0.3) ? base + BigInt(this.below(5) - 2) : base;
    return BigInt.asUintN(64, this.chance(0.2) ? -near : near);
  }

  double(): number {
    if (this.chance(0.35)) return this.pick([0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, Infinity, -Infinity, NaN, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 2147483647, -2147483648, 2147483648.5, 4294967296, 9223372036854775807, -9223372036854775808, 32767.5, 1e-310]);
    const exponent = this.chance(0.7) ? this.below(80) - 40 : this.below(600) - 300;
    return (this.u32() / 0x80000000 - 1) * 2 ** exponent;
  }

  float(): number {
    if (this.chance(0.3)) return this.pick([0, -0, 1, -1, 0.5, 1.5, Infinity, -Infinity, NaN, 1e-45, -1.1754943508222875e-38, 3.4028234663852886e38, 2147483648, -2147483648, 8388607.5, 1e-40]);
    return (this.u32() / 0x80000000 - 1) * 2 ** (this.chance(0.7) ? this.below(60) - 30 : this.below(240) - 120);
  }

  /** Fills 8 bytes with an integer, doubles, floats, small elements or text. */
  fill8(view: DataView, at: number): void {
    switch (this.below(8)) {
      case 0: case 1: view.setBigUint64(at, this.value(), true); break;
      case 2: view.setFloat64(at, this.double(), true); break;
      case 3: view.setFloat32(at, this.float(), true); view.setFloat32(at + 4, this.float(), true); break;
      case 4: for (let i = 0; i < 8; i++) view.setUint8(at + i, this.pick([0, 1, 0x7f, 0x80, 0xff, this.below(256)])); break;
      case 5: for (let i = 0; i < 8; i++) view.setUint8(at + i, this.chance(0.08) ? 0 : 0x61 + this.below(4)); break;
      case 6:
        // A NaN with a payload, quiet or signalling.
        view.setBigUint64(at, (this.chance(0.5) ? 0x7ff0000000000001n : 0x7fa000007f800001n) | (this.u64() & 0x800f00ff800fffffn), true);
        break;
      default: view.setBigUint64(at, this.u64(), true);
    }
  }

  /** An x87 register of 10 bytes. */
  extended(view: DataView, at: number): void {
    const sign = this.chance(0.4) ? 0x8000 : 0;
    let mantissa = 0x8000000000000000n | this.u64();
    let exponent = 16383 + (this.chance(0.8) ? this.below(80) - 40 : this.below(2000) - 1000);
    switch (this.below(16)) {
      case 0: mantissa = 0n; exponent = 0; break;
      case 1: mantissa = 0x8000000000000000n; exponent = 0x7fff; break;
      case 2: exponent = 0x7fff; mantissa |= 0xc000000000000000n; break;
      case 3: exponent = 0x7fff; mantissa &= 0xbfffffffffffffffn; break;
      case 4: exponent = 0; mantissa &= 0x7fffffffffffffffn; break;
      case 5: mantissa = 0x8000000000000000n; exponent = 16383 + this.below(4); break;
      case 6: mantissa &= 0xfffff80000000000n; break;
      case 7: exponent = this.chance(0.5) ? 0x7ffe : 1; break;
      case 8: exponent = 16383; mantissa = this.chance(0.5) ? 0xffffffffffffffffn : 0x8000000000000001n; break;
      case 9: mantissa = 0x8000000000000000n | (BigInt(this.below(1 << 20)) << 43n); exponent = 16383 + this.below(64); break;
    }
    view.setBigUint64(at, mantissa, true);
    view.setUint16(at + 8, sign | exponent, true);
  }
}
