/** Exec instances: further processes in a running container. They live in memory only, as in dockerd. */
import { NotFound } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { Stdio } from '../container/stdio.ts';

export interface ExecConfig {
  cmd: string[];
  env: string[];
  user: string;
  workingDir: string;
  tty: boolean;
  privileged: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  detachKeys: string;
  consoleSize?: [rows: number, columns: number];
}

export class Exec {
  readonly stdio = new Stdio();
  running = false;
  started = false;
  exitCode: number | null = null;
  pid = 0;
  /** A size asked for before the process started. */
  pendingSize: [rows: number, columns: number] | undefined;

  constructor(readonly id: string, readonly container: Container, readonly config: ExecConfig) {}

  /** The container ended under it. */
  lost(): void {
    this.running = false;
    this.exitCode ??= 137;
    this.container.execs.delete(this.id);
    void this.stdio.end();
  }
}

export class Execs {
  private readonly byId = new Map<string, Exec>();

  add(exec: Exec): void { this.byId.set(exec.id, exec); }

  get(id: string): Exec {
    const exec = this.byId.get(id);
    if (exec) return exec;
    const matches = [...this.byId.values()].filter((e) => id.length >= 12 && e.id.startsWith(id));
    if (matches.length !== 1) throw new NotFound(`No such exec instance: ${id}`);
    return matches[0];
  }

  /** Drops ended instances of containers that are gone; called as new ones are made. */
  sweep(alive: (container: Container) => boolean): void {
    for (const [id, exec] of this.byId) if (!exec.running && !alive(exec.container)) this.byId.delete(id);
  }
}
