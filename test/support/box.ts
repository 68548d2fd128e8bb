/** A container's sandbox for tests: an image of busybox and what a test adds, processes with their output collected. */
import * as fs from 'node:fs';
import { collect, iterate, streamOf } from '../../src/base/streams.ts';
import { Sandbox, type ProcessStreams } from '../../src/engine/sandbox.ts';
import { MemoryStore } from '../../src/host/memory-store.ts';
import type { HostFs, KeyValueStore, Log } from '../../src/host/ports.ts';
import { unpackLayer } from '../../src/image/layer/unpack.ts';
import { digestOf } from '../../src/image/digest.ts';
import { TAR_END, tarFile, type TarHeader } from '../../src/image/layer/tar-write.ts';
import { layerKey } from '../../src/image/types.ts';
import { concat } from '../../src/base/streams.ts';
import type { ExitStatus, ProcessSpec, SandboxSpec } from '../../src/runtime/sandbox-api.ts';
import { InProcessLauncher } from './in-process-launcher.ts';

const BUSYBOX = '/bin/busybox';
export const hasBusybox = fs.existsSync(BUSYBOX);

export type Files = Record<string, string | Uint8Array | Partial<TarHeader>>;

export async function addLayer(store: KeyValueStore, files: Files): Promise<string> {
  const tar = concat([...Object.entries(files).flatMap(([name, f]) => {
    const bytes = typeof f === 'string' ? new TextEncoder().encode(f) : f instanceof Uint8Array ? f : new Uint8Array(0);
    const header = typeof f === 'string' || f instanceof Uint8Array ? {} : f;
    return tarFile({ name, type: name.endsWith('/') ? 'directory' : 'file', mode: 0o755, mtimeSec: 1_700_000_000, ...header }, bytes);
  }), TAR_END]);
  const diffId = await digestOf(tar);
  await unpackLayer(store, (async function* () { yield tar; })(), diffId, () => []);
  return layerKey(diffId);
}

export const baseFiles = (): Files => ({
  'bin/busybox': new Uint8Array(fs.readFileSync(BUSYBOX)),
  ...Object.fromEntries(['sh', 'cat', 'ls', 'echo', 'id', 'pwd', 'sleep', 'stat', 'mkdir', 'rm', 'mv', 'ln', 'touch', 'env', 'ps', 'kill', 'hostname', 'mount', 'stty', 'tty', 'wc', 'head', 'chmod', 'chown', 'readlink', 'true', 'false', 'dd', 'sync']
    .map((n) => [`bin/${n}`, { type: 'symlink', linkName: 'busybox' } as Partial<TarHeader>])),
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n',
  'etc/group': 'root:x:0:\nstaff:x:1001:\nwheel:x:10:root,alice\n',
  'root/': {}, 'tmp/': { mode: 0o1777 },
});

export interface BoxOptions { files?: Files; store?: KeyValueStore; spec?: Partial<SandboxSpec>; layers?: string[]; log?: Log; hostFs?: HostFs; id?: string }
export interface RunResult extends ExitStatus { stdout: string; stderr: string }

export class Box {
  private constructor(readonly sandbox: Sandbox, readonly store: KeyValueStore, readonly layers: string[], readonly logged: string[]) {}

  static async boot(options: BoxOptions = {}): Promise<Box> {
    const store = options.store ?? new MemoryStore(), logged: string[] = [];
    const layers = options.layers ?? [await addLayer(store, baseFiles()), ...(options.files ? [await addLayer(store, options.files)] : [])];
    const launcher = new InProcessLauncher(store, options.log ?? ((s, m) => { logged.push(`${s}: ${m}`); }), options.hostFs);
    const id = options.id ?? 'c'.repeat(64);
    const sandbox = await Sandbox.boot(launcher, {
      id, hostname: 'box', domainname: '', rootfs: { layers, upper: `rw/${id}`, readonly: false }, mounts: [],
      files: ['hosts', 'hostname', 'resolv.conf'].map((n) => ({ path: `/etc/${n}`, content: new TextEncoder().encode(`${n}\n`), mode: 0o644 })),
      resources: { shmSize: 64 << 20 }, network: { mode: 'none' }, sysctls: {}, init: false, strace: false, ...options.spec,
    });
    return new Box(sandbox, store, layers, logged);
  }

  async start(args: string[], spec: Partial<ProcessSpec> = {}): Promise<{ pid: number; streams: ProcessStreams }> {
    return this.sandbox.start({
      args, env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], cwd: '/', user: '', groups: [], tty: false, openStdin: false, noNewPrivileges: false,
      capabilities: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FSETID', 'CAP_FOWNER', 'CAP_MKNOD', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETFCAP', 'CAP_SETPCAP', 'CAP_KILL'], rlimits: [], ...spec,
    });
  }

  async run(args: string[], spec: Partial<ProcessSpec> = {}, stdin?: string): Promise<RunResult> {
    const { pid, streams } = await this.start(args, { ...spec, openStdin: stdin !== undefined });
    const text = async (stream: ReadableStream<Uint8Array> | undefined): Promise<string> => (stream ? new TextDecoder().decode(await collect(iterate(stream))) : '');
    if (stdin !== undefined) {
      const writer = streams.stdin!.getWriter();
      void writer.write(new TextEncoder().encode(stdin)).then(() => writer.close()).catch(() => undefined);
    }
    const [stdout, stderr, status] = await Promise.all([text(streams.stdout), text(streams.stderr), this.sandbox.wait(pid)]);
    return { ...status, stdout, stderr };
  }

  sh(script: string, spec: Partial<ProcessSpec> = {}): Promise<RunResult> { return this.run(['sh', '-c', script], spec); }

  async archive(path: string): Promise<Uint8Array> {
    const { body, done } = this.sandbox.archive(path);
    const bytes = await collect(iterate(body));
    await done;
    return bytes;
  }

  async unpack(path: string, tar: Uint8Array, options = { noOverwriteDirNonDir: false, copyUidGid: false }): Promise<void> {
    const { readableToPort } = await import('../../src/protocol/port-stream.ts');
    const { port1, port2 } = new MessageChannel();
    const sent = readableToPort(streamOf((async function* () { yield tar; })()), port1);
    await this.sandbox.writeArchive(path, port2, options);
    await sent;
  }

  close(): Promise<void> { return this.sandbox.close(); }
}
