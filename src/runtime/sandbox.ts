/**
 * One container's sandbox: a kernel with its root and mounts, and what the engine asks of it. Lives in a worker of its own
 * (workers/sandbox.*.ts); all of it is reached through sandbox-api.ts.
 */
import { transfer } from 'comlink';
import { streamOf, iterate } from '../base/streams.ts';
import { createCpu } from '../cpu/create.ts';
import type { Clock, HostFs, KeyValueStore, Log, RandomBytes } from '../host/ports.ts';
import type { OverlayFs } from '../kernel/fs/overlay/overlay.ts';
import type { PersistentFs } from '../kernel/fs/persistent/persistent-fs.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { YieldToHost } from '../kernel/task/scheduler.ts';
import type { Task } from '../kernel/task/task.ts';
import { portToReadable, portToSink, readableToPort } from '../protocol/port-stream.ts';
import { readTree, statPath, writeTree } from './archive.ts';
import { layerTar, listChanges } from './changes.ts';
import { InitProcess } from './init-process.ts';
import { createKernelTask, fork } from './kernel-task.ts';
import { mountAll } from './mounts.ts';
import { setUpNetwork } from './network.ts';
import { listProcesses } from './process-list.ts';
import { startProcess, type Running } from './process.ts';
import { mountRoot } from './root-filesystem.ts';
import type { Change, ExitStatus, PathStat, ProcessInfo, ProcessIo, ProcessSpec, SandboxApi, SandboxSpec, SandboxStats } from './sandbox-api.ts';

/** What a sandbox needs from its surroundings. */
export interface SandboxHost {
  store: KeyValueStore;
  clock: Clock;
  random: RandomBytes;
  log: Log;
  hostFs?: HostFs;
  yieldToHost?: YieldToHost;
  /** Compiled once for all sandboxes (cpu/create.ts compileInterpreter); compiled here when absent. */
  interpreter?: WebAssembly.Module;
}

/** The most a 32-bit WebAssembly memory holds; pages are taken from the host only as they are used. */
const MAX_MEMORY = 4 * 2 ** 30 - 65536;

interface Booted { init: boolean; kernel: Kernel; task: Task; overlay: OverlayFs; persistent: PersistentFs[] }

export class Sandbox implements SandboxApi {
  private booted: Booted | undefined;
  private readonly running = new Map<number, Running>();
  private started = false;

  constructor(private readonly host: SandboxHost) {}

  async boot(spec: SandboxSpec): Promise<void> {
    if (this.booted) throw new Error('the sandbox is booted already');
    const { store, clock, random, log, hostFs } = this.host, { resources } = spec;
    const cpu = createCpu({ memoryLimit: Math.min(resources.memory ?? MAX_MEMORY, MAX_MEMORY), log: (m) => { log('cpu', m); }, clock, random, interpreter: this.host.interpreter });
    const kernel = new Kernel({
      cpu, clock, random, log, hostname: spec.hostname, domainname: spec.domainname || undefined, memoryLimit: resources.memory, pidsLimit: resources.pids,
      strace: spec.strace ? (line) => { log('strace', line); } : undefined, yieldToHost: this.host.yieldToHost,
    });
    setUpNetwork(kernel.io.net, spec.network);
    const persistence = { exclusive: true, onError: (e: unknown) => { if (e !== undefined) log('runtime', `writing to the store failed: ${(e as Error).message}`); } };
    const { overlay, upper } = await mountRoot(kernel, store, spec.rootfs, persistence);
    const persistent = [upper], task = createKernelTask(kernel);
    await mountAll({ task, store, hostFs, persistence, opened: (fs) => { persistent.push(fs); } }, spec);
    this.booted = { init: spec.init, kernel, task, overlay, persistent };
  }

  async start(process: ProcessSpec, io: ProcessIo): Promise<{ pid: number }> {
    const { kernel, task } = this.need(), first = !this.started;
    this.started = true;
    try {
      const running = await startProcess(kernel, fork(task), process, io, first, first && this.need().init ? new InitProcess(kernel, task) : undefined);
      const { pid } = running;
      this.running.set(pid, running);
      return { pid };
    } catch (e) {
      if (first) this.started = false;
      throw e;
    }
  }

  async wait(pid: number): Promise<ExitStatus> {
    const running = this.running.get(pid);
    if (!running) throw new Error(`no process ${pid} was started`);
    return running.ended;
  }

  async kill(pid: number, signal: number): Promise<boolean> { return this.need().kernel.kill(pid, signal); }
  async resize(pid: number, rows: number, columns: number): Promise<void> { this.running.get(pid)?.terminal?.resize(rows, columns); }
  async connect(port: number): Promise<{ up: MessagePort; down: MessagePort }> {
    const { readable, writable } = await this.need().kernel.io.net.connectFromHost(port);
    const up = new MessageChannel(), down = new MessageChannel();
    void portToSink(up.port1, writable);
    void readableToPort(readable, down.port1);
    return transfer({ up: up.port2, down: down.port2 }, [up.port2, down.port2] as never);
  }

  async pause(): Promise<void> { this.need().kernel.pause(); }
  async unpause(): Promise<void> { this.need().kernel.resume(); }
  async stats(): Promise<SandboxStats> { return this.need().kernel.counters(); }
  async changes(): Promise<Change[]> { return listChanges(this.need().overlay); }

  async processes(): Promise<ProcessInfo[]> {
    const { kernel, task } = this.need();
    return listProcesses(kernel, fork(task));
  }

  async statPath(path: string): Promise<PathStat> { return statPath(this.need().task, path); }
  async readArchive(path: string, out: MessagePort): Promise<void> { await readableToPort(streamOf(readTree(fork(this.need().task), path)), out); }
  async readLayer(out: MessagePort): Promise<void> {
    const { task, overlay } = this.need();
    await readableToPort(streamOf(layerTar(fork(task), overlay)), out);
  }

  async writeArchive(path: string, input: MessagePort, options: { noOverwriteDirNonDir: boolean; copyUidGid: boolean }): Promise<void> {
    const body = portToReadable(input);
    try { await writeTree(fork(this.need().task), path, iterate(body), options); } catch (e) {
      if (!body.locked) await body.cancel(e).catch(() => undefined);
      throw e;
    }
  }

  async sync(): Promise<void> { await this.need().kernel.vfs.sync(); }

  async shutdown(): Promise<void> {
    const { booted } = this;
    if (booted) {
      booted.kernel.shutdown();
      const closed = await Promise.allSettled(booted.persistent.map((fs) => fs.close()));
      for (const c of closed) if (c.status === 'rejected') this.host.log('runtime', `the last flush failed: ${(c.reason as Error).message}`);
    }
    await this.host.store.close();
  }

  private need(): Booted {
    if (!this.booted) throw new Error('the sandbox is not booted');
    return this.booted;
  }
}
