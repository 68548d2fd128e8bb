/** Reads `objdump -d` as a list of instructions: the oracle of the decoder's and the disassembler's tests. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Listed {
  address: number;
  bytes: Uint8Array;
  text: string;
}

/** @param limit stop after so many instructions (objdump is ended) */
export async function* disassemble(file: string, limit = Infinity, start = 0): AsyncGenerator<Listed> {
  const args = ['-d', '-w', '-M', 'intel', '--section=.text', ...(start > 0 ? [`--start-address=${start}`] : []), file];
  const child = spawn('objdump', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    let n = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const m = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$/.exec(line);
      if (m === null || m[3] === undefined) continue;
      yield { address: parseInt(m[1]!, 16), bytes: Uint8Array.from(m[2]!.trim().split(' '), (h) => parseInt(h, 16)), text: m[3].trim() };
      if (++n >= limit) break;
    }
  } finally {
    child.kill();
  }
}
