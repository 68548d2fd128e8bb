/** Memory: mmap and its kin (mmap(2), mremap(2), madvise(2), mlock(2)). */
import { CAP_IPC_LOCK } from '../../abi/capability.ts';
import { EACCES, EBADF, EFAULT, EINVAL, ENODEV, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM, ESRCH, Errno } from '../../abi/errno.ts';
import { O_ACCMODE, O_RDWR, O_WRONLY } from '../../abi/fcntl.ts';
import { MADV_COLD, MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_KEEPONFORK, MADV_MERGEABLE, MADV_NOHUGEPAGE,
  MADV_NORMAL, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM, MADV_REMOVE, MADV_SEQUENTIAL, MADV_UNMERGEABLE, MADV_WILLNEED, MADV_WIPEONFORK,
  MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_POPULATE, MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_TYPE, MS_ASYNC, MS_INVALIDATE,
  MS_SYNC, PROT_EXEC, PROT_GROWSDOWN, PROT_GROWSUP, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { MS_NOEXEC } from '../../abi/mount.ts';
import { RLIMIT_MEMLOCK } from '../../abi/resource.ts';
import { Access } from '../../cpu/cpu.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { discardPages, mapArea, pageUp, protectArea, remapArea, setBreak, unmapArea } from '../mm/map.ts';
import { PageWait, TASK_SIZE } from '../mm/mm.ts';
import { SharedMemory } from '../mm/shared-memory.ts';
import { type Backing, FileBacking } from '../mm/vma.ts';
import { readIovecs, UserSink, UserSource } from '../mm/user-io.ts';
import type { Task } from '../task/task.ts';
import { full, partial, refuse, stub, type SyscallRow, type SysResult } from './define.ts';

function mmap(task: Task, address: number, length: number, prot: number, flags: number, fd: number, offset: number): SysResult {
  const type = flags & MAP_TYPE;
  if (length <= 0 || offset % PAGE_SIZE !== 0 || offset < 0) return -EINVAL;
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) return -EINVAL;
  if (flags & MAP_HUGETLB && !(flags & MAP_ANONYMOUS)) return -EINVAL;
  const shared = type !== MAP_PRIVATE;
  const backing = flags & MAP_ANONYMOUS ? (shared ? new SharedMemory(task.kernel.pages, pageUp(length)) : undefined) : fileBacking(task, fd | 0, prot, shared);
  const kept = (flags & ~MAP_TYPE) | (shared ? MAP_SHARED : 0);
  const start = mapArea(task.mm, { address, length, prot, flags: kept, backing, offset: backing && !(flags & MAP_ANONYMOUS) ? offset / PAGE_SIZE : 0 });
  if (flags & (MAP_POPULATE | MAP_LOCKED) && prot !== 0) populate(task, start, pageUp(length), prot & PROT_WRITE && !shared ? Access.Write : Access.Read);
  return start;
}

function fileBacking(task: Task, fd: number, prot: number, shared: boolean): Backing {
  const file = task.files.get(fd);
  const access = file.flags & O_ACCMODE;
  if (access === O_WRONLY || (shared && prot & PROT_WRITE && access !== O_RDWR)) throw new Errno(EACCES);
  if (prot & PROT_EXEC && (file.path?.mount.flags ?? 0) & MS_NOEXEC) throw new Errno(EPERM);
  const mapping = file.mapping();
  if (typeof mapping === 'number') throw new Errno(mapping === -EBADF ? EBADF : -mapping || ENODEV);
  return new FileBacking(file.retain(), mapping);
}

/** Makes pages present as far as that is possible without waiting. */
function populate(task: Task, start: number, length: number, access: number): void {
  for (let page = start; page < start + length; page += PAGE_SIZE) if (task.mm.resolve(page, access) === 0) return;
}

/** mprotect of a shared file mapping may not give more than the descriptor allowed. */
function mprotect(task: Task, start: number, length: number, prot: number): number {
  if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN | PROT_GROWSUP | 8)) return -EINVAL;
  let from = start;
  const end = start + pageUp(length);
  if (prot & PROT_GROWSDOWN) {
    const area = task.mm.areas.find(start);
    if (!area || !(area.flags & MAP_GROWSDOWN)) return -EINVAL;
    from = area.start;
  }
  if (prot & PROT_WRITE) {
    for (const v of task.mm.areas.overlapping(from, end)) {
      if (v.shared && v.backing?.file && (v.backing.file.flags & O_ACCMODE) !== O_RDWR) return -EACCES;
    }
  }
  protectArea(task.mm, from, end - from, prot);
  return 0;
}

function madvise(task: Task, start: number, bytes: number, advice: number): SysResult {
  const { mm } = task;
  const length = pageUp(bytes);
  if (start % PAGE_SIZE !== 0 || length < 0 || start < 0 || start + length > TASK_SIZE) return -EINVAL;
  if (length === 0) return 0;
  const end = start + length;
  switch (advice) {
    case MADV_DONTNEED: case MADV_FREE:
      for (const v of mm.areas.overlapping(start, end)) {
        if (advice === MADV_FREE && (v.shared || v.backing)) return -EINVAL;
        discardPages(mm, Math.max(v.start, start), Math.min(v.end, end) - Math.max(v.start, start));
      }
      break;
    case MADV_DONTFORK: case MADV_DOFORK: case MADV_WIPEONFORK: case MADV_KEEPONFORK:
      mm.areas.split(start);
      mm.areas.split(end);
      for (const v of mm.areas.overlapping(start, end)) {
        if (advice === MADV_DONTFORK || advice === MADV_DOFORK) v.dontFork = advice === MADV_DONTFORK;
        else if (v.shared || v.backing) return -EINVAL;
        else v.wipeOnFork = advice === MADV_WIPEONFORK;
      }
      mm.areas.merge(start, end);
      break;
    case MADV_POPULATE_READ: case MADV_POPULATE_WRITE:
      return populateNow(task, start, end, advice === MADV_POPULATE_WRITE ? Access.Write : Access.Read);
    case MADV_REMOVE: return -EOPNOTSUPP;
    case MADV_NORMAL: case MADV_RANDOM: case MADV_SEQUENTIAL: case MADV_WILLNEED: case MADV_MERGEABLE: case MADV_UNMERGEABLE: case MADV_HUGEPAGE: case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP: case MADV_DODUMP: case MADV_COLD: case MADV_PAGEOUT: break;
    default: return -EINVAL;
  }
  return mm.areas.covers(start, end) ? 0 : -ENOMEM;
}

function populateNow(task: Task, start: number, end: number, access: number): number {
  for (let page = start; page < end; page += PAGE_SIZE) {
    if (task.mm.resolve(page, access) !== 0) continue;
    const why = task.mm.failure;
    if (why.kind === 'load') throw new PageWait(why.queue);
    return why.kind === 'memory' ? -ENOMEM : -EFAULT;
  }
  return 0;
}

function msync(task: Task, start: number, bytes: number, flags: number): SysResult {
  if (start % PAGE_SIZE !== 0 || flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC)) return -EINVAL;
  const end = start + pageUp(bytes);
  if (!task.mm.areas.covers(start, end)) return -ENOMEM;
  if (!(flags & MS_SYNC)) return 0;
  for (const v of task.mm.areas.overlapping(start, end)) {
    if (!v.shared || !v.backing?.file) continue;
    const result = v.backing.file.fsync(task);
    if (result !== 0 && result !== -EINVAL) return result;
  }
  return 0;
}

function mincore(task: Task, start: number, bytes: number, vector: number): number {
  if (start % PAGE_SIZE !== 0) return -EINVAL;
  const length = pageUp(bytes);
  if (!task.mm.areas.covers(start, start + length)) return -ENOMEM;
  const out = new Uint8Array(length / PAGE_SIZE);
  for (let i = 0; i < out.length; i++) out[i] = task.mm.table.get(start + i * PAGE_SIZE) !== 0 ? 1 : 0;
  task.mm.copyOut(vector, out);
  return 0;
}

/** Nothing is ever paged out, so locking is accounting only. */
function mlock(task: Task, start: number, bytes: number): number {
  const end = pageUp(start + bytes);
  if (!task.mm.areas.covers(start - (start % PAGE_SIZE), end)) return -ENOMEM;
  return bytes > task.process.rlimits.soft(RLIMIT_MEMLOCK) && !task.credentials.has(CAP_IPC_LOCK) ? -ENOMEM : 0;
}

/** process_vm_readv(2), process_vm_writev(2). */
function processVm(task: Task, pid: number, local: number, localCount: number, remote: number, remoteCount: number, flags: number, write: boolean): number {
  if (flags !== 0) return -EINVAL;
  const target = task.kernel.tasks.get(pid);
  if (!target || !target.alive) return -ESRCH;
  if (target.process !== task.process && target.credentials.uid !== task.credentials.euid && task.credentials.euid !== 0) return -EPERM;
  const here = readIovecs(task.mm, local, localCount);
  const there = readIovecs(task.mm, remote, remoteCount);
  const source = write ? new UserSource(task.mm, here) : new UserSource(target.mm, there);
  const sink = write ? new UserSink(target.mm, there) : new UserSink(task.mm, here);
  let done = 0;
  try {
    while (source.remaining > 0 && sink.remaining > 0) done += sink.put(source.take(sink.remaining));
  } catch (e) {
    if (!(e instanceof Errno) || done === 0) throw e;
  }
  return done;
}

export const memCalls: readonly SyscallRow[] = [
  full(9, 'mmap', 'ptr,size,flags,flags,fd,off', mmap),
  full(10, 'mprotect', 'ptr,size,flags', mprotect),
  full(11, 'munmap', 'ptr,size', (task, start, length) => { unmapArea(task.mm, start, length); return 0; }),
  full(12, 'brk', 'ptr', (task, wanted) => setBreak(task.mm, wanted)),
  full(25, 'mremap', 'ptr,size,size,flags,ptr', (task, start, oldLength, newLength, flags, target) => remapArea(task.mm, start, oldLength, newLength, flags, target)),
  full(26, 'msync', 'ptr,size,flags', msync),
  full(27, 'mincore', 'ptr,size,ptr', mincore),
  partial(28, 'madvise', 'ptr,size,int', 'MADV_REMOVE is EOPNOTSUPP; hints have no effect', madvise),
  partial(329, 'pkey_mprotect', 'ptr,size,flags,int', 'no protection keys: only -1', (task, start, length, prot, key) => ((key | 0) === -1 ? mprotect(task, start, length, prot) : -EINVAL)),
  refuse(330, 'pkey_alloc', ENOSPC, 'no protection keys, as on processors without them'),
  refuse(331, 'pkey_free', EINVAL, 'no protection keys'),
  stub(149, 'mlock', 'ptr,size', 'nothing is ever paged out', mlock),
  stub(150, 'munlock', 'ptr,size', 'nothing is ever paged out', (task, start, bytes) => (task.mm.areas.covers(start - (start % PAGE_SIZE), pageUp(start + bytes)) ? 0 : -ENOMEM)),
  stub(151, 'mlockall', 'flags', 'nothing is ever paged out', (_task, flags) => (flags === 0 || flags & ~7 ? -EINVAL : 0)),
  stub(152, 'munlockall', '', 'nothing is ever paged out'),
  stub(325, 'mlock2', 'ptr,size,flags', 'nothing is ever paged out', (task, start, bytes, flags) => (flags & ~1 ? -EINVAL : mlock(task, start, bytes))),
  full(310, 'process_vm_readv', 'pid,ptr,uint,ptr,uint,flags', (t, pid, l, ln, r, rn, flags) => processVm(t, pid, l, ln, r, rn, flags, false)),
  full(311, 'process_vm_writev', 'pid,ptr,uint,ptr,uint,flags', (t, pid, l, ln, r, rn, flags) => processVm(t, pid, l, ln, r, rn, flags, true)),
  stub(237, 'mbind', 'ptr,size,int,ptr,size,flags', 'one memory node'),
  stub(238, 'set_mempolicy', 'int,ptr,size', 'one memory node'),
  stub(239, 'get_mempolicy', 'ptr,ptr,size,ptr,flags', 'one memory node: MPOL_DEFAULT', (task, mode, mask, max) => {
    if (mode !== 0) task.mm.writeI32(mode, 0);
    if (mask !== 0) task.mm.fill(mask, Math.ceil(max / 64) * 8);
    return 0;
  }),
];

