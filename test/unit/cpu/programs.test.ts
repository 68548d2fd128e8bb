/** C programs that lean on the vector and floating-point instructions print the same natively and in a guest. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile, Guest, runNative } from '../../support/run-guest.ts';

const directory = fileURLToPath(new URL('programs/', import.meta.url));

describe.each(['float', 'strings'])('%s', (name) => {
  it('prints what it prints natively', async () => {
    const program = compile(readFileSync(`${directory}${name}.c`, 'utf8'));
    const guest = new Guest({ files: { '/prog': readFileSync(program) } });
    const result = await guest.run(['/prog'], { timeout: 50_000 });
    guest.kernel.shutdown();
    const native = runNative(program);
    expect({ out: result.stdout.split('\n'), code: result.exitCode, log: guest.logged }).toEqual({ out: native.stdout.split('\n'), code: native.exitCode, log: [] });
  }, 60_000);
});
