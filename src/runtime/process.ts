/** Starts a process of the container: user, working directory, streams, terminal. Failures carry runc's words. */
import { capSet } from '../abi/capability.ts';
import { EROFS, Errno, errnoName } from '../abi/errno.ts';
import { AT_FDCWD, O_NOCTTY, O_RDONLY, O_RDWR } from '../abi/fcntl.ts';
import { RLIM_INFINITY, rlimitNames } from '../abi/resource.ts';
import { isDirectory } from '../abi/stat.ts';
import { readableToPort, portToSink } from '../protocol/port-stream.ts';
import { readableFrom, writableTo } from '../kernel/fs/host-stream.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Credentials } from '../kernel/task/credentials.ts';
import { type Process, shellExitCode } from '../kernel/task/process.ts';
import { SpawnError, type SpawnSpec } from '../kernel/task/spawn.ts';
import type { Task } from '../kernel/task/task.ts';
import type { PtyMaster } from '../kernel/tty/pty-master.ts';
import type { File } from '../kernel/vfs/file.ts';
import { Mount } from '../kernel/vfs/mount.ts';
import { attach } from '../kernel/vfs/mounting.ts';
import { resolve } from '../kernel/vfs/namei.ts';
import type { InitProcess } from './init-process.ts';
import { openName, readText } from './kernel-task.ts';
import { makeDirectories, mountPoint, tryResolve } from './mounts.ts';
import type { ExitStatus, ProcessIo, ProcessSpec, StartFailure } from './sandbox-api.ts';
import { resolveUser, type ExecUser } from './users.ts';

/** After the process itself has ended, output of its children is waited for this long (dockerd waits as long for an exec's streams). */
const OUTPUT_GRACE_MS = 2000;

export interface Running {
  /** Process that stands for it: itself, or its init. */
  readonly pid: number;
  readonly terminal: PtyMaster | undefined;
  /** Resolves once the process has ended and its output is sent. */
  readonly ended: Promise<ExitStatus>;
}

interface Streams { files: File[]; terminal?: PtyMaster; sent: Promise<unknown>; /** The process has gone. */ close(): void }

/** @param first it becomes process 1, or the program of `init` */
export async function startProcess(kernel: Kernel, task: Task, spec: ProcessSpec, io: ProcessIo, first: boolean, init?: InitProcess): Promise<Running> {
  const user = resolveUser(spec.user, await readText(task, '/etc/passwd'), await readText(task, '/etc/group'), spec.groups);
  if (first) makeWorkingDirectory(task, spec.cwd);
  const streams = spec.tty ? openTerminal(kernel, task, spec, io, user, first) : openPipes(kernel, task, spec, io);
  let exited!: (status: number) => void;
  const exit = new Promise<number>((resolve) => { exited = resolve; });
  let process: Process;
  try {
    process = await kernel.spawn({
      argv: spec.args, cwd: spec.cwd || '/', env: withHome(spec.env, user.home), files: streams.files, terminal: streams.terminal?.terminal,
      credentials: Credentials.user(user.uid, user.gid, user.groups, capSet(spec.capabilities)), rlimits: rlimits(spec), noNewPrivileges: spec.noNewPrivileges,
      onExit: (status) => { init?.exit(status); exited(status); },
    });
    init?.adopt(process);
  } catch (e) {
    streams.close();
    throw startFailure(e);
  }
  const ended = exit.then(async (status): Promise<ExitStatus> => {
    streams.close();
    await (first ? streams.sent : Promise.race([streams.sent, new Promise<void>((r) => { setTimeout(r, OUTPUT_GRACE_MS); })]));
    const signal = status & 0x7f;
    return { exitCode: shellExitCode(status), ...(signal !== 0 && { signal }), oomKilled: process.oomKilled || (first && kernel.oomKills > 0 && signal === 9) };
  });
  return { pid: init?.process.pid ?? process.pid, terminal: streams.terminal, ended };
}

/** Docker makes WORKDIR when it is missing. */
function makeWorkingDirectory(task: Task, cwd: string): void {
  if (cwd === '' || cwd === '/') return;
  try {
    const place = tryResolve(task, cwd);
    if (!place) makeDirectories(task, cwd, 0o755);
    else if (!isDirectory(place.dentry.inode.mode)) throw { code: 'ECWD', message: `Cannot mkdir: ${cwd} is not a directory` } satisfies StartFailure;
  } catch (e) {
    // On a read-only root the missing directory is the start's own error.
    if (!(e instanceof Errno) || e.code !== EROFS) throw e instanceof Errno ? startFailure(e) : e;
  }
}

function openPipes(kernel: Kernel, task: Task, spec: ProcessSpec, io: ProcessIo): Streams {
  const files: File[] = [], sent: Promise<unknown>[] = [];
  let stdin: ReturnType<Kernel['io']['hostWriter']> | undefined;
  if (spec.openStdin && io.stdin) {
    stdin = kernel.io.hostWriter();
    files.push(stdin.openReader());
    void portToSink(io.stdin, writableTo(stdin));
  } else {
    files.push(openName(task, '/dev/null', O_RDONLY, 0));
  }
  for (const port of [io.stdout, io.stderr]) {
    const reader = kernel.io.hostReader();
    files.push(reader.openWriter());
    if (port) sent.push(readableToPort(readableFrom(reader), port));
  }
  return { files, sent: Promise.all(sent), close: () => { stdin?.close(); } };
}

function openTerminal(kernel: Kernel, task: Task, spec: ProcessSpec, io: ProcessIo, user: ExecUser, first: boolean): Streams {
  const master = kernel.io.terminals.openHost({ uid: user.uid, gid: 5 });
  if (spec.rows && spec.columns) master.resize(spec.rows, spec.columns);
  const name = `/dev/pts/${master.index}`;
  if (first) {
    kernel.io.terminals.console = master.terminal;
    attach(task.fs.namespace, new Mount(resolve(task, AT_FDCWD, name).dentry, 0, 'devpts'), mountPoint(task, '/dev/console', false));
  }
  const slave = openName(task, name, O_RDWR | O_NOCTTY, 0);
  // The client's end of input is no hangup: a terminal stays open until the process ends.
  const keyboard = {
    get broken() { return master.broken; },
    get onWritable() { return master.onWritable; },
    set onWritable(f) { master.onWritable = f; },
    write: (bytes: Uint8Array) => master.write(bytes),
    close: () => undefined,
  };
  if (io.stdin) void portToSink(io.stdin, writableTo(keyboard));
  const sent = io.stdout ? readableToPort(readableFrom(master), io.stdout) : Promise.resolve();
  return { files: [slave, slave.retain(), slave.retain()], terminal: master, sent, close: () => { master.close(); } };
}

function withHome(env: readonly string[], home: string): string[] {
  return env.some((e) => e.startsWith('HOME=') && e !== 'HOME=') ? [...env] : [...env.filter((e) => e !== 'HOME='), `HOME=${home}`];
}

function rlimits(spec: ProcessSpec): SpawnSpec['rlimits'] {
  const value = (n: number): number => (n < 0 ? RLIM_INFINITY : n);
  return spec.rlimits.map(({ name, soft, hard }) => {
    const resource = rlimitNames.indexOf(`RLIMIT_${name.toUpperCase().replace(/^RLIMIT_/, '')}`);
    if (resource < 0) throw { code: 'EIO', message: `invalid ulimit type: ${name}` } satisfies StartFailure;
    return [resource, { soft: value(soft), hard: value(hard) }] as const;
  });
}

const CODES: readonly StartFailure['code'][] = ['ENOENT', 'EACCES', 'ENOEXEC', 'ENOTDIR', 'EISDIR', 'ELOOP'];

function startFailure(e: unknown): unknown {
  if (!(e instanceof Errno)) return e;
  const name = errnoName(e.code) as StartFailure['code'];
  const code = e instanceof SpawnError && e.message.startsWith('chdir to cwd') ? 'ECWD' : CODES.includes(name) ? name : 'EIO';
  return { code, message: e.message } satisfies StartFailure;
}
