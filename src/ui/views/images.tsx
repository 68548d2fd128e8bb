/** The list of images: run, remove, and a field to pull another. */
import { Download, Play, Trash2 } from 'lucide-preact';
import { useState } from 'preact/hooks';
import { humanSize } from '../../base/units.ts';
import type { EngineState } from '../state/engine-state.ts';
import { IconButton } from '../widgets/icon-button.tsx';
import { Transfers } from '../widgets/transfers.tsx';

export function Images({ state, type }: { state: EngineState; type: (line: string) => void }) {
  const [reference, setReference] = useState('');
  const rows = state.images.value.flatMap((image) => (image.RepoTags?.length ? image.RepoTags : [`<none> ${image.Id.slice(7, 19)}`]).map((tag) => ({ image, tag })));
  const submit = (event: Event): void => {
    event.preventDefault();
    if (reference.trim() !== '') void state.pull(reference.trim());
    setReference('');
  };
  return (
    <section aria-labelledby="images-title">
      <h2 id="images-title">Images <span class="count">{rows.length}</span></h2>
      <form class="pull" onSubmit={submit}>
        <input type="text" placeholder="debian, python, ghcr.io/…" aria-label="Image to pull" value={reference} onInput={(e) => setReference(e.currentTarget.value)} spellcheck={false} autocapitalize="off" />
        <button type="submit"><Download size={16} aria-hidden="true" /> Pull</button>
      </form>
      <Transfers state={state} />
      {rows.length === 0 ? <p class="empty">None yet. Pull one, or drop an image archive here.</p> : (
        <ul>{rows.map(({ image, tag }) => {
          const name = tag.startsWith('<none>') ? image.Id.slice(7, 19) : tag;
          return (
            <li key={tag + image.Id}>
              <div class="what"><strong>{tag}</strong><small>{humanSize(image.Size, 3)} · {image.Id.slice(7, 19)}</small></div>
              <div class="actions">
                <IconButton icon={Play} label={`Run ${name}`} onClick={() => type(`docker run -it --rm ${name}`)} />
                <IconButton icon={Trash2} danger label={`Remove ${name}`} onClick={() => void state.act(`remove ${name}`, () => state.client.call('DELETE', `/images/${name}`))} />
              </div>
            </li>
          );
        })}</ul>
      )}
    </section>
  );
}
