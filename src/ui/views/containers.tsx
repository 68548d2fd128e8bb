/** The list of containers with what one does to them: start, stop, logs, a shell, remove. */
import { Play, ScrollText, Square, SquareTerminal, Trash2 } from 'lucide-preact';
import { useState } from 'preact/hooks';
import type { ContainerRow, EngineState } from '../state/engine-state.ts';
import { IconButton } from '../widgets/icon-button.tsx';
import { LogsDialog } from '../widgets/logs-dialog.tsx';

export function Containers({ state, type }: { state: EngineState; type: (line: string) => void }) {
  const [logsOf, setLogsOf] = useState<{ id: string; name: string }>();
  const { client } = state;
  const row = (c: ContainerRow) => {
    const name = c.Names[0]?.replace(/^\//, '') ?? c.Id.slice(0, 12), running = c.State === 'running' || c.State === 'paused';
    const post = (verb: string) => () => void state.act(`${verb} ${name}`, () => client.call('POST', `/containers/${c.Id}/${verb}`));
    return (
      <li key={c.Id}>
        <span class={`dot ${c.State}`} aria-hidden="true" />
        <div class="what"><strong title={c.Id.slice(0, 12)}>{name}</strong><small>{c.Image} · {c.Status}</small></div>
        <div class="actions">
          {running ? <IconButton icon={SquareTerminal} label={`Shell in ${name}`} onClick={() => type(`docker exec -it ${name} sh`)} /> : null}
          <IconButton icon={ScrollText} label={`Logs of ${name}`} onClick={() => setLogsOf({ id: c.Id, name })} />
          {running ? <IconButton icon={Square} label={`Stop ${name}`} onClick={post('stop')} /> : <IconButton icon={Play} label={`Start ${name}`} onClick={post('start')} />}
          <IconButton icon={Trash2} danger label={`Remove ${name}`} onClick={() => { if (!running || confirm(`${name} is running. Remove it?`)) void state.act(`remove ${name}`, () => client.call('DELETE', `/containers/${c.Id}`, { query: { force: true, v: true } })); }} />
        </div>
      </li>
    );
  };
  return (
    <section aria-labelledby="containers-title">
      <h2 id="containers-title">Containers <span class="count">{state.containers.value.length}</span></h2>
      {state.containers.value.length === 0 ? <p class="empty">None yet. Try <button type="button" class="link" onClick={() => type('docker run hello-world')}>docker run hello-world</button></p> : <ul>{state.containers.value.map(row)}</ul>}
      {logsOf ? <LogsDialog client={client} {...logsOf} onClose={() => setLogsOf(undefined)} /> : null}
    </section>
  );
}
