/** C programs run natively and in a guest must print the same: the machine's own Linux is the specification. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile, runC, runNative } from '../../../support/run-guest.ts';

const directory = join(import.meta.dirname, 'programs');

describe('programs', () => {
  for (const name of readdirSync(directory).filter((f) => f.endsWith('.c')).sort()) {
    it(name, async () => {
      const source = readFileSync(join(directory, name), 'utf8');
      const native = runNative(compile(source));
      const guest = await runC(source);
      expect(guest.stdout).toBe(native.stdout);
      expect(guest.exitCode).toBe(native.exitCode);
    }, 60_000);
  }
});
