/** Restart policies: no, always, unless-stopped, on-failure[:N], with doubling pauses. Reference: moby restartmanager. */
import { InvalidParameter } from '../../base/errors.ts';
import type { RestartPolicy } from '../api/types/container.ts';
import type { ContainerRecord } from './container.ts';

const FIRST_MS = 100, MAX_MS = 60_000, SETTLED_MS = 10_000;

export function checkRestartPolicy(policy: RestartPolicy): void {
  const { Name: name, MaximumRetryCount: retries } = policy;
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(name)) {
    throw new InvalidParameter(`invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (retries < 0) throw new InvalidParameter('invalid restart policy: maximum retry count cannot be negative');
  if (name !== 'on-failure' && retries > 0) throw new InvalidParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'");
}

/** Whether a container that ended by itself is started again. */
export function restartsAfter(record: ContainerRecord, exitCode: number): boolean {
  if (record.manuallyStopped) return false;
  const { Name, MaximumRetryCount } = record.hostConfig.RestartPolicy;
  if (Name === 'always' || Name === 'unless-stopped') return true;
  return Name === 'on-failure' && exitCode !== 0 && (MaximumRetryCount === 0 || record.restartCount < MaximumRetryCount);
}

/** Whether a container is started when the engine starts; `ran` when it was running as the engine ended. */
export function restartsAtBoot(record: ContainerRecord, ran: boolean): boolean {
  const { Name } = record.hostConfig.RestartPolicy;
  const everRan = record.state.StartedAt !== '0001-01-01T00:00:00Z';
  if (Name === 'always') return everRan;
  if (Name === 'unless-stopped') return everRan && !record.manuallyStopped;
  return ran && restartsAfter(record, record.state.ExitCode);
}

/** The pause before the next start, ms: doubled each time, forgotten after a run of ten seconds. */
export function nextDelay(last: number, ranMs: number): number {
  return last === 0 || ranMs >= SETTLED_MS ? FIRST_MS : Math.min(last * 2, MAX_MS);
}
