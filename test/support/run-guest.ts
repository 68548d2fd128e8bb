/**
 * Runs programs in a kernel of their own: root on a tmpfs filled from host files or given content, streams collected. Also
 * compiles C with the machine's gcc, so that a test can run the same program natively and compare.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { S_IFCHR, S_IFDIR, S_IFREG, makedev } from '../../src/abi/stat.ts';
import { createCpu } from '../../src/cpu/create.ts';
import { TmpFs } from '../../src/kernel/fs/tmpfs/tmpfs.ts';
import { TmpRegular } from '../../src/kernel/fs/tmpfs/inodes.ts';
import type { HostPipeReader } from '../../src/kernel/fs/host-pipe.ts';
import { KernelSource } from '../../src/kernel/io.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Credentials } from '../../src/kernel/task/credentials.ts';
import { shellExitCode } from '../../src/kernel/task/process.ts';
import type { SpawnSpec } from '../../src/kernel/task/spawn.ts';
import type { Task } from '../../src/kernel/task/task.ts';
import type { Inode } from '../../src/kernel/vfs/inode.ts';
import { createClock } from './clock.ts';

const ROOT = { uid: 0, gid: 0 };
const noTask = undefined as unknown as Task;

export interface GuestOptions {
  /** Guest path to content: bytes or text of a file (mode 755), or `{ host }`: a file or tree of this machine. */
  files?: Record<string, Uint8Array | string | { host: string }>;
  memoryLimit?: number;
  pidsLimit?: number;
  strace?: boolean;
  log?: (subsystem: string, message: string) => void;
}

export interface RunOptions {
  env?: string[];
  cwd?: string;
  stdin?: string | Uint8Array;
  credentials?: Credentials;
  /** Milliseconds after which everything is killed; 20 000 unless told. */
  timeout?: number;
  spec?: Partial<SpawnSpec>;
}

export interface RunResult { status: number; exitCode: number; stdout: string; stderr: string; timedOut: boolean }

export class Guest {
  readonly kernel: Kernel;
  readonly root: TmpFs;
  readonly logged: string[] = [];
  readonly trace: string[] = [];

  constructor(options: GuestOptions = {}) {
    const clock = createClock();
    const log = options.log ?? ((s, m) => { this.logged.push(`${s}: ${m}`); });
    const memoryLimit = options.memoryLimit ?? 512 << 20;
    this.kernel = new Kernel({
      cpu: createCpu({ memoryLimit, log: (m) => log('cpu', m), clock }), clock, log, random: (into) => { randomFillSync(into); },
      memoryLimit: options.memoryLimit, pidsLimit: options.pidsLimit, hostname: 'guest',
      strace: options.strace ? (line) => { this.trace.push(line); } : undefined,
      yieldToHost: (f) => { setImmediate(f); },
    });
    this.root = new TmpFs(this.kernel.vfs, { mode: 0o755 });
    this.kernel.namespace = this.kernel.vfs.newNamespace(this.root, 'rootfs');
    this.device('/dev/null', 1, 3);
    this.device('/dev/zero', 1, 5);
    this.device('/dev/urandom', 1, 9);
    this.directory('/tmp', 0o1777);
    this.directory('/dev/shm', 0o1777);
    for (const [path, content] of Object.entries(options.files ?? {})) {
      if (typeof content === 'object' && 'host' in content) this.copyFromHost(content.host, path);
      else this.file(path, content);
    }
  }

  /** Runs a program to its end. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { io } = this.kernel;
    const stdin = io.hostWriter(), stdout = io.hostReader(), stderr = io.hostReader();
    const out = collect(stdout), err = collect(stderr);
    let timedOut = false;
    let ended!: (status: number) => void;
    const exited = new Promise<number>((done) => { ended = done; });
    const files = [stdin.openReader(), stdout.openWriter(), stderr.openWriter()];
    feed(stdin, options.stdin);
    const timer = setTimeout(() => { timedOut = true; this.kernel.killAll(); }, options.timeout ?? 20_000);
    try {
      await this.kernel.spawn({
        argv, env: options.env ?? ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/root'], cwd: options.cwd ?? '/', files,
        credentials: options.credentials ?? Credentials.user(0, 0), onExit: ended, ...options.spec,
      });
      const status = await exited;
      out.drain();
      err.drain();
      return { status, exitCode: shellExitCode(status), stdout: out.text(), stderr: err.text(), timedOut };
    } finally {
      clearTimeout(timer);
      stdout.close();
      stderr.close();
      stdin.close();
    }
  }

  directory(path: string, mode = 0o755): Inode {
    let at: Inode = this.root.root;
    for (const name of path.split('/').filter(Boolean)) at = at.lookup(name) ?? at.mkdir(name, S_IFDIR | mode, ROOT);
    return at;
  }

  file(path: string, content: Uint8Array | string, mode = 0o755): Inode {
    const inode = this.directory(dirname(path)).create(path.slice(path.lastIndexOf('/') + 1), S_IFREG | mode, ROOT) as TmpRegular;
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const source = new KernelSource(bytes);
    for (let at = 0; at < bytes.length;) at += inode.content.writeAt(noTask, source, at) as number;
    return inode;
  }

  device(path: string, major: number, minor: number): void {
    this.directory(dirname(path)).mknod(path.slice(path.lastIndexOf('/') + 1), S_IFCHR | 0o666, makedev(major, minor), ROOT);
  }

  copyFromHost(host: string, path: string): void {
    const stat = lstatSync(host);
    if (stat.isSymbolicLink()) this.directory(dirname(path)).symlink(path.slice(path.lastIndexOf('/') + 1), readlinkSync(host), ROOT);
    else if (stat.isDirectory()) for (const name of readdirSync(host)) this.copyFromHost(join(host, name), `${path}/${name}`);
    else {
      const inode = this.file(path, readFileSync(host), stat.mode & 0o777);
      inode.mtime = { sec: Math.floor(stat.mtimeMs / 1000), nsec: 0 };
    }
  }

  /** A program of this machine with the shared libraries it needs. */
  addProgram(host: string, path = host): void {
    if (!this.has(path)) this.copyFromHost(realpathSync(host), path);
    const list = spawnSync('ldd', [host], { encoding: 'utf8' }).stdout;
    for (const [, lib] of list.matchAll(/(\/\S+) \(0x/g)) if (!this.has(lib)) this.copyFromHost(realpathSync(lib), lib);
  }

  private has(path: string): boolean {
    let at: Inode | undefined = this.root.root;
    for (const name of path.split('/').filter(Boolean)) at = at?.lookup(name);
    return at !== undefined;
  }
}

function collect(from: HostPipeReader): { text(): string; drain(): void } {
  const pieces: Buffer[] = [];
  const drain = (): void => { for (let b = from.read(); b.length > 0; b = from.read()) pieces.push(Buffer.from(b)); };
  from.onReadable = drain;
  return { drain, text: () => Buffer.concat(pieces).toString('utf8') };
}

function feed(to: { write(bytes: Uint8Array): number; close(): void; onWritable: (() => void) | undefined; readonly broken: boolean }, input: string | Uint8Array | undefined): void {
  let rest = typeof input === 'string' ? new TextEncoder().encode(input) : input ?? new Uint8Array(0);
  const push = (): void => {
    while (rest.length > 0 && !to.broken) {
      const n = to.write(rest);
      if (n === 0) return;
      rest = rest.subarray(n);
    }
    to.onWritable = undefined;
    to.close();
  };
  to.onWritable = push;
  push();
}

const cache = join(tmpdir(), 'drydock-guest-programs');

/** Compiles a C program; returns the path of the executable. Static unless flags say otherwise. */
export function compile(source: string, flags: readonly string[] = ['-static', '-O1']): string {
  const key = createHash('sha256').update(JSON.stringify([source, flags])).digest('hex').slice(0, 24);
  const out = join(cache, key);
  if (existsSync(out)) return out;
  mkdirSync(cache, { recursive: true });
  const file = `${out}.c`;
  writeFileSync(file, source);
  execFileSync('gcc', ['-w', '-o', `${out}.tmp${process.pid}`, file, ...flags, '-pthread', '-lm'], { stdio: ['ignore', 'inherit', 'inherit'] });
  execFileSync('mv', [`${out}.tmp${process.pid}`, out]);
  return out;
}

/** Output and exit code of a program run natively, in a session of its own: it may signal its process group. */
export function runNative(program: string, args: readonly string[] = []): { exitCode: number; stdout: string; stderr: string } {
  const r = spawnSync('setsid', ['-w', program, ...args], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: '/root' }, timeout: 20_000 });
  return { exitCode: r.status ?? 128, stdout: r.stdout, stderr: r.stderr };
}

/** Compiles and runs a C program as /prog in a new guest. */
export async function runC(source: string, args: readonly string[] = [], options: GuestOptions & RunOptions = {}, flags?: readonly string[]): Promise<RunResult & { guest: Guest }> {
  const program = compile(source, flags);
  const guest = new Guest({ ...options, files: { '/prog': readFileSync(program), ...options.files } });
  const result = await guest.run(['/prog', ...args], options);
  guest.kernel.shutdown();
  return { ...result, guest };
}
