/** Pulls and loads: a bar per layer, and what went wrong. */
import { X } from 'lucide-preact';
import { humanSize } from '../../base/units.ts';
import type { EngineState, Transfer } from '../state/engine-state.ts';
import { IconButton } from './icon-button.tsx';

export function Transfers({ state }: { state: EngineState }) {
  return <>{state.transfers.value.map((t) => <TransferCard key={t.title} transfer={t} state={state} />)}</>;
}

function TransferCard({ transfer, state }: { transfer: Transfer; state: EngineState }) {
  const { title, layers, message, done, error, cancel } = transfer;
  return (
    <section class="transfer" aria-label={title}>
      <header><strong>{title}</strong><IconButton icon={X} label={done ? 'Dismiss' : 'Cancel'} onClick={done ? () => state.dismiss(transfer) : cancel} /></header>
      {layers.map(({ id, status, current, total }) => (
        <div class="layer" key={id}>
          <code>{id}</code>
          <span>{status}{total > 0 && current < total ? ` ${humanSize(current, 3)} / ${humanSize(total, 3)}` : ''}</span>
          <progress aria-label={`layer ${id}`} value={/complete|exists/i.test(status) ? 1 : total > 0 ? current / total : 0} max={1} />
        </div>
      ))}
      {error ? <p class="error" role="alert">{error}</p> : message ? <p>{message}</p> : null}
    </section>
  );
}
