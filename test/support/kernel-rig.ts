/** A kernel with one task whose system calls tests make directly: arguments are placed in guest memory as a program would. */
import { randomFillSync } from 'node:crypto';
import { Errno, errnoName } from '../../src/abi/errno.ts';
import { MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../../src/abi/mman.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Mm, PageWait } from '../../src/kernel/mm/mm.ts';
import { mapArea } from '../../src/kernel/mm/map.ts';
import { Block, type SyscallRow } from '../../src/kernel/syscalls/define.ts';
import { syscalls } from '../../src/kernel/syscalls/table.ts';
import { Credentials } from '../../src/kernel/task/credentials.ts';
import { Process } from '../../src/kernel/task/process.ts';
import { Rlimits } from '../../src/kernel/task/rlimits.ts';
import { ProcessGroup, Session } from '../../src/kernel/task/session.ts';
import { SignalHandlers } from '../../src/kernel/task/signal-state.ts';
import { Task } from '../../src/kernel/task/task.ts';
import { FdTable } from '../../src/kernel/vfs/fd-table.ts';
import { FsContext } from '../../src/kernel/vfs/fs-context.ts';
import type { FileSystem } from '../../src/kernel/vfs/inode.ts';
import type { Vfs } from '../../src/kernel/vfs/vfs.ts';
import { flatCpu } from './flat-cpu.ts';

const HEAP_SIZE = 8 << 20;

export type Argument = number | string | Uint8Array;

export class Rig {
  readonly task: Task;
  private readonly rows = new Map<string, SyscallRow>(syscalls.map((r) => [r.name, r]));
  private readonly heap: number;
  private used = 0;

  private constructor(readonly kernel: Kernel, root: FileSystem) {
    const namespace = kernel.vfs.newNamespace(root, 'root');
    kernel.namespace = namespace;
    const at = { mount: namespace.root, dentry: namespace.root.root };
    const pid = kernel.allocatePid(), process = new Process(kernel, pid, undefined, new SignalHandlers(), new Rlimits());
    this.task = new Task(kernel, pid, process, new Uint8Array(0), new Mm(kernel.pages, kernel.cpu.mmu), new FdTable(() => 1024),
      new FsContext(namespace, at, at, 0o022), Credentials.user(0, 0), 'rig');
    process.leader = this.task;
    process.threads.add(this.task);
    process.joinGroup(new ProcessGroup(pid, new Session(pid)));
    kernel.processes.set(pid, process);
    kernel.tasks.set(pid, this.task);
    this.heap = mapArea(this.task.mm, { address: 0, length: HEAP_SIZE, prot: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE });
  }

  static async create(makeRoot: (vfs: Vfs) => FileSystem | Promise<FileSystem>, memory?: number): Promise<Rig> {
    const kernel = new Kernel({
      cpu: flatCpu(memory), clock: { now: () => Date.now(), monotonic: () => performance.now() }, random: (b) => { randomFillSync(b); }, log: () => {},
    });
    return new Rig(kernel, await makeRoot(kernel.vfs));
  }

  /** Room in guest memory. */
  alloc(n: number): number {
    const at = this.heap + this.used;
    this.used += (n + 15) & ~15;
    if (this.used > HEAP_SIZE) throw new Error('the rig is out of guest memory');
    return at;
  }

  private place(argument: Argument): number {
    if (typeof argument === 'number') return argument;
    const bytes = typeof argument === 'string' ? new TextEncoder().encode(`${argument}\0`) : argument, at = this.alloc(bytes.length);
    this.task.mm.copyOut(at, bytes);
    return at;
  }

  /** Makes a call and waits while it blocks; a negative result is an errno. */
  async call(name: string, ...args: Argument[]): Promise<number> {
    const row = this.rows.get(name), before = this.used;
    if (!row) throw new Error(`no system call ${name}`);
    const [a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0] = args.map((a) => this.place(a));
    const { task } = this;
    try {
      for (;;) {
        const result = this.once(row, [a0, a1, a2, a3, a4, a5]);
        if (!(result instanceof Block)) return result;
        task.wait = { nr: row.nr, args: [], block: result, timer: undefined, timedOut: false };
        await new Promise<void>((resolve) => {
          const waiter = { wake: (): void => { for (const q of result.queues) q.remove(waiter); resolve(); } };
          for (const q of result.queues) q.add(waiter);
        });
      }
    } finally {
      task.wait = undefined;
      if (!name.startsWith('mmap')) this.used = before;
    }
  }

  private once(row: SyscallRow, a: number[]): number | Block {
    try {
      return row.handler(this.task, a[0], a[1], a[2], a[3], a[4], a[5]);
    } catch (e) {
      if (e instanceof Errno) return -e.code;
      if (e instanceof PageWait) return new Block([e.queue], undefined, 'never', this.task.waitState);
      throw e;
    }
  }

  /** Like call, but the errno's name for a failure: `ENOENT`. */
  async outcome(name: string, ...args: Argument[]): Promise<number | string> {
    const n = await this.call(name, ...args);
    return n < 0 ? errnoName(-n) : n;
  }

  bytes(at: number, n: number): Uint8Array { return this.task.mm.copyIn(at, n); }
  text(at: number, n: number): string { return new TextDecoder().decode(this.bytes(at, n)); }

  // What tests do all the time

  async write(path: string, content: string | Uint8Array): Promise<void> {
    const fd = await this.must('open', path, 0o1101, 0o644), bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    for (let at = 0; at < bytes.length;) at += await this.must('write', fd, bytes.subarray(at, at + 65536), Math.min(65536, bytes.length - at));
    await this.must('close', fd);
  }

  async read(path: string): Promise<string> { return new TextDecoder().decode(await this.readBytes(path)); }
  async readBytes(path: string): Promise<Uint8Array> {
    const fd = await this.must('open', path, 0, 0), before = this.used, buffer = this.alloc(65536), parts: Uint8Array[] = [];
    for (;;) {
      const n = await this.must('read', fd, buffer, 65536);
      if (n === 0) break;
      parts.push(this.bytes(buffer, n));
    }
    this.used = before;
    await this.must('close', fd);
    return Buffer.concat(parts);
  }

  async must(name: string, ...args: Argument[]): Promise<number> {
    const n = await this.call(name, ...args);
    if (n < 0) throw new Error(`${name}(${args.map((a) => (typeof a === 'object' ? '…' : a)).join(', ')}): ${errnoName(-n)}`);
    return n;
  }

  async stat(path: string, follow = true): Promise<{ ino: number; nlink: number; mode: number; uid: number; gid: number; rdev: number; size: number; mtime: number } | string> {
    const before = this.used, at = this.alloc(144), n = await this.call(follow ? 'stat' : 'lstat', path, at);
    if (n < 0) return errnoName(-n);
    const { mm } = this.task;
    const s = { ino: mm.readU64(at + 8), nlink: mm.readU64(at + 16), mode: mm.readU32(at + 24), uid: mm.readU32(at + 28), gid: mm.readU32(at + 32), rdev: mm.readU64(at + 40), size: mm.readU64(at + 48), mtime: mm.readU64(at + 88) };
    this.used = before;
    return s;
  }

  async list(path: string): Promise<string[]> {
    const fd = await this.must('open', path, 0o200000, 0), before = this.used, buffer = this.alloc(4096), names: string[] = [];
    for (;;) {
      const n = await this.must('getdents64', fd, buffer, 4096);
      if (n === 0) break;
      const bytes = this.bytes(buffer, n), view = new DataView(bytes.buffer);
      for (let at = 0; at < n; at += view.getUint16(at + 16, true)) {
        const end = bytes.indexOf(0, at + 19);
        names.push(new TextDecoder().decode(bytes.subarray(at + 19, end)));
      }
    }
    this.used = before;
    await this.must('close', fd);
    return names.filter((x) => x !== '.' && x !== '..').sort();
  }
}
