/**
 * The runtime's own task: root with all capabilities at the container's root directory, known to no process table. File
 * operations from outside (docker cp, user lookup, mounts) are done in its name, by the same code that guests use.
 */
import { ALL_CAPS } from '../abi/capability.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD, O_RDONLY } from '../abi/fcntl.ts';
import { KernelSink, KernelSource } from '../kernel/io.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Mm } from '../kernel/mm/mm.ts';
import { Block, type SysResult } from '../kernel/syscalls/define.ts';
import { Credentials } from '../kernel/task/credentials.ts';
import { Process } from '../kernel/task/process.ts';
import { Rlimits } from '../kernel/task/rlimits.ts';
import { ProcessGroup, Session } from '../kernel/task/session.ts';
import { SignalHandlers } from '../kernel/task/signal-state.ts';
import { Task } from '../kernel/task/task.ts';
import { FdTable } from '../kernel/vfs/fd-table.ts';
import type { File } from '../kernel/vfs/file.ts';
import { FsContext } from '../kernel/vfs/fs-context.ts';
import { resolve } from '../kernel/vfs/namei.ts';
import { open, openExisting } from '../kernel/vfs/open.ts';
import type { Path } from '../kernel/vfs/path.ts';

const PIECE = 256 * 1024;

/** Preconditions: kernel.namespace is set. */
export function createKernelTask(kernel: Kernel): Task {
  const namespace = kernel.namespace!;
  const root: Path = { mount: namespace.root, dentry: namespace.root.root };
  const process = new Process(kernel, 0, undefined, new SignalHandlers(), new Rlimits());
  process.group = new ProcessGroup(0, new Session(0));
  return new Task(kernel, 0, process, kernel.cpu.newContext(), new Mm(kernel.pages, kernel.cpu.mmu), new FdTable(() => 1024), new FsContext(namespace, root, root, 0), Credentials.user(0, 0, [], ALL_CAPS), 'drydock');
}

/** Calls `f` again after each Block until it has a result. Throws Errno for a negated errno. */
export async function settled(task: Task, f: () => SysResult): Promise<number> {
  for (;;) {
    const result = f();
    if (!(result instanceof Block)) {
      task.wait = undefined;
      if (result < 0) throw new Errno(-result);
      return result;
    }
    task.wait = { nr: -1, args: [], block: result, timer: undefined, timedOut: false };
    await woken(result);
  }
}

function woken(block: Block): Promise<void> {
  return new Promise((done) => {
    const waiter = { wake: (): boolean => { for (const q of block.queues) q.remove(waiter); done(); return true; } };
    for (const q of block.queues) q.add(waiter);
  });
}

/** Each concurrent operation needs a task of its own, since a task waits for one thing at a time. */
export function fork(task: Task): Task {
  return new Task(task.kernel, 0, task.process, task.context, task.mm, task.files, task.fs, task.credentials, task.comm);
}

/** The content of an open file in pieces. */
export async function* contentOf(task: Task, file: File): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const buffer = new Uint8Array(PIECE), n = await settled(task, () => file.read(task, new KernelSink(buffer)));
    if (n === 0) return;
    yield buffer.subarray(0, n);
  }
}

export async function writeAll(task: Task, file: File, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await settled(task, () => file.write(task, new KernelSource(bytes.subarray(at))));
}

/** Opens something that has been found; regular files only ever open at once. */
export function openPath(task: Task, path: Path, flags: number): File {
  const file = openExisting(task, path, flags);
  if (file instanceof Block) throw new Error('opening it would block');
  return file;
}

export function openName(task: Task, path: string, flags: number, mode: number): File {
  const file = open(task, AT_FDCWD, path, flags, mode);
  if (file instanceof Block) throw new Error('opening it would block');
  return file;
}

/** A file's text, or undefined when there is none. */
export async function readText(task: Task, path: string, limit = 16 << 20): Promise<string | undefined> {
  let place: Path;
  try { place = resolve(task, AT_FDCWD, path); } catch (e) {
    if (e instanceof Errno) return undefined;
    throw e;
  }
  const file = openPath(task, place, O_RDONLY), decoder = new TextDecoder();
  let text = '';
  try {
    for await (const piece of contentOf(task, file)) {
      text += decoder.decode(piece, { stream: true });
      if (text.length > limit) throw new Error(`${path} is too large`);
    }
  } finally { file.release(); }
  return text + decoder.decode();
}
