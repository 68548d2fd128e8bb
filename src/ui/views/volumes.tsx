/** The list of volumes, and the storage that everything takes. */
import { Trash2 } from 'lucide-preact';
import { humanSize } from '../../base/units.ts';
import type { EngineState } from '../state/engine-state.ts';
import { IconButton } from '../widgets/icon-button.tsx';

export function Volumes({ state }: { state: EngineState }) {
  return (
    <section aria-labelledby="volumes-title">
      <h2 id="volumes-title">Volumes <span class="count">{state.volumes.value.length}</span></h2>
      {state.volumes.value.length === 0 ? <p class="empty">None. <code>docker run -v data:/data …</code> makes one.</p> : (
        <ul>{state.volumes.value.map((v) => (
          <li key={v.Name}>
            <div class="what"><strong>{v.Name.length > 24 ? `${v.Name.slice(0, 12)}…` : v.Name}</strong>{v.UsageData && v.UsageData.Size >= 0 ? <small>{humanSize(v.UsageData.Size, 3)}</small> : null}</div>
            <div class="actions"><IconButton icon={Trash2} danger label={`Remove volume ${v.Name}`} onClick={() => { if (confirm(`Remove volume ${v.Name} and its data?`)) void state.act(`remove volume ${v.Name}`, () => state.client.call('DELETE', `/volumes/${v.Name}`)); }} /></div>
          </li>
        ))}</ul>
      )}
    </section>
  );
}

export function StorageBar({ state }: { state: EngineState }) {
  const storage = state.storage.value;
  if (!storage) return null;
  const { used, quota } = storage;
  return (
    <div class="storage">
      <label for="storage-meter">Storage: {humanSize(used, 3)} of {humanSize(quota, 3)}</label>
      <meter id="storage-meter" min={0} max={quota} high={quota * 0.8} value={used} />
    </div>
  );
}
