/**
 * A container's life from start to exit: boots its sandbox, starts pid 1, carries its output, and deals with its end (restart
 * policy, auto-remove, waiters). Reference: moby daemon/{start,monitor}.go.
 *
 * Order at the end, which clients rely on: output reaches logs and attached clients, then the state changes and `die` is
 * emitted, then waiters are answered; waiters for `removed` only once the container is gone.
 */
import { Conflict, InvalidParameter } from '../../base/errors.ts';
import type { ExitStatus } from '../../runtime/sandbox-api.ts';
import type { Engine } from '../engine.ts';
import { NotModified, messageOf } from '../errors.ts';
import { nanoseconds, timestamp } from '../ids.ts';
import { Endpoint } from '../network/endpoint.ts';
import { Sandbox, type ProcessStreams } from '../sandbox.ts';
import { closeIdle } from './archive-sandbox.ts';
import type { Container, Exit } from './container.ts';
import { emitContainer } from './event.ts';
import { startHealth, stopHealth } from './health.ts';
import { autoRemove } from './remove.ts';
import { nextDelay, restartsAfter } from './restart-policy.ts';
import { processSpec, sandboxSpec } from './spec.ts';
import { startFailure } from './start-failure.ts';
import { OUTPUT_GRACE_MS, Stdio } from './stdio.ts';

/** Starts a container that is not running. */
export function startContainer(engine: Engine, container: Container): Promise<void> {
  return container.lock.run(async () => {
    if (container.paused) throw new Conflict('cannot start a paused container, try unpause instead');
    if (container.running && !container.restarting) throw new NotModified('container is already running');
    if (container.removing || container.record.dead) throw new Conflict('container is marked for removal and cannot be started');
    await launch(engine, container);
  });
}

async function launch(engine: Engine, container: Container): Promise<void> {
  await closeIdle(container);
  const { record, stdio } = container;
  let sandbox: Sandbox | undefined;
  try { container.endpoint = await Endpoint.join(engine, container); } catch (e) {
    await failStart(engine, container, { exitCode: 128, text: messageOf(e) });
    throw e;
  }
  let started: { pid: number; streams: ProcessStreams };
  try {
    sandbox = await Sandbox.boot(engine.sandboxes, sandboxSpec(engine, container));
    started = await sandbox.start(processSpec(record));
  } catch (e) {
    await leaveNetwork(container);
    await sandbox?.close().catch(() => undefined);
    await failStart(engine, container, startFailure(e));
    throw new InvalidParameter(container.record.state.Error);
  }
  container.endpoint.serve(sandbox);
  container.setRunning({ sandbox, pid: started.pid, startedMs: engine.clock.monotonic() }, timestamp(engine.clock));
  record.manuallyStopped = false;
  const output = connect(engine, container, started.streams);
  await engine.containers.save(container);
  for (const mount of record.mounts) {
    if (mount.Type === 'volume') engine.volumes.event('mount', mount.Name!, { container: container.id, destination: mount.Destination, driver: 'local', propagation: '', 'read/write': String(mount.RW) });
  }
  emitContainer(engine, container, 'start');
  startHealth(engine, container);
  void sandbox.wait(started.pid).then(
    (status) => exited(engine, container, sandbox, stdio, output, status),
    (e: unknown) => exited(engine, container, sandbox, stdio, output, { exitCode: 255, oomKilled: false }, messageOf(e)),
  );
}

async function leaveNetwork(container: Container): Promise<void> {
  await container.endpoint?.leave();
  container.endpoint = undefined;
}

/** Output to the log and to whoever is attached. Resolves when all of it has arrived. */
function connect(engine: Engine, container: Container, streams: ProcessStreams): Promise<unknown> {
  const { stdio, logs } = container;
  if (streams.stdin) stdio.stdin.connect(streams.stdin); else stdio.stdin.fail();
  stdio.attach({
    write: (stream, data) => logs.write(stream, data, nanoseconds(engine.clock)),
    end: () => logs.finish(nanoseconds(engine.clock)),
  });
  return Promise.all([stdio.pump('stdout', streams.stdout), streams.stderr ? stdio.pump('stderr', streams.stderr) : undefined]);
}

async function exited(engine: Engine, container: Container, sandbox: Sandbox, stdio: Stdio, output: Promise<unknown>, status: ExitStatus, error?: string): Promise<void> {
  await Promise.race([output, new Promise<void>((resolve) => { setTimeout(resolve, OUTPUT_GRACE_MS); })]);
  stopHealth(container);
  const run = container.run!;
  container.stdio = new Stdio();
  await Promise.race([stdio.end(), new Promise<void>((resolve) => { setTimeout(resolve, OUTPUT_GRACE_MS); })]);
  await leaveNetwork(container);
  await sandbox.close().catch((e: unknown) => engine.log('engine', `sandbox of ${container.id}: ${messageOf(e)}`));
  for (const exec of container.execs.values()) exec.lost();

  const exit: Exit = { exitCode: status.exitCode, oomKilled: status.oomKilled, at: timestamp(engine.clock), error };
  const ranMs = engine.clock.monotonic() - run.startedMs;
  const restart = !engine.stopping && !container.removing && restartsAfter(container.record, exit.exitCode);
  if (exit.oomKilled) emitContainer(engine, container, 'oom');
  const die = (): void => emitContainer(engine, container, 'die', { execDuration: String(Math.floor(ranMs / 1000)), exitCode: String(exit.exitCode) });
  unmountEvents(engine, container);
  if (restart) {
    container.record.restartCount++;
    die();
    container.setRestarting(exit);
    await engine.containers.save(container);
    restartLater(engine, container, nextDelay(container.restartDelay, ranMs), exit);
    return;
  }
  die();
  container.setStopped(exit);
  await engine.containers.save(container);
  if (!container.manuallyRestarting && !engine.stopping) await autoRemove(engine, container);
}

function unmountEvents(engine: Engine, container: Container): void {
  for (const mount of container.record.mounts) {
    if (mount.Type === 'volume') engine.volumes.event('unmount', mount.Name!, { container: container.id, driver: 'local' });
  }
}

function restartLater(engine: Engine, container: Container, delay: number, exit: Exit): void {
  container.restartDelay = delay;
  const stop = async (): Promise<void> => {
    container.setStopped(exit);
    await engine.containers.save(container);
    if (!container.manuallyRestarting) await autoRemove(engine, container);
  };
  const timer = setTimeout(() => {
    container.cancelRestart = undefined;
    startContainer(engine, container).catch((e: unknown) => {
      engine.log('engine', `cannot restart container ${container.id}: ${messageOf(e)}`);
      return stop();
    });
  }, delay);
  container.cancelRestart = () => {
    clearTimeout(timer);
    container.cancelRestart = undefined;
    void stop();
  };
}

/** The container keeps the reason and the exit code that `docker run` would give; one that is to be auto-removed goes. */
async function failStart(engine: Engine, container: Container, { exitCode, text }: { exitCode: number; text: string }): Promise<void> {
  engine.log('engine', `container ${container.id} does not start: ${text}`);
  container.setStartError(exitCode, text);
  await container.stdio.end();
  container.stdio = new Stdio();
  await engine.containers.save(container);
  emitContainer(engine, container, 'die', { execDuration: '0', exitCode: String(exitCode) });
  if (container.record.hostConfig.AutoRemove) queueMicrotask(() => { void autoRemove(engine, container); });
}
