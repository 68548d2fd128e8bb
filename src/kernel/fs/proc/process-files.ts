/** Contents of the files in /proc/PID (proc(5)). */
import { RLIM_NLIMITS } from '../../../abi/resource.ts';
import { MAP_GROWSDOWN, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../abi/mman.ts';
import { major, minor } from '../../../abi/stat.ts';
import { PAGE_SIZE } from '../../../cpu/memory.ts';
import { PageWait } from '../../mm/mm.ts';
import { Errno } from '../../../abi/errno.ts';
import type { Vma } from '../../mm/vma.ts';
import type { CapSet } from '../../../abi/capability.ts';
import type { Process } from '../../task/process.ts';
import type { Task } from '../../task/task.ts';
import type { Mount } from '../../vfs/mount.ts';
import { pathName } from '../../vfs/mount.ts';
import { encodeName } from '../../vfs/name.ts';
import { escapeName, hex, kilobytes, signalSet, ticks } from './format.ts';

/** State letter and word, as ps shows them. */
export function stateOf(task: Task): [letter: string, word: string] {
  const { process } = task;
  if (!task.alive) return process.exited ? ['Z', 'zombie'] : ['X', 'dead'];
  if (process.stopSignal !== 0) return ['T', 'stopped'];
  return task.state === 'blocked' ? ['S', 'sleeping'] : ['R', 'running'];
}

function controllingTerminal(process: Process): { rdev: number; foreground: number } { return process.session.terminal ?? { rdev: 0, foreground: -1 }; }

export function stat(task: Task, whole: boolean): string {
  const { process, mm, kernel } = task, tty = controllingTerminal(process), { caught, ignored } = process.handlers.sets();
  const live = task.alive ? mm : undefined;
  const user = whole ? process.times.user + sum(process, 'userTime') : task.userTime, system = whole ? process.times.system + sum(process, 'systemTime') : task.systemTime;
  const low = (set: bigint): string => (set & 0x7fffffffn).toString();
  const fields: (string | number)[] = [
    task.tid, `(${task.comm})`, stateOf(task)[0], process.ppid, process.pgid, process.sid, tty.rdev, tty.foreground || -1, 0x400000, process.minorFaults, 0, process.majorFaults, 0,
    ticks(user), ticks(system), ticks(process.childTimes.user), ticks(process.childTimes.system), 20 + process.nice, process.nice, Math.max(1, process.threads.size), 0,
    ticks(process.startTime - kernel.bootTime), (live?.total ?? 0) * PAGE_SIZE, live?.resident ?? 0, '18446744073709551615',
    live?.startCode ?? 0, live?.endCode ?? 0, live?.startStack ?? 0, 0, 0, low(task.pending.set), low(task.blocked), low(ignored), low(caught), 0, 0, 0, process.exitSignal, 0, 0, 0, 0, 0, 0,
    live?.startData ?? 0, live?.endData ?? 0, live?.startBrk ?? 0, live?.argStart ?? 0, live?.argEnd ?? 0, live?.envStart ?? 0, live?.envEnd ?? 0, process.exitStatus,
  ];
  return `${fields.join(' ')}\n`;
}

function sum(process: Process, what: 'userTime' | 'systemTime'): number {
  let total = 0;
  for (const t of process.threads) total += t[what];
  return total;
}

/** Pages of the areas that `pick` selects. */
function pages(task: Task, pick: (v: Vma) => boolean): number {
  let n = 0;
  for (const v of task.mm.areas.all) if (pick(v)) n += (v.end - v.start) / PAGE_SIZE;
  return n;
}
const isCode = (v: Vma): boolean => (v.prot & PROT_EXEC) !== 0;
const isStack = (v: Vma): boolean => (v.flags & MAP_GROWSDOWN) !== 0;

export function statm(task: Task): string {
  if (!task.alive) return '0 0 0 0 0 0 0\n';
  const { mm } = task, text = Math.ceil((mm.endCode - mm.startCode) / PAGE_SIZE);
  return `${mm.total} ${mm.resident} ${residentFile(task)} ${text} 0 ${mm.dataPages + pages(task, isStack)} 0\n`;
}

/** Resident pages of file mappings, at most what they span. */
function residentFile(task: Task): number { return Math.min(task.mm.resident, pages(task, (v) => v.backing?.file !== undefined)); }

export function status(task: Task): string {
  const { process, credentials: c, mm } = task, ids = (...n: number[]): string => n.join('\t'), caps = (set: CapSet): string => signalSet(set), { caught, ignored } = process.handlers.sets();
  const lines: [string, string | number][] = [
    ['Name', task.comm.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')], ['Umask', task.fs.umask.toString(8).padStart(4, '0')], ['State', `${stateOf(task)[0]} (${stateOf(task)[1]})`], ['Tgid', process.pid], ['Ngid', 0],
    ['Pid', task.tid], ['PPid', process.ppid], ['TracerPid', 0], ['Uid', ids(c.uid, c.euid, c.suid, c.fsuid)], ['Gid', ids(c.gid, c.egid, c.sgid, c.fsgid)],
    ['FDSize', Math.max(64, (task.alive ? task.files.list().at(-1) ?? 0 : 0) + 1)], ['Groups', `${c.groups.join(' ')} `], ['NStgid', process.pid], ['NSpid', task.tid], ['NSpgid', process.pgid], ['NSsid', process.sid], ['Kthread', 0],
  ];
  if (task.alive) {
    const file = residentFile(task), size = (n: number): string => kilobytes(n * PAGE_SIZE);
    lines.push(
      ['VmPeak', size(mm.total)], ['VmSize', size(mm.total)], ['VmLck', size(mm.lockedPages)], ['VmPin', size(0)], ['VmHWM', size(Math.max(mm.peakResident, mm.resident))], ['VmRSS', size(mm.resident)],
      ['RssAnon', size(mm.resident - file)], ['RssFile', size(file)], ['RssShmem', size(0)], ['VmData', size(mm.dataPages)], ['VmStk', size(pages(task, isStack))],
      ['VmExe', size(Math.ceil((mm.endCode - mm.startCode) / PAGE_SIZE))], ['VmLib', size(pages(task, (v) => isCode(v) && v.backing?.file?.inode !== mm.exe?.dentry.inode))], ['VmPTE', size(Math.ceil(mm.resident / 512))],
      ['VmSwap', size(0)], ['HugetlbPages', size(0)], ['CoreDumping', 0], ['THP_enabled', 0],
    );
  }
  lines.push(
    ['Threads', Math.max(1, process.threads.size)], ['SigQ', `0/${127_000}`], ['SigPnd', signalSet(task.pending.set)], ['ShdPnd', signalSet(process.pending.set)], ['SigBlk', signalSet(task.blocked)], ['SigIgn', signalSet(ignored)],
    ['SigCgt', signalSet(caught)], ['CapInh', caps(c.inheritable)], ['CapPrm', caps(c.permitted)], ['CapEff', caps(c.effective)], ['CapBnd', caps(c.bounding)], ['CapAmb', caps(c.ambient)],
    ['NoNewPrivs', process.noNewPrivileges ? 1 : 0], ['Seccomp', 0], ['Seccomp_filters', 0], ['Speculation_Store_Bypass', 'not vulnerable'], ['Cpus_allowed', 1], ['Cpus_allowed_list', 0],
    ['Mems_allowed', 1], ['Mems_allowed_list', 0], ['voluntary_ctxt_switches', process.contextSwitches], ['nonvoluntary_ctxt_switches', 0],
  );
  return lines.map(([name, value]) => `${name}:\t${value}\n`).join('');
}

/** Guest memory between two addresses; empty when it has been unmapped. */
function memoryText(task: Task, start: number, end: number): Uint8Array {
  if (!task.alive || end <= start) return new Uint8Array(0);
  try {
    return task.mm.copyIn(start, end - start);
  } catch (e) {
    if (e instanceof PageWait || !(e instanceof Errno)) throw e;
    return new Uint8Array(0);
  }
}
export function cmdline(task: Task): Uint8Array { return memoryText(task, task.mm.argStart, task.mm.argEnd); }
export function environ(task: Task): Uint8Array { return memoryText(task, task.mm.envStart, task.mm.envEnd); }

/** Column at which maps writes names: 25 + 6 * sizeof(void *) - 1 and a blank. */
const MAPS_NAME_COLUMN = 73;

function mapsLine(task: Task, reader: Task, v: Vma): string {
  const file = v.backing?.file, inode = file?.inode;
  const perms = (v.prot & PROT_READ ? 'r' : '-') + (v.prot & PROT_WRITE ? 'w' : '-') + (v.prot & PROT_EXEC ? 'x' : '-') + (v.shared ? 's' : 'p');
  const device = inode ? `${hex(major(inode.fs.dev), 2)}:${hex(minor(inode.fs.dev), 2)}` : '00:00';
  const head = `${hex(v.start, 8)}-${hex(v.end, 8)} ${perms} ${hex(file ? v.offset * PAGE_SIZE : 0, 8)} ${device} ${inode?.ino ?? 0} `;
  const name = v.name || (file?.path ? escapeName(pathName(file.path, reader.fs.root), /\n/g) : isStack(v) ? '[stack]' : v.start >= task.mm.startBrk && v.end <= task.mm.brk + PAGE_SIZE && task.mm.brk > task.mm.startBrk && !v.backing ? '[heap]' : '');
  return name ? `${head.padEnd(MAPS_NAME_COLUMN)}${name}\n` : `${head}\n`;
}

export function maps(task: Task, reader: Task): string { return task.alive ? task.mm.areas.all.map((v) => mapsLine(task, reader, v)).join('') : ''; }

export function smaps(task: Task, reader: Task): string {
  if (!task.alive) return '';
  return task.mm.areas.all.map((v) => {
    let resident = 0;
    for (let page = v.start; page < v.end; page += PAGE_SIZE) if (task.mm.table.get(page) !== 0) resident++;
    const size = (n: number): string => kilobytes(n * PAGE_SIZE, 15), anonymous = v.backing ? 0 : resident;
    const lines: [string, string][] = [['Size', size((v.end - v.start) / PAGE_SIZE)], ['KernelPageSize', size(1)], ['MMUPageSize', size(1)], ['Rss', size(resident)], ['Pss', size(resident)],
      ['Shared_Clean', size(0)], ['Shared_Dirty', size(0)], ['Private_Clean', size(resident - anonymous)], ['Private_Dirty', size(anonymous)], ['Referenced', size(resident)], ['Anonymous', size(anonymous)], ['Swap', size(0)], ['Locked', size(0)]];
    return mapsLine(task, reader, v) + lines.map(([name, value]) => `${`${name}:`.padEnd(9)}${value}\n`).join('');
  }).join('');
}

const LIMITS: readonly (readonly [name: string, unit: string])[] = [
  ['Max cpu time', 'seconds'], ['Max file size', 'bytes'], ['Max data size', 'bytes'], ['Max stack size', 'bytes'], ['Max core file size', 'bytes'], ['Max resident set', 'bytes'], ['Max processes', 'processes'],
  ['Max open files', 'files'], ['Max locked memory', 'bytes'], ['Max address space', 'bytes'], ['Max file locks', 'locks'], ['Max pending signals', 'signals'], ['Max msgqueue size', 'bytes'],
  ['Max nice priority', ''], ['Max realtime priority', ''], ['Max realtime timeout', 'us'],
];

export function limits(task: Task): string {
  const value = (n: number): string => n === Infinity || n < 0 ? 'unlimited' : String(n);
  let out = 'Limit                     Soft Limit           Hard Limit           Units     \n';
  for (let i = 0; i < RLIM_NLIMITS; i++) {
    const { soft, hard } = task.process.rlimits.get(i), [name, unit] = LIMITS[i];
    out += `${name.padEnd(25)} ${value(soft).padEnd(20)} ${value(hard).padEnd(20)} ${unit.padEnd(10)}\n`;
  }
  return out;
}

export function io(task: Task): string {
  const { readBytes, writtenBytes } = task.process;
  return `rchar: ${readBytes}\nwchar: ${writtenBytes}\nsyscr: 0\nsyscw: 0\nread_bytes: ${readBytes}\nwrite_bytes: ${writtenBytes}\ncancelled_write_bytes: 0\n`;
}

/** Mounts that a task can see, with the names it knows them by. */
function visible(task: Task): [Mount, string][] {
  const out: [Mount, string][] = [];
  for (const mount of task.fs.namespace.mounts) {
    const name = pathName({ mount, dentry: mount.root }, task.fs.root);
    if (!name.startsWith('(unreachable)')) out.push([mount, name]);
  }
  return out;
}

function superOptions(mount: Mount): string { return (mount.fs.readonly ? 'ro' : 'rw') + (mount.options ? `,${mount.options}` : ''); }

export function mounts(task: Task): Uint8Array {
  return encodeName(visible(task).map(([mount, name]) => `${escapeName(mount.source)} ${escapeName(name)} ${mount.fs.type} ${mount.attributes}${mount.options ? `,${mount.options}` : ''} 0 0\n`).join(''));
}

export function mountinfo(task: Task): Uint8Array {
  return encodeName(visible(task).map(([mount, name]) => {
    let root = '';
    for (let d = mount.root; d.parent; d = d.parent) root = `/${d.name}${root}`;
    const { dev } = mount.fs;
    return `${mount.id} ${mount.parent?.id ?? 1} ${major(dev)}:${minor(dev)} ${escapeName(root || '/')} ${escapeName(name)} ${mount.attributes} - ${mount.fs.type} ${escapeName(mount.source)} ${superOptions(mount)}\n`;
  }).join(''));
}
