/** The disassembler's text against objdump's, which checks the decoder's operands too. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { disassemble } from '../../../src/cpu/x64/disasm.ts';
import { disassemble as list } from '../../native/objdump.ts';

const files = ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/bin/bash', '/usr/bin/perl', '/usr/lib/x86_64-linux-gnu/libm.so.6'].filter((f) => existsSync(f));

/** objdump's text without symbols, comments and prefixes that mean nothing. */
const plain = (text: string): string =>
  text.replace(/\s+#.*$/, '').replace(/ <.*>$/, '').replace(/\s+/g, ' ').trim()
    .replace(/^((?:bnd |notrack |data16 |[cdes]s |repz |rex\.\w+ )*)(j\w+|call|loop\w*|xbegin) ([0-9a-f]+)$/, '$2 0x$3')
    .replace(/^((bnd|notrack|data16|[cdes]s|rex\.\w+|repz (?!cmps|scas)) ?)+/, '');

describe.skipIf(!existsSync('/usr/bin/objdump') || files.length === 0)('disassemble agrees with objdump', () => {
  test.each(files)('%s', async (file) => {
    const differences: string[] = [];
    for await (const { bytes, text, address } of list(file, 40_000)) {
      // AVX-512, fwait joined to its successor, AMD's FMA4 (lengths only), transactions.
      if (bytes[0] === 0x62 || bytes[0] === 0x9b || /^k[a-z]+ |^vfn?m(add|sub)[ps][sd] /.test(text)) continue;
      const ours = disassemble(bytes, 0, bytes.length, address);
      if (ours !== plain(text)) differences.push(`${Buffer.from(bytes).toString('hex')}: ${plain(text)} | ${ours}`);
    }
    expect(differences.slice(0, 30)).toEqual([]);
  });
});
