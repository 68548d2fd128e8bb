/** Image names as the API's parameters give them, and as people write them. */

/** The name as people write it: without the default registry. */
export function familiar(reference: string): string { return reference.replace(/^docker\.io\/(library\/)?/, ''); }

/** The API gives a repository and a tag, which may be a digest. */
export function joinReference(name: string, tag: string): string {
  if (tag === '') return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}
