/**
 * The engine's end of one sandbox: boots it, starts processes with their streams, closes it. The other end is
 * runtime/sandbox.ts in the sandbox worker; comlink carries the calls, message ports carry the bytes.
 */
import { transfer, wrap, releaseProxy, type Endpoint, type Remote } from 'comlink';
import type { Duplex, SandboxLauncher } from '../host/ports.ts';
import { portToReadable, portToWritable } from '../protocol/port-stream.ts';
import type { ExitStatus, ProcessIo, ProcessSpec, SandboxApi, SandboxSpec } from '../runtime/sandbox-api.ts';

export interface ProcessStreams {
  stdin?: WritableStream<Uint8Array>;
  stdout: ReadableStream<Uint8Array>;
  /** Absent with a terminal. */
  stderr?: ReadableStream<Uint8Array>;
}

export class Sandbox {
  private closed = false;

  private constructor(readonly api: Remote<SandboxApi>, private readonly terminate: () => void, private readonly lost: Promise<string>) {}

  static async boot(launcher: SandboxLauncher, spec: SandboxSpec): Promise<Sandbox> {
    const { port, terminate, lost } = await launcher.launch(spec.id.slice(0, 12));
    port.start?.();
    const sandbox = new Sandbox(wrap<SandboxApi>(port as unknown as Endpoint), terminate, lost ?? new Promise(() => undefined));
    try {
      await sandbox.alive(sandbox.api.boot(spec));
    } catch (e) {
      sandbox.drop();
      throw e;
    }
    return sandbox;
  }

  async start(spec: ProcessSpec): Promise<{ pid: number; streams: ProcessStreams }> {
    const io: ProcessIo = {};
    const out = new MessageChannel();
    io.stdout = out.port2;
    const streams: ProcessStreams = { stdout: portToReadable(out.port1) };
    const moved = [out.port2];
    if (spec.openStdin) {
      const channel = new MessageChannel();
      io.stdin = channel.port2;
      moved.push(channel.port2);
      streams.stdin = portToWritable(channel.port1);
    }
    if (!spec.tty) {
      const channel = new MessageChannel();
      io.stderr = channel.port2;
      moved.push(channel.port2);
      streams.stderr = portToReadable(channel.port1);
    }
    const { pid } = await this.alive(this.api.start(spec, transfer(io, moved as never)));
    return { pid, streams };
  }

  /** The end of a process; rejects when the worker itself has died. */
  wait(pid: number): Promise<ExitStatus> { return this.alive(this.api.wait(pid)); }

  /** A call that does not hang when the worker has died. */
  private async alive<T>(call: Promise<T>): Promise<T> {
    return Promise.race([call, this.lost.then((reason) => { throw new Error(`the sandbox worker died: ${reason}`); })]);
  }

  /** A connection to a listening port of the container. */
  async connect(port: number): Promise<Duplex> {
    const { up, down } = await this.alive(this.api.connect(port));
    return { readable: portToReadable(down), writable: portToWritable(up) };
  }

  /** A tar of `path`. `done` resolves when all of it has been sent, or nobody wants it any more. */
  archive(path: string): { body: ReadableStream<Uint8Array>; done: Promise<void> } {
    const channel = new MessageChannel();
    const done = this.api.readArchive(path, transfer(channel.port2, [channel.port2] as never)) as Promise<void>;
    return { body: portToReadable(channel.port1), done };
  }

  /** The writable layer as an OCI layer tar. */
  layer(): { body: ReadableStream<Uint8Array>; done: Promise<void> } {
    const channel = new MessageChannel();
    const done = this.api.readLayer(transfer(channel.port2, [channel.port2] as never)) as Promise<void>;
    return { body: portToReadable(channel.port1), done };
  }

  /** Unpacks the tar that comes through `input` below `path`. */
  async writeArchive(path: string, input: MessagePort, options: { noOverwriteDirNonDir: boolean; copyUidGid: boolean }): Promise<void> {
    await this.api.writeArchive(path, transfer(input, [input] as never), options);
  }

  /** Flushes and ends the sandbox. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    try { await this.alive(this.api.shutdown()); } finally { this.drop(); }
  }

  private drop(): void {
    this.api[releaseProxy]();
    this.terminate();
  }
}
