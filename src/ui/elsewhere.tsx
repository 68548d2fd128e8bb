/** Shown where another tab hosts the engine: containers run in one tab at a time. */

export function Elsewhere({ taken, onTake }: { taken: boolean; onTake: () => void }) {
  return (
    <main class="elsewhere">
      <h1>Drydock is open in another tab</h1>
      <p>{taken ? 'That tab has taken the engine over; what was written here is stored.' : 'Images, containers and volumes of this site are in use there.'}</p>
      <button type="button" onClick={onTake}>Use Drydock here</button>
      <p><small>Containers that run in the other tab will be stopped; their files are kept.</small></p>
    </main>
  );
}
