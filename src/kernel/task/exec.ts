/**
 * execve(2): finds the program and its interpreters, builds the new address space beside the old one, and only then gives
 * the old one up. Everything before that point may block on the store and is repeated; errors leave the caller unharmed.
 */
import { AT_BASE, AT_CLKTCK, AT_EGID, AT_ENTRY, AT_EUID, AT_EXECFN, AT_FLAGS, AT_GID, AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ, AT_PAGESZ, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PLATFORM,
  AT_RANDOM, AT_SECURE, AT_SYSINFO_EHDR, AT_UID, CLK_TCK } from '../../abi/auxv.ts';
import { E2BIG, EACCES, EIO, ELIBBAD, ELOOP, ENOEXEC, ENOMEM, Errno } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import { MAP_FIXED, MAP_GROWSDOWN, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { MS_NOSUID } from '../../abi/mount.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK } from '../../abi/resource.ts';
import { SIGCHLD } from '../../abi/signal.ts';
import { S_ISGID, S_ISUID } from '../../abi/stat.ts';
import { Reg } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { KernelSink } from '../io.ts';
import { type ElfImage, isElf, parseHeader, parseSegments, PHDR_SIZE } from '../loader/elf.ts';
import { type Loaded, mapImage } from '../loader/map-image.ts';
import { isScript, parseScript } from '../loader/script.ts';
import { buildStack } from '../loader/stack.ts';
import { vdsoImage } from '../loader/vdso.ts';
import { mapArea, pageUp } from '../mm/map.ts';
import { MemoryExhausted, Mm, STACK_TOP } from '../mm/mm.ts';
import { SharedMemory } from '../mm/shared-memory.ts';
import { Block, NO_RESULT, type SysResult } from '../syscalls/define.ts';
import type { File } from '../vfs/file.ts';
import { decodeName, encodeName } from '../vfs/name.ts';
import { openExecutable } from '../vfs/open.ts';
import type { Credentials } from './credentials.ts';
import { exitTask, releaseVfork } from './exit.ts';
import type { Process } from './process.ts';
import { MIN_SIGNAL_STACK } from './signal-frame.ts';
import type { Task } from './task.ts';

export interface ExecRequest {
  dirfd: number;
  path: string;
  /** Walk flags of execveat. */
  walk: number;
  argv: readonly Uint8Array[];
  envp: readonly Uint8Array[];
}

const MAX_INTERPRETERS = 5;
const MAX_ARG_STRLEN = 128 * 1024;
const HEAD = PAGE_SIZE;
/** CPUID leaf 1 EDX of an x86-64 processor with SSE2. */
const HWCAP = 0x078bfbff;
const INITIAL_STACK = 33 * PAGE_SIZE;

/** A file that is to be executed, with what of it has been read. */
interface Program { file: File; head: Uint8Array }

/** Thrown through the preparation when a read has to wait. */
class ReadWait { constructor(readonly block: Block) {} }

export function exec(task: Task, request: ExecRequest): SysResult {
  const open: File[] = [];
  try {
    return load(task, request, open);
  } catch (e) {
    if (e instanceof ReadWait) return new Block(e.block.queues, e.block.deadline, 'never');
    throw e;
  } finally {
    for (const f of open) f.release();
  }
}

function load(task: Task, request: ExecRequest, open: File[]): SysResult {
  const openProgram = (dirfd: number, path: string, walk: number): Program => {
    const file = openExecutable(task, dirfd, path, walk);
    open.push(file);
    return { file, head: readAt(task, file, 0, HEAD) };
  };

  let program = openProgram(request.dirfd, request.path, request.walk);
  const privileged = program.file;
  let argv = request.argv.length > 0 ? [...request.argv] : [new Uint8Array(0)];
  let scriptPath = request.dirfd === AT_FDCWD || request.path.startsWith('/') ? request.path : `/dev/fd/${request.dirfd}${request.path && `/${request.path}`}`;
  const execfn = scriptPath;
  for (let depth = 0; isScript(program.head); depth++) {
    if (depth >= MAX_INTERPRETERS) throw new Errno(ELOOP);
    const { interpreter, argument } = parseScript(program.head);
    argv = [interpreter, ...(argument ? [argument] : []), encodeName(scriptPath), ...argv.slice(1)];
    scriptPath = decodeName(interpreter);
    program = openProgram(AT_FDCWD, scriptPath, 0);
  }
  checkArguments(task, argv, request.envp);
  const image = readImage(task, program);
  let interpreter: { file: File; image: ElfImage } | undefined;
  if (image.interp) {
    const name = readAt(task, program.file, image.interp.offset, image.interp.size);
    if (name.length < image.interp.size || name[name.length - 1] !== 0) throw new Errno(ENOEXEC);
    const { file, head } = openProgram(AT_FDCWD, decodeName(name.subarray(0, name.indexOf(0))), 0);
    if (!isElf(head)) throw new Errno(ELIBBAD);
    interpreter = { file, image: readImage(task, { file, head }) };
    if (interpreter.image.interp) throw new Errno(ELIBBAD);
  }

  const credentials = newCredentials(task, privileged);
  const mm = new Mm(task.kernel.pages, task.kernel.cpu.mmu);
  let entry: { rip: number; rsp: number };
  try {
    entry = populate(task, mm, program.file, image, interpreter, argv, request.envp, execfn, credentials);
  } catch (e) {
    mm.release();
    if (e instanceof MemoryExhausted) throw new Errno(ENOMEM);
    throw e;
  }
  commit(task, mm, credentials, execfn.slice(execfn.lastIndexOf('/') + 1), entry);
  return NO_RESULT;
}

/** Maps program, interpreter, vDSO and stack; returns where execution starts. */
function populate(task: Task, mm: Mm, file: File, image: ElfImage, interpreter: { file: File; image: ElfImage } | undefined,
  argv: readonly Uint8Array[], envp: readonly Uint8Array[], execfn: string, credentials: Credentials): { rip: number; rsp: number } {
  const { kernel, process } = task;
  const stackSize = process.rlimits.soft(RLIMIT_STACK);
  mm.limits = { addressSpace: process.rlimits.soft(RLIMIT_AS), data: process.rlimits.soft(RLIMIT_DATA), stack: stackSize };
  mapArea(mm, {
    address: STACK_TOP - INITIAL_STACK, length: INITIAL_STACK, prot: PROT_READ | PROT_WRITE | (image.executableStack ? PROT_EXEC : 0), flags: MAP_FIXED | MAP_GROWSDOWN, name: '[stack]',
  });
  const main = mapImage(mm, file, image, false);
  let base: Loaded | undefined;
  if (interpreter) base = mapImage(mm, interpreter.file, interpreter.image, true);
  mm.startBrk = mm.brk = pageUp(main.high);
  mm.exe = file.path;
  mm.vdso = mapVdso(task, mm);

  const random = new Uint8Array(16);
  kernel.random(random);
  const secure = credentials.euid !== task.credentials.uid || credentials.egid !== task.credentials.gid ? 1 : 0;
  const stack = buildStack(STACK_TOP, argv, envp, execfn, random, (at) => [
    [AT_SYSINFO_EHDR, mm.vdso], [AT_MINSIGSTKSZ, MIN_SIGNAL_STACK], [AT_HWCAP, HWCAP], [AT_PAGESZ, PAGE_SIZE], [AT_CLKTCK, CLK_TCK],
    [AT_PHDR, main.phdr], [AT_PHENT, PHDR_SIZE], [AT_PHNUM, image.phnum], [AT_BASE, base?.bias ?? 0], [AT_FLAGS, 0], [AT_ENTRY, main.entry],
    [AT_UID, credentials.uid], [AT_EUID, credentials.euid], [AT_GID, credentials.gid], [AT_EGID, credentials.egid], [AT_SECURE, secure],
    [AT_RANDOM, at.random], [AT_HWCAP2, 0], [AT_EXECFN, at.execfn], [AT_PLATFORM, at.platform],
  ]);
  mm.copyOut(stack.sp, stack.bytes);
  mm.startStack = stack.sp;
  Object.assign(mm, { argStart: stack.argStart, argEnd: stack.argEnd, envStart: stack.envStart, envEnd: stack.envEnd, auxv: stack.auxv });
  return { rip: base?.entry ?? main.entry, rsp: stack.sp };
}

/** The point of no return: the task becomes the new program. */
function commit(task: Task, mm: Mm, credentials: Credentials, name: string, entry: { rip: number; rsp: number }): void {
  const { kernel, process } = task;
  for (const t of [...process.threads]) if (t !== task) exitTask(t, 0);
  becomeLeader(task, process);
  kernel.futexes.exit(task);
  const old = task.mm;
  process.peakResident = Math.max(process.peakResident, old.peakResident);
  task.mm = mm;
  task.context = kernel.cpu.newContext();
  kernel.cpu.load(task.context, mm);
  kernel.cpu.state.rip = entry.rip;
  kernel.cpu.state.set(Reg.rsp, entry.rsp);
  kernel.cpu.save();
  old.release();
  releaseVfork(process);

  if (credentials.euid !== task.credentials.euid || credentials.egid !== task.credentials.egid) {
    process.parentDeathSignal = 0;
    process.dumpable = 0;
  }
  task.credentials = credentials;
  task.comm = name.slice(0, 15);
  task.altStack = { sp: 0, size: 0, flags: 2 };
  process.handlers = process.handlers.afterExec();
  process.exitSignal = SIGCHLD;
  process.hasExeced = true;
  for (const t of process.posixTimers.values()) t.timer?.cancel();
  process.posixTimers.clear();
  task.files.closeOnExec();
  kernel.signals.recalculate(task);
}

/** The thread that calls execve gets the process's id, whichever it was (execve(2)). */
function becomeLeader(task: Task, process: Process): void {
  if (task.tid === process.pid) return;
  process.kernel.tasks.delete(task.tid);
  task.tid = process.pid;
  process.leader = task;
  process.kernel.tasks.set(task.tid, task);
}

function newCredentials(task: Task, file: File): Credentials {
  const { credentials } = task;
  const { mode, uid, gid } = file.inode;
  const honoured = !task.process.noNewPrivileges && !((file.path?.mount.flags ?? 0) & MS_NOSUID);
  const euid = honoured && mode & S_ISUID ? uid : credentials.euid;
  const egid = honoured && (mode & (S_ISGID | 0o010)) === (S_ISGID | 0o010) ? gid : credentials.egid;
  return credentials.afterExec(euid, egid);
}

function readImage(task: Task, { file, head }: Program): ElfImage {
  const header = parseHeader(head);
  const size = header.phnum * PHDR_SIZE;
  const end = header.phoff + size;
  return parseSegments(header, end <= head.length ? head.subarray(header.phoff, end) : readAt(task, file, header.phoff, size));
}

function readAt(task: Task, file: File, offset: number, size: number): Uint8Array {
  const into = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const n = file.read(task, new KernelSink(into.subarray(done)), offset + done);
    if (n instanceof Block) throw new ReadWait(n);
    if (n < 0) throw new Errno(-n === EACCES ? EACCES : EIO);
    if (n === 0) break;
    done += n;
  }
  return into.subarray(0, done);
}

/** Arguments and environment may take a quarter of the stack limit, a single string 128 KiB (execve(2)). */
function checkArguments(task: Task, argv: readonly Uint8Array[], envp: readonly Uint8Array[]): void {
  const limit = Math.min(Math.max(task.process.rlimits.soft(RLIMIT_STACK) / 4, MAX_ARG_STRLEN), 6 << 20);
  let total = 0;
  for (const list of [argv, envp]) {
    for (const s of list) {
      if (s.length >= MAX_ARG_STRLEN) throw new Errno(E2BIG);
      total += s.length + 1 + 8;
    }
  }
  if (total > limit) throw new Errno(E2BIG);
}

function mapVdso(task: Task, mm: Mm): number {
  const { kernel } = task;
  if (!kernel.vdso) {
    kernel.vdso = new SharedMemory(kernel.pages, PAGE_SIZE);
    const page = kernel.vdso.page(0, true);
    if (page > 0) {
      kernel.pages.memory.u8.set(vdsoImage(), page);
      kernel.pages.unref(page);
    }
  }
  kernel.vdso.retain();
  return mapArea(mm, { address: 0, length: PAGE_SIZE, prot: PROT_READ | PROT_EXEC, flags: 0, backing: kernel.vdso, name: '[vdso]' });
}
