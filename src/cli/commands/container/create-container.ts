/** Creates a container for run and create, pulling the image when it is not there. */
import { EngineError } from '../../../client/engine-client.ts';
import { CliExit, type CliContext } from '../../io.ts';
import { pullImage } from '../image/pull-image.ts';
import { flagBool, flagString, type Flags } from '../../spec.ts';

export interface Created { Id: string; Warnings: string[] | null }

/** @param body see create-options.ts */
export async function createContainer({ client, io }: CliContext, flags: Flags, image: string, body: Record<string, unknown>): Promise<Created> {
  const policy = flagString(flags, 'pull') ?? 'missing';
  const platform = flagString(flags, 'platform');
  const pull = (): Promise<void> => pullImage({ client, io }, image, { platform, print: flagBool(flags, 'quiet') ? () => undefined : (t) => io.stderr(t) });
  const create = (): Promise<Created> => client.json<Created>('POST', '/containers/create', { query: { name: flagString(flags, 'name'), platform }, body });
  if (policy === 'always') await pull();
  let created: Created;
  try {
    created = await create();
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404 || !/no such image/i.test(error.message) || policy === 'never') throw error;
    if (!flagBool(flags, 'quiet')) io.stderr(`Unable to find image '${withTag(image)}' locally\n`);
    await pull();
    created = await create();
  }
  for (const warning of created.Warnings ?? []) io.stderr(`WARNING: ${warning}\n`);
  return created;
}

function withTag(image: string): string {
  return image.includes('@') || /:[^/]*$/.test(image) ? image : `${image}:latest`;
}

/** Exit codes and texts of a failed `docker run`: 127 not found, 126 not executable, 125 otherwise. */
export function runFailure(error: unknown): CliExit {
  if (error instanceof CliExit) return error.code === 1 ? new CliExit(125, `docker: ${error.message.trimEnd()}\n\nRun 'docker run --help' for more information\n`) : error;
  const text = error instanceof Error ? error.message : String(error);
  const code = /executable file not found|no such file or directory|system cannot find the file specified/.test(text) ? 127 : /permission denied|is a directory|not a directory|exec format error/.test(text) ? 126 : 125;
  const prefix = error instanceof EngineError ? 'Error response from daemon: ' : '';
  return new CliExit(code, `docker: ${prefix}${text}\n\nRun 'docker run --help' for more information\n`);
}
