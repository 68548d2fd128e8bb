/** Resource limits, priorities and scheduling parameters (getrlimit(2), getpriority(2), sched(7)). */
import { CAP_SYS_NICE, CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { EACCES, EINVAL, EPERM, ESRCH, Errno } from '../../abi/errno.ts';
import { RLIM_INFINITY, RLIM_NLIMITS, RLIMIT_AS, RLIMIT_DATA, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_STACK } from '../../abi/resource.ts';
import { SCHED_BATCH, SCHED_DEADLINE, SCHED_FIFO, SCHED_IDLE, SCHED_OTHER, SCHED_RESET_ON_FORK, SCHED_RR } from '../../abi/sched.ts';
import type { Process } from '../task/process.ts';
import type { Rlimit } from '../task/rlimits.ts';
import type { Task } from '../task/task.ts';
import { full, partial, stub, type SyscallRow } from './define.ts';

const NR_OPEN = 1048576;
const INFINITY_BITS = 0xffffffffffffffffn;

function readLimit(task: Task, va: number): Rlimit {
  const one = (at: number): number => {
    const bits = task.mm.readBig(at);
    return bits === INFINITY_BITS ? RLIM_INFINITY : Number(bits);
  };
  return { soft: one(va), hard: one(va + 8) };
}

function writeLimit(task: Task, va: number, { soft, hard }: Rlimit): void {
  const bits = (n: number): bigint => (n === RLIM_INFINITY ? INFINITY_BITS : BigInt(n));
  task.mm.writeBig(va, bits(soft));
  task.mm.writeBig(va + 8, bits(hard));
}

function setLimit(task: Task, process: Process, resource: number, limit: Rlimit): number {
  const old = process.rlimits.get(resource);
  if (limit.soft > limit.hard) return -EINVAL;
  if (limit.hard > old.hard && !task.credentials.has(CAP_SYS_RESOURCE)) return -EPERM;
  if (resource === RLIMIT_NOFILE && limit.hard > NR_OPEN) return -EPERM;
  process.rlimits.set(resource, limit);
  const { limits } = process.thread.mm;
  if (resource === RLIMIT_AS) limits.addressSpace = limit.soft;
  if (resource === RLIMIT_DATA) limits.data = limit.soft;
  if (resource === RLIMIT_STACK) limits.stack = limit.soft;
  return 0;
}

function prlimit(task: Task, pid: number, resource: number, next: number, old: number): number {
  if (resource < 0 || resource >= RLIM_NLIMITS) return -EINVAL;
  const process = pid === 0 ? task.process : task.kernel.processes.get(pid);
  if (!process) return -ESRCH;
  const c = task.credentials, t = process.thread.credentials;
  if (process !== task.process && !(c.uid === t.uid && c.uid === t.euid && c.uid === t.suid) && !c.has(CAP_SYS_RESOURCE)) return -EPERM;
  const before = { ...process.rlimits.get(resource) };
  if (next !== 0) {
    const result = setLimit(task, process, resource, readLimit(task, next));
    if (result < 0) return result;
  }
  if (old !== 0) writeLimit(task, old, before);
  return 0;
}

// Priorities: kept and reported; every task gets the same share of the one processor.

const PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2;

function priorityTargets(task: Task, which: number, who: number): Process[] {
  const all = [...task.kernel.processes.values()].filter((p) => !p.exited);
  switch (which) {
    case PRIO_PROCESS: return all.filter((p) => p === (who === 0 ? task.process : task.kernel.tasks.get(who)?.process));
    case PRIO_PGRP: return all.filter((p) => p.pgid === (who === 0 ? task.process.pgid : who));
    case PRIO_USER: return all.filter((p) => p.thread.credentials.uid === (who === 0 ? task.credentials.uid : who));
    default: throw new Errno(EINVAL);
  }
}

function getpriority(task: Task, which: number, who: number): number {
  const targets = priorityTargets(task, which, who);
  return targets.length === 0 ? -ESRCH : 20 - Math.min(...targets.map((p) => p.nice));
}

function setpriority(task: Task, which: number, who: number, value: number): number {
  const nice = Math.max(-20, Math.min(19, value | 0));
  const targets = priorityTargets(task, which, who);
  if (targets.length === 0) return -ESRCH;
  for (const p of targets) {
    if (nice < p.nice && 20 - nice > p.rlimits.soft(RLIMIT_NICE) && !task.credentials.has(CAP_SYS_NICE)) return -EACCES;
    p.nice = nice;
  }
  return 0;
}

function threadOf(task: Task, tid: number): Task {
  if (tid < 0) throw new Errno(EINVAL);
  const t = tid === 0 ? task : task.kernel.tasks.get(tid);
  if (!t) throw new Errno(ESRCH);
  return t;
}

function isRealtime(policy: number): boolean { return policy === SCHED_FIFO || policy === SCHED_RR; }

function setScheduler(task: Task, tid: number, policyBits: number, priority: number): number {
  const target = threadOf(task, tid);
  const policy = policyBits & ~SCHED_RESET_ON_FORK;
  if (![SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE].includes(policy)) return -EINVAL;
  if (isRealtime(policy) ? priority < 1 || priority > 99 : priority !== 0) return -EINVAL;
  if (isRealtime(policy) && !task.credentials.has(CAP_SYS_NICE)) return -EPERM;
  target.schedPolicy = policy;
  target.schedPriority = priority;
  return 0;
}

function getaffinity(task: Task, tid: number, size: number, mask: number): number {
  const target = threadOf(task, tid);
  if (size < 8 || size % 8 !== 0) return -EINVAL;
  task.mm.writeU64(mask, target.affinity);
  return 8;
}

function setaffinity(task: Task, tid: number, size: number, mask: number): number {
  const target = threadOf(task, tid);
  const wanted = size > 0 ? task.mm.readU8(mask) & 1 : 0;
  if (wanted === 0) return -EINVAL;
  target.affinity = wanted;
  return 0;
}

function priorityRange(policy: number, realtime: number): number {
  if (isRealtime(policy)) return realtime;
  return [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE].includes(policy) ? 0 : -EINVAL;
}

const SCHED_ATTR_SIZE = 56;

function getattr(task: Task, tid: number, attr: number, size: number): number {
  const target = threadOf(task, tid);
  if (size < 48) return -EINVAL;
  const bytes = new Uint8Array(Math.min(size, SCHED_ATTR_SIZE));
  const v = new DataView(bytes.buffer);
  v.setUint32(0, bytes.length, true);
  v.setUint32(4, target.schedPolicy, true);
  v.setInt32(16, target.process.nice, true);
  v.setUint32(20, target.schedPriority, true);
  task.mm.copyOut(attr, bytes);
  return 0;
}

export const limitCalls: readonly SyscallRow[] = [
  full(24, 'sched_yield', '', (task) => { task.kernel.yielding = true; return 0; }),
  full(97, 'getrlimit', 'int,ptr', (task, resource, to) => prlimit(task, 0, resource, 0, to)),
  full(160, 'setrlimit', 'int,ptr', (task, resource, from) => prlimit(task, 0, resource, from, 0)),
  full(302, 'prlimit64', 'pid,int,ptr,ptr', prlimit),
  partial(140, 'getpriority', 'int,int', 'kept and reported; all tasks get the same share', getpriority),
  partial(141, 'setpriority', 'int,int,int', 'kept and reported; all tasks get the same share', setpriority),
  partial(142, 'sched_setparam', 'pid,ptr', 'kept and reported; scheduling is round-robin', (task, tid, param) => setScheduler(task, tid, threadOf(task, tid).schedPolicy, task.mm.readI32(param))),
  full(143, 'sched_getparam', 'pid,ptr', (task, tid, param) => { task.mm.writeI32(param, threadOf(task, tid).schedPriority); return 0; }),
  partial(144, 'sched_setscheduler', 'pid,int,ptr', 'kept and reported; scheduling is round-robin', (task, tid, policy, param) => setScheduler(task, tid, policy, task.mm.readI32(param))),
  full(145, 'sched_getscheduler', 'pid', (task, tid) => threadOf(task, tid).schedPolicy),
  full(146, 'sched_get_priority_max', 'int', (_task, policy) => priorityRange(policy, 99)),
  full(147, 'sched_get_priority_min', 'int', (_task, policy) => priorityRange(policy, 1)),
  full(148, 'sched_rr_get_interval', 'pid,ptr', (task, tid, to) => { threadOf(task, tid); task.mm.writeU64(to, 0); task.mm.writeU64(to + 8, 2_000_000); return 0; }),
  partial(203, 'sched_setaffinity', 'pid,size,ptr', 'there is one processor', setaffinity),
  full(204, 'sched_getaffinity', 'pid,size,ptr', getaffinity),
  partial(314, 'sched_setattr', 'pid,ptr,flags', 'policy and priority only', (task, tid, attr) => setScheduler(task, tid, task.mm.readU32(attr + 4), task.mm.readI32(attr + 20))),
  full(315, 'sched_getattr', 'pid,ptr,size,flags', getattr),
  stub(251, 'ioprio_set', 'int,int,int', 'there is no I/O scheduler'),
  stub(252, 'ioprio_get', 'int,int', 'there is no I/O scheduler: IOPRIO_CLASS_NONE'),
];
