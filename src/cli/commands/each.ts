/** Commands that do one thing to each of several named objects, print the name, and go on past failures (stop, rm, rmi, volume rm …). */
import { EngineError } from '../../client/engine-client.ts';
import type { CliContext } from '../io.ts';

/** @returns 0, or 1 when one of them failed; failures are printed as they come. */
export async function forEachName({ io }: CliContext, names: readonly string[], act: (name: string) => Promise<string | void>): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      const printed = await act(name);
      if (printed !== '') io.stdout(`${printed ?? name}\n`);
    } catch (error) {
      code = 1;
      const text = error instanceof Error ? error.message : String(error);
      io.stderr(error instanceof EngineError ? `Error response from daemon: ${text}\n` : `${text}\n`);
    }
  }
  return code;
}
