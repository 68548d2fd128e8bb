/** Dropping files anywhere on the page: an image archive (tar, perhaps compressed) is loaded, anything else is named as not understood. */
import { useEffect, useState } from 'preact/hooks';
import type { EngineState } from '../state/engine-state.ts';

/** What a dropped file is, by its first bytes. */
async function isArchive(file: File): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  const magic = new TextDecoder().decode(head.subarray(257, 262));
  const compressed = (head[0] === 0x1f && head[1] === 0x8b) || (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd);
  return magic === 'ustar' || compressed;
}

export function DropZone({ state }: { state: EngineState }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (e: DragEvent): boolean => [...(e.dataTransfer?.types ?? [])].includes('Files');
    const enter = (e: DragEvent): void => { if (hasFiles(e)) { e.preventDefault(); setOver(true); } };
    const leave = (e: DragEvent): void => { if (e.relatedTarget === null) setOver(false); };
    const drop = async (e: DragEvent): Promise<void> => {
      if (!hasFiles(e)) return;
      e.preventDefault();
      setOver(false);
      for (const file of [...e.dataTransfer!.files]) {
        if (await isArchive(file)) await state.load(file.name, file.stream() as ReadableStream<Uint8Array>);
        else state.notice.value = { text: `${file.name} is no image archive (docker save or OCI tar)`, error: true };
      }
    };
    const onDrop = (e: DragEvent): void => void drop(e);
    addEventListener('dragenter', enter); addEventListener('dragover', enter); addEventListener('dragleave', leave); addEventListener('drop', onDrop);
    return () => { removeEventListener('dragenter', enter); removeEventListener('dragover', enter); removeEventListener('dragleave', leave); removeEventListener('drop', onDrop); };
  }, []);
  return over ? <div class="drop" aria-hidden="true"><p>Drop an image archive to load it</p></div> : null;
}
