/**
 * Instruction lengths against objdump on programs of this machine: a sample by default, whole files with
 * DRYDOCK_OBJDUMP=all or a list of paths separated by colons.
 */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/cpu/x64/decode.ts';
import { Insn } from '../../../src/cpu/x64/insn.ts';
import { disassemble, type Listed } from '../../native/objdump.ts';

const wanted = process.env['DRYDOCK_OBJDUMP'] ?? '';
const cc1 = existsSync('/usr/lib/gcc/x86_64-linux-gnu') ? readdirSync('/usr/lib/gcc/x86_64-linux-gnu').map((v) => `/usr/lib/gcc/x86_64-linux-gnu/${v}/cc1`) : [];
const usual = ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/libm.so.6', '/bin/bash', '/usr/bin/perl', '/usr/lib/x86_64-linux-gnu/libcrypto.so.3', '/usr/bin/python3', ...cc1, process.execPath];
const files = (wanted === '' || wanted === 'all' ? usual : wanted.split(':')).filter((f) => existsSync(f));
const LIMIT = wanted === '' ? 60_000 : Infinity;

/**
 * Left out: what is no instruction (tables in .text: illegal encodings that objdump prints all the same), AVX-512, AMD's XOP and
 * 3DNow!, which no row lists, and fwait joined to its successor.
 */
function comparable({ bytes, text }: Listed): boolean {
  const illegal = /\(bad\)|lock rex|^\.byte|\?|^(\S+ )*rex\.\w+$|^lock (?!\w+ +\w+ PTR [^\n]*\])|^lock (lods|movabs|mov |pop)|^lock \S+ +[a-d]|^mov +cs,/.test(text);
  const [first, second] = bytes as unknown as [number, number?];
  const unlisted = first === 0x62 || /^k[a-z]+ /.test(text) || (first === 0x8f && ((second ?? 0) & 0x38) !== 0) || (first === 0x0f && (second === 0x0e || second === 0x0f));
  return !illegal && !unlisted && !(first === 0x9b && bytes.length > 1);
}

describe.skipIf(files.length === 0 || !existsSync('/usr/bin/objdump'))('decode agrees with objdump', () => {
  const insn = new Insn();
  const buffer = new Uint8Array(16);
  test.each(files)('%s', async (file) => {
    const differences: string[] = [];
    let n = 0, refused = 0;
    for await (const listed of disassemble(file, LIMIT)) {
      if (!comparable(listed)) continue;
      n++;
      buffer.set(listed.bytes);
      const length = decode(buffer, 0, listed.bytes.length, insn);
      if (length === listed.bytes.length) continue;
      // OpenSSL's tables in .text make a few more illegal ones in whole files.
      if (length < 0 && LIMIT === Infinity && ++refused < 1000) continue;
      differences.push(`${listed.address.toString(16)}: ${Buffer.from(listed.bytes).toString('hex')} ${listed.text}: ${length}`);
    }
    expect(n).toBeGreaterThan(1000);
    expect(differences.slice(0, 50)).toEqual([]);
  }, 600_000);
});
