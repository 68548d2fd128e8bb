/**
 * A container: its durable record, its state machine, and what exists only while it runs. Reference: moby container/{container,state}.go.
 */
import type { KeyValueStore } from '../../host/ports.ts';
import type { ContainerConfig, ContainerState, ContainerStatus, Health, HostConfig, MountPoint, WaitResponse } from '../api/types/container.ts';
import type { Exec } from '../exec/execs.ts';
import { ZERO_TIME } from '../ids.ts';
import { Mutex } from '../mutex.ts';
import type { Endpoint } from '../network/endpoint.ts';
import type { Sandbox } from '../sandbox.ts';
import type { HealthMonitor } from './health.ts';
import { ContainerLog } from './log.ts';
import { Stdio } from './stdio.ts';

/** A mount as inspect shows it, and what the sandbox needs to make it. */
export interface MountRecord extends MountPoint {
  /** Volumes: store prefix of the data. */
  store?: string;
  /** Volumes: take over the image's files when the volume is empty. */
  copyUp?: boolean;
  /** tmpfs. */
  size?: number;
  mode?: number;
  options?: string[];
  /** True for volumes that the engine made for this container (removed with it by `rm -v` and `--rm`). */
  anonymous?: boolean;
}

export interface ContainerRecord {
  id: string;
  name: string;
  created: string;
  imageId: string;
  /** Store prefixes of the image's layers, lowest first. */
  layers: string[];
  path: string;
  args: string[];
  config: ContainerConfig;
  hostConfig: HostConfig;
  mounts: MountRecord[];
  state: Omit<ContainerState, 'Status'>;
  restartCount: number;
  /** The user stopped it: `unless-stopped` leaves it so. */
  manuallyStopped: boolean;
  /** Being removed when the engine died: to be removed at the next start. */
  dead: boolean;
}

export interface Exit { exitCode: number; oomKilled: boolean; at: string; error?: string }

/** What exists while the container runs. */
export interface Run { sandbox: Sandbox; pid: number; startedMs: number }

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export class Container {
  readonly id: string;
  readonly logs: ContainerLog;
  /** The streams of the present (or next) run. */
  stdio = new Stdio();
  run: Run | undefined;
  /** On its network, from start to exit. */
  endpoint: Endpoint | undefined;
  health: HealthMonitor | undefined;
  /** Exec instances that have not ended. */
  readonly execs = new Map<string, Exec>();
  /** Start, stop and file operations one at a time. */
  readonly lock = new Mutex();
  removing = false;
  /** Ends the pause before a restart; true when it was cancelled. */
  cancelRestart: (() => void) | undefined;
  restartDelay = 0;
  /** `docker restart` is under way: no auto-remove between its two halves. */
  manuallyRestarting = false;
  private stopWaiters: ((answer: WaitResponse) => void)[] = [];
  private removeWaiters: ((answer: WaitResponse) => void)[] = [];

  constructor(readonly record: ContainerRecord, store: KeyValueStore) {
    this.id = record.id;
    this.logs = new ContainerLog(store, record.id, record.hostConfig.LogConfig);
  }

  get running(): boolean { return this.record.state.Running; }
  get paused(): boolean { return this.record.state.Paused; }
  get restarting(): boolean { return this.record.state.Restarting; }
  get hasRun(): boolean { return this.record.state.StartedAt !== ZERO_TIME; }

  get status(): ContainerStatus {
    const { state } = this.record;
    if (state.Running) return state.Paused ? 'paused' : state.Restarting ? 'restarting' : 'running';
    if (this.removing) return 'removing';
    if (state.Dead) return 'dead';
    return this.hasRun ? 'exited' : 'created';
  }

  get state(): ContainerState {
    const { Health, ...rest } = this.record.state;
    return Health ? { Status: this.status, ...rest, Health } : { Status: this.status, ...rest };
  }

  setHealth(health: Health | undefined): void { this.record.state.Health = health; }

  setRunning(run: Run, startedAt: string): void {
    this.run = run;
    Object.assign(this.record.state, {
      Running: true, Paused: false, Restarting: false, OOMKilled: false, Pid: run.pid, ExitCode: 0, Error: '', StartedAt: startedAt,
    });
  }

  setPaused(paused: boolean): void { this.record.state.Paused = paused; }

  /** Ended, and to be started again after the restart policy's pause: counts as running for stop, rm and the like. */
  setRestarting(exit: Exit): void {
    this.ended(exit, true);
    this.notifyStopped();
  }

  setStopped(exit: Exit): void {
    this.ended(exit, false);
    this.notifyStopped();
  }

  /** A start that failed: the container stays as it was, with the reason. */
  setStartError(exitCode: number, error: string): void {
    this.run = undefined;
    Object.assign(this.record.state, { Running: false, Restarting: false, Paused: false, Pid: 0, ExitCode: exitCode, Error: error });
  }

  setRemoved(): void {
    this.notifyStopped();
    for (const waiter of this.removeWaiters) waiter({ StatusCode: this.record.state.ExitCode });
    this.removeWaiters = [];
  }

  /** Resolves when the condition holds. not-running: at once when it does not run. */
  wait(condition: WaitCondition): Promise<WaitResponse> {
    if (condition === 'not-running' && !this.running) return Promise.resolve(this.waitAnswer());
    return new Promise((resolve) => { (condition === 'removed' ? this.removeWaiters : this.stopWaiters).push(resolve); });
  }

  private waitAnswer(): WaitResponse {
    const { ExitCode, Error: message } = this.record.state;
    return message === '' ? { StatusCode: ExitCode } : { StatusCode: ExitCode, Error: { Message: message } };
  }

  private notifyStopped(): void {
    const answer = this.waitAnswer();
    for (const waiter of this.stopWaiters) waiter(answer);
    this.stopWaiters = [];
  }

  private ended(exit: Exit, restarting: boolean): void {
    this.run = undefined;
    Object.assign(this.record.state, {
      Running: restarting, Restarting: restarting, Paused: false, Pid: 0, ExitCode: exit.exitCode, OOMKilled: exit.oomKilled,
      FinishedAt: exit.at, Error: exit.error ?? '',
    });
  }
}
