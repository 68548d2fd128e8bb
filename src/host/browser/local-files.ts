/** Local files of a page: reading asks the user to pick one, writing is a download. A page has no folder of its own. */
import type { LocalFiles } from '../ports.ts';

/** Opens the file picker; a name that the picked file does not have is no obstacle, the user's choice counts. */
function pick(): Promise<File | undefined> {
  const input = document.createElement('input');
  input.type = 'file';
  return new Promise((resolve) => {
    input.addEventListener('change', () => resolve(input.files?.[0]));
    input.addEventListener('cancel', () => resolve(undefined));
    input.click();
  });
}

export const browserFiles: LocalFiles = {
  async read(name) {
    const file = await pick();
    if (!file) throw new Error(`open ${name}: no such file or directory`);
    return file.stream() as ReadableStream<Uint8Array>;
  },
  async write(name, content) {
    const blob = await new Response(content as ReadableStream<Uint8Array<ArrayBuffer>>).blob();
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name.split('/').pop() || 'download';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  },
};
