/** `Up 2 seconds (healthy)`, `Exited (0) 3 minutes ago`: the STATUS column. Reference: moby container/state.go String. */
import { ZERO_TIME, parseTime } from '../ids.ts';
import { humanDuration } from '../../base/units.ts';
import type { Container } from './container.ts';

export function statusText(container: Pick<Container, 'record' | 'removing'>, now: number): string {
  const { state } = container.record;
  const since = (time: string): string => humanDuration(now - parseTime(time));
  if (state.Running) {
    if (state.Paused) return `Up ${since(state.StartedAt)} (Paused)`;
    if (state.Restarting) return `Restarting (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
    if (state.Health) return `Up ${since(state.StartedAt)} (${state.Health.Status === 'starting' ? 'health: starting' : state.Health.Status})`;
    return `Up ${since(state.StartedAt)}`;
  }
  if (container.removing) return 'Removal In Progress';
  if (state.Dead) return 'Dead';
  if (state.StartedAt === ZERO_TIME) return 'Created';
  return `Exited (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
}
