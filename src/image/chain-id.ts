/** Chain ids: the identity of a stack of layers (OCI image-spec config.md, "Layer ChainID"). */
import { digestOf } from './digest.ts';

/** The chain id of each layer with all below it. */
export async function chainIds(diffIds: readonly string[]): Promise<string[]> {
  const out: string[] = [];
  for (const diffId of diffIds) {
    const below = out.at(-1);
    out.push(below === undefined ? diffId : await digestOf(new TextEncoder().encode(`${below} ${diffId}`)));
  }
  return out;
}
