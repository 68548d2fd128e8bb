/** Starting a process from outside the container: pid 1 and what docker exec runs. Errors carry runc's words. */
import { EACCES, EISDIR, ELOOP, ENOENT, ENOTDIR, Errno, errnoText } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import { isDirectory } from '../../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { Mm } from '../mm/mm.ts';
import { Block } from '../syscalls/define.ts';
import { FdTable } from '../vfs/fd-table.ts';
import type { File } from '../vfs/file.ts';
import { FsContext } from '../vfs/fs-context.ts';
import { encodeName } from '../vfs/name.ts';
import { resolve, resolveFrom } from '../vfs/namei.ts';
import { mayAccess } from '../vfs/permission.ts';
import { RLIMIT_NOFILE } from '../../abi/resource.ts';
import type { Credentials } from './credentials.ts';
import { exec } from './exec.ts';
import { reap } from './exit.ts';
import { Process } from './process.ts';
import { type Rlimit, Rlimits } from './rlimits.ts';
import { type ControllingTerminal, ProcessGroup, Session } from './session.ts';
import { SignalHandlers } from './signal-state.ts';
import { Task } from './task.ts';

export interface SpawnSpec {
  argv: readonly string[];
  /** `NAME=value`. PATH is where a program without slash is looked for. */
  env: readonly string[];
  /** Absolute, inside the container. */
  cwd: string;
  credentials: Credentials;
  /** Descriptors 0, 1, 2 …; their references pass to the process. */
  files: readonly (File | undefined)[];
  /** The terminal that the new session gets. */
  terminal?: ControllingTerminal & { associate(process: Process): void };
  /** By resource number. */
  rlimits?: readonly (readonly [resource: number, limit: Rlimit])[];
  noNewPrivileges?: boolean;
  umask?: number;
  /** Called when the process ends, with its wait status. */
  onExit?: (status: number) => void;
}

/** The program cannot be executed; the message is runc's. */
export class SpawnError extends Errno {
  constructor(code: number, text: string) {
    super(code);
    this.message = text;
  }
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function spawn(kernel: Kernel, spec: SpawnSpec): Promise<Process> {
  const task = createTask(kernel, spec);
  const { process } = task;
  try {
    setWorkingDirectory(task, spec.cwd);
    await execute(task, spec);
  } catch (e) {
    discard(task);
    throw e;
  }
  if (task.alive) kernel.scheduler.enqueue(task);
  return process;
}

function createTask(kernel: Kernel, spec: SpawnSpec): Task {
  const { namespace } = kernel;
  if (!namespace) throw new Error('no root filesystem is mounted');
  const pid = kernel.allocatePid();
  if (pid === 0) throw new SpawnError(11, 'fork/exec: resource temporarily unavailable');
  const rlimits = new Rlimits();
  for (const [resource, limit] of spec.rlimits ?? []) rlimits.set(resource, limit);
  const process = new Process(kernel, pid, undefined, new SignalHandlers(), rlimits);
  process.noNewPrivileges = spec.noNewPrivileges ?? false;
  process.onExit = spec.onExit;
  const session = new Session(pid);
  const root = { mount: namespace.root, dentry: namespace.root.root };
  const files = new FdTable(() => process.rlimits.soft(RLIMIT_NOFILE));
  spec.files.forEach((f, fd) => { if (f) files.set(fd, f, false); });
  const task = new Task(kernel, pid, process, kernel.cpu.newContext(), new Mm(kernel.pages, kernel.cpu.mmu), files,
    new FsContext(namespace, root, root, spec.umask ?? 0o022), spec.credentials, '');
  process.leader = task;
  process.threads.add(task);
  process.joinGroup(new ProcessGroup(pid, session));
  spec.terminal?.associate(process);
  kernel.processes.set(pid, process);
  kernel.tasks.set(pid, task);
  kernel.init ??= process;
  return task;
}

/** Undoes createTask after a failure; the program never ran. */
function discard(task: Task): void {
  const { kernel, process } = task;
  if (!task.alive) return;
  task.state = 'dead';
  process.threads.delete(task);
  process.exited = true;
  process.session.terminal = undefined;
  if (kernel.init === process) kernel.init = undefined;
  reap(process);
  task.files.release();
  task.mm.release();
}

function setWorkingDirectory(task: Task, cwd: string): void {
  try {
    const path = resolveFrom(task, task.fs.root, cwd === '' ? '/' : cwd);
    if (!isDirectory(path.dentry.inode.mode)) throw new Errno(ENOTDIR);
    if (!mayAccess(task.credentials, path.dentry.inode, 1)) throw new Errno(EACCES);
    task.fs.cwd = path;
  } catch (e) {
    if (!(e instanceof Errno)) throw e;
    throw new SpawnError(e.code, `chdir to cwd ("${cwd}") set in config.json failed: ${lower(errnoText(e.code))}`);
  }
}

async function execute(task: Task, spec: SpawnSpec): Promise<void> {
  const name = spec.argv[0] ?? '';
  const path = findProgram(task, name, spec.env);
  const request = { dirfd: AT_FDCWD, path, walk: 0, argv: spec.argv.map(encodeName), envp: spec.env.map(encodeName) };
  for (;;) {
    try {
      const result = exec(task, request);
      if (!(result instanceof Block)) return;
      await woken(result);
    } catch (e) {
      if (!(e instanceof Errno) || e instanceof SpawnError) throw e;
      throw new SpawnError(e.code, `exec ${path}: ${lower(errnoText(e.code))}`);
    }
    if (!task.alive) throw new SpawnError(3, 'the process was killed while it started');
  }
}

/** exec.LookPath of Go, which runc uses: PATH of the container's environment, or the name itself when it has a slash. */
function findProgram(task: Task, name: string, env: readonly string[]): string {
  if (name === '') throw new SpawnError(ENOENT, 'exec: "": executable file not found in $PATH');
  if (name.includes('/')) {
    const why = executable(task, name);
    if (why === 0) return name;
    throw new SpawnError(why, why === ENOENT || why === ENOTDIR || why === ELOOP ? `exec: "${name}": stat ${name}: ${lower(errnoText(why))}`
      : `exec: "${name}": ${why === EISDIR ? 'is a directory' : 'permission denied'}`);
  }
  const list = env.findLast((e) => e.startsWith('PATH='))?.slice(5) ?? DEFAULT_PATH;
  for (const dir of list.split(':')) {
    const candidate = dir === '' ? `./${name}` : `${dir.replace(/\/+$/, '')}/${name}`;
    if (executable(task, candidate) === 0) return candidate;
  }
  throw new SpawnError(ENOENT, `exec: "${name}": executable file not found in $PATH`);
}

/** 0 when `path` is a file that may be executed, else the errno. */
function executable(task: Task, path: string): number {
  try {
    const { inode } = resolve(task, AT_FDCWD, path).dentry;
    if (isDirectory(inode.mode)) return EISDIR;
    return mayAccess(task.credentials, inode, 1) ? 0 : EACCES;
  } catch (e) {
    if (e instanceof Errno) return e.code;
    throw e;
  }
}

function woken(block: Block): Promise<void> {
  return new Promise((done) => {
    const waiter = { wake: (): boolean => { for (const q of block.queues) q.remove(waiter); done(); return true; } };
    for (const q of block.queues) q.add(waiter);
  });
}

function lower(text: string): string { return text.charAt(0).toLowerCase() + text.slice(1); }

