/** POST /images/create with its progress: `docker pull` and the pull of run and create. */
import type { CliContext } from '../../io.ts';
import { showProgress, type ProgressMessage } from '../../progress.ts';

/** Splits `name:tag` or `name@digest` as the create endpoint wants it. */
export function imageQuery(reference: string): { fromImage: string; tag: string } {
  const at = reference.indexOf('@');
  if (at >= 0) return { fromImage: reference.slice(0, at).replace(/:[^/:]*$/, ''), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) } : { fromImage: reference, tag: 'latest' };
}

export async function pullImage({ client, io }: CliContext, reference: string, options: { platform?: string; allTags?: boolean; print: (text: string) => void }): Promise<void> {
  const { fromImage, tag } = imageQuery(reference);
  const messages = client.lines<ProgressMessage>('POST', '/images/create', { query: { fromImage, tag: options.allTags ? '' : tag, platform: options.platform }, signal: io.interrupt });
  await showProgress(messages, options.print, io.terminal);
}
