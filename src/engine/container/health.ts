/** HEALTHCHECK: probes by exec, and the status they add up to. Reference: moby daemon/health.go. */
import type { Health, HealthConfig, HealthLog } from '../api/types/container.ts';
import { concat } from '../bytes.ts';
import type { Engine } from '../engine.ts';
import { messageOf } from '../errors.ts';
import { execProcessSpec, runProcess } from '../exec/run.ts';
import { timestamp } from '../ids.ts';
import type { Container } from './container.ts';
import { emitContainer } from './event.ts';
import { SIGKILL } from './signals.ts';
import { Stdio } from './stdio.ts';

const MS = 1e-6, KEPT = 5, MAX_OUTPUT = 4096;

export interface HealthMonitor { stop(): void }

/** The probe's command; undefined when there is none (`NONE`, or no test). */
function probeCommand(config: HealthConfig | undefined, shell: readonly string[]): string[] | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (kind === 'CMD') return rest;
  if (kind === 'CMD-SHELL') return [...shell, rest.join(' ')];
  return undefined;
}

export function startHealth(engine: Engine, container: Container): void {
  const { config } = container.record;
  const check = config.Healthcheck;
  const command = probeCommand(check, config.Shell?.length ? config.Shell : ['/bin/sh', '-c']);
  if (!check || !command) { container.setHealth(undefined); return; }
  const health: Health = { Status: 'starting', FailingStreak: 0, Log: [] };
  container.setHealth(health);
  const interval = (check.Interval || 30e9) * MS, startPeriod = (check.StartPeriod || 0) * MS, startInterval = (check.StartInterval || 5e9) * MS;
  const begun = engine.clock.monotonic();
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = (): void => {
    const starting = health.Status === 'starting' && engine.clock.monotonic() - begun < startPeriod;
    timer = setTimeout(() => {
      void probe(engine, container, command, (check.Timeout || 30e9) * MS).then((result) => {
        if (stopped) return;
        if (result) judge(engine, container, health, result, check, engine.clock.monotonic() - begun < startPeriod);
        next();
      });
    }, starting ? startInterval : interval);
  };
  container.health = { stop() { stopped = true; clearTimeout(timer); } };
  next();
}

export function stopHealth(container: Container): void {
  container.health?.stop();
  container.health = undefined;
  const health = container.record.state.Health;
  if (health && health.Status !== 'none') health.Status = 'unhealthy';
}

function judge(engine: Engine, container: Container, health: Health, result: HealthLog, check: HealthConfig, inStartPeriod: boolean): void {
  const before = health.Status;
  health.Log.push(result);
  if (health.Log.length > KEPT) health.Log.shift();
  if (result.ExitCode === 0) {
    health.FailingStreak = 0;
    health.Status = 'healthy';
  } else if (!(before === 'starting' && inStartPeriod)) {
    health.FailingStreak++;
    if (health.FailingStreak >= (check.Retries || 3)) health.Status = 'unhealthy';
  }
  if (health.Status !== before) {
    void engine.containers.save(container);
    emitContainer(engine, container, `health_status: ${health.Status}`);
  }
}

/** One probe; undefined when the container cannot be probed now. */
async function probe(engine: Engine, container: Container, cmd: string[], timeoutMs: number): Promise<HealthLog | undefined> {
  const { run } = container;
  if (!run || container.paused) return undefined;
  const Start = timestamp(engine.clock);
  const stdio = new Stdio();
  const output: Uint8Array[] = [];
  stdio.attach({ write: (_, data) => { output.push(data); }, end: () => undefined });
  try {
    const spec = execProcessSpec(container, { cmd, env: [], user: '', workingDir: '', tty: false, privileged: false, stdin: false, stdout: true, stderr: true, detachKeys: '' });
    const { pid, ended } = await runProcess(container, spec, stdio);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const overdue = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), timeoutMs); });
    const code = await Promise.race([ended, overdue]);
    clearTimeout(timer);
    if (code === undefined) {
      void run.sandbox.api.kill(pid, SIGKILL);
      return { Start, End: timestamp(engine.clock), ExitCode: -1, Output: `Health check exceeded timeout (${timeoutMs / 1000}s)` };
    }
    return { Start, End: timestamp(engine.clock), ExitCode: code, Output: new TextDecoder().decode(concat(output).subarray(0, MAX_OUTPUT)) };
  } catch (e) {
    return { Start, End: timestamp(engine.clock), ExitCode: -1, Output: messageOf(e) };
  }
}
