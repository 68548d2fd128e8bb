/** User and group ids, capabilities (credentials(7), capabilities(7)). */
import { CAP_LAST_CAP, CAP_SETGID, CAP_SETPCAP, CAP_SETUID, type CapSet } from '../../abi/capability.ts';
import { EINVAL, EPERM, ESRCH, Errno } from '../../abi/errno.ts';
import type { CredentialFields } from '../task/credentials.ts';
import type { Task } from '../task/task.ts';
import { full, type SyscallRow } from './define.ts';

const NGROUPS_MAX = 65536;
/** -1 leaves an id as it is. */
const KEEP = -1;

/** An id argument: uid_t is 32 bits wide, -1 means "keep". */
function id(value: number): number { return (value | 0) === -1 ? KEEP : value >>> 0; }

/** May the task take `wanted` as an id, given those it has? */
function allowed(wanted: number, has: readonly number[]): boolean { return wanted === KEEP || has.includes(wanted); }

function setUids(task: Task, uid: number, euid: number, suid: number): number {
  const c = task.credentials;
  const real = uid === KEEP ? c.uid : uid, effective = euid === KEEP ? c.euid : euid, saved = suid === KEEP ? c.suid : suid;
  task.credentials = c.withUids(real, effective, saved, effective);
  if (effective !== c.euid) task.process.dumpable = 0;
  return 0;
}

function setuid(task: Task, a: number): number {
  const uid = id(a);
  const c = task.credentials;
  if (uid === KEEP) return -EINVAL;
  if (c.has(CAP_SETUID)) return setUids(task, uid, uid, uid);
  return allowed(uid, [c.uid, c.suid]) ? setUids(task, KEEP, uid, KEEP) : -EPERM;
}

function setreuid(task: Task, a: number, b: number): number {
  const uid = id(a), euid = id(b);
  const c = task.credentials;
  if (!c.has(CAP_SETUID) && !(allowed(uid, [c.uid, c.euid]) && allowed(euid, [c.uid, c.euid, c.suid]))) return -EPERM;
  const saves = uid !== KEEP || (euid !== KEEP && euid !== c.uid);
  return setUids(task, uid, euid, saves ? (euid === KEEP ? c.euid : euid) : KEEP);
}

function setresuid(task: Task, a: number, b: number, d: number): number {
  const ids = [id(a), id(b), id(d)];
  const c = task.credentials;
  if (!c.has(CAP_SETUID) && !ids.every((i) => allowed(i, [c.uid, c.euid, c.suid]))) return -EPERM;
  return setUids(task, ids[0], ids[1], ids[2]);
}

function setGids(task: Task, gid: number, egid: number, sgid: number): number {
  const c = task.credentials;
  const effective = egid === KEEP ? c.egid : egid;
  task.credentials = c.with({ gid: gid === KEEP ? c.gid : gid, egid: effective, sgid: sgid === KEEP ? c.sgid : sgid, fsgid: effective });
  return 0;
}

function setgid(task: Task, a: number): number {
  const gid = id(a);
  const c = task.credentials;
  if (gid === KEEP) return -EINVAL;
  if (c.has(CAP_SETGID)) return setGids(task, gid, gid, gid);
  return allowed(gid, [c.gid, c.sgid]) ? setGids(task, KEEP, gid, KEEP) : -EPERM;
}

function setregid(task: Task, a: number, b: number): number {
  const gid = id(a), egid = id(b);
  const c = task.credentials;
  if (!c.has(CAP_SETGID) && !(allowed(gid, [c.gid, c.egid]) && allowed(egid, [c.gid, c.egid, c.sgid]))) return -EPERM;
  const saves = gid !== KEEP || (egid !== KEEP && egid !== c.gid);
  return setGids(task, gid, egid, saves ? (egid === KEEP ? c.egid : egid) : KEEP);
}

function setresgid(task: Task, a: number, b: number, d: number): number {
  const ids = [id(a), id(b), id(d)];
  const c = task.credentials;
  if (!c.has(CAP_SETGID) && !ids.every((i) => allowed(i, [c.gid, c.egid, c.sgid]))) return -EPERM;
  return setGids(task, ids[0], ids[1], ids[2]);
}

/** Returns the previous id, whether it changed or not. */
function setfsid(task: Task, value: number, kind: 'uid' | 'gid'): number {
  const c = task.credentials;
  const fs = kind === 'uid' ? 'fsuid' : 'fsgid';
  const wanted = id(value);
  const mine = kind === 'uid' ? [c.uid, c.euid, c.suid, c.fsuid] : [c.gid, c.egid, c.sgid, c.fsgid];
  if (wanted !== KEEP && (mine.includes(wanted) || c.has(kind === 'uid' ? CAP_SETUID : CAP_SETGID))) task.credentials = c.with({ [fs]: wanted } as Partial<CredentialFields>);
  return c[fs];
}

function getThree(task: Task, at: readonly number[], ids: readonly number[]): number {
  at.forEach((va, i) => task.mm.writeU32(va, ids[i]));
  return 0;
}

function getgroups(task: Task, size: number, list: number): number {
  const { groups } = task.credentials;
  if (size < 0) return -EINVAL;
  if (size === 0) return groups.length;
  if (size < groups.length) return -EINVAL;
  groups.forEach((g, i) => task.mm.writeU32(list + i * 4, g));
  return groups.length;
}

function setgroups(task: Task, size: number, list: number): number {
  if (!task.credentials.has(CAP_SETGID)) return -EPERM;
  if (size < 0 || size > NGROUPS_MAX) return -EINVAL;
  const groups: number[] = [];
  for (let i = 0; i < size; i++) groups.push(task.mm.readU32(list + i * 4));
  task.credentials = task.credentials.with({ groups: groups.sort((a, b) => a - b) });
  return 0;
}

const VERSIONS: Record<number, number> = { 0x19980330: 1, 0x20071026: 2, 0x20080522: 2 };
const LATEST_VERSION = 0x20080522;
const ALL = (1n << BigInt(CAP_LAST_CAP + 1)) - 1n;

/** Number of 32-bit halves of the header's version; unknown versions are answered with ours and EINVAL. */
function capabilityHeader(task: Task, header: number): { words: number; pid: number } {
  const words = VERSIONS[task.mm.readU32(header)];
  if (words === undefined) {
    task.mm.writeU32(header, LATEST_VERSION);
    throw new Errno(EINVAL);
  }
  return { words, pid: task.mm.readI32(header + 4) };
}

function capget(task: Task, header: number, data: number): number {
  if (data === 0) {
    if (VERSIONS[task.mm.readU32(header)] === undefined) task.mm.writeU32(header, LATEST_VERSION);
    return 0;
  }
  const { words, pid } = capabilityHeader(task, header);
  if (pid < 0) return -EINVAL;
  const target = pid === 0 ? task : task.kernel.tasks.get(pid);
  if (!target) return -ESRCH;
  const { effective, permitted, inheritable } = target.credentials;
  [effective, permitted, inheritable].forEach((set, field) => {
    for (let w = 0; w < words; w++) task.mm.writeU32(data + w * 12 + field * 4, Number((set >> BigInt(32 * w)) & 0xffffffffn));
  });
  return 0;
}

function capset(task: Task, header: number, data: number): number {
  const { words, pid } = capabilityHeader(task, header);
  if (pid !== 0 && pid !== task.tid) return -EPERM;
  const [effective, permitted, inheritable] = [0, 1, 2].map((field) => {
    let set: CapSet = 0n;
    for (let w = 0; w < words; w++) set |= BigInt(task.mm.readU32(data + w * 12 + field * 4)) << BigInt(32 * w);
    return set & ALL;
  });
  const c = task.credentials;
  const mayInherit = c.has(CAP_SETPCAP) ? c.inheritable | c.bounding : c.inheritable | c.permitted;
  if ((inheritable & ~mayInherit) !== 0n || (inheritable & ~(c.inheritable | c.bounding)) !== 0n) return -EPERM;
  if ((permitted & ~c.permitted) !== 0n || (effective & ~permitted) !== 0n) return -EPERM;
  task.credentials = c.with({ effective, permitted, inheritable, ambient: c.ambient & permitted & inheritable });
  return 0;
}

export const idCalls: readonly SyscallRow[] = [
  full(102, 'getuid', '', (task) => task.credentials.uid),
  full(104, 'getgid', '', (task) => task.credentials.gid),
  full(105, 'setuid', 'uint', setuid),
  full(106, 'setgid', 'uint', setgid),
  full(107, 'geteuid', '', (task) => task.credentials.euid),
  full(108, 'getegid', '', (task) => task.credentials.egid),
  full(113, 'setreuid', 'int,int', setreuid),
  full(114, 'setregid', 'int,int', setregid),
  full(115, 'getgroups', 'int,ptr', getgroups),
  full(116, 'setgroups', 'int,ptr', setgroups),
  full(117, 'setresuid', 'int,int,int', setresuid),
  full(118, 'getresuid', 'ptr,ptr,ptr', (task, a, b, d) => getThree(task, [a, b, d], [task.credentials.uid, task.credentials.euid, task.credentials.suid])),
  full(119, 'setresgid', 'int,int,int', setresgid),
  full(120, 'getresgid', 'ptr,ptr,ptr', (task, a, b, d) => getThree(task, [a, b, d], [task.credentials.gid, task.credentials.egid, task.credentials.sgid])),
  full(122, 'setfsuid', 'uint', (task, uid) => setfsid(task, uid, 'uid')),
  full(123, 'setfsgid', 'uint', (task, gid) => setfsid(task, gid, 'gid')),
  full(125, 'capget', 'ptr,ptr', capget),
  full(126, 'capset', 'ptr,ptr', capset),
];
