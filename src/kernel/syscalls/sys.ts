/** The system itself: uname, sysinfo, randomness, host names; and what a container is refused. */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EINVAL, ENOSYS, EOPNOTSUPP, EPERM, ESRCH, Errno } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { encodeName } from '../vfs/name.ts';
import type { Task } from '../task/task.ts';
import { MACHINE, RELEASE, SYSNAME, VERSION } from '../version.ts';
import { full, partial, refuse, stub, type SyscallRow } from './define.ts';

const UTS_FIELD = 65;

function uname(task: Task, to: number): number {
  const { hostname, domainname } = task.kernel;
  const bytes = new Uint8Array(UTS_FIELD * 6);
  [SYSNAME, hostname, RELEASE, VERSION, MACHINE, domainname].forEach((text, i) => bytes.set(encodeName(text).subarray(0, UTS_FIELD - 1), i * UTS_FIELD));
  task.mm.copyOut(to, bytes);
  return 0;
}

function setHostName(task: Task, from: number, length: number, which: 'hostname' | 'domainname'): number {
  if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
  if (length < 0 || length > 64) return -EINVAL;
  task.kernel[which] = String.fromCharCode(...task.mm.copyIn(from, length)).replace(/\0.*/s, '');
  return 0;
}

function sysinfo(task: Task, to: number): number {
  const { kernel } = task;
  const bytes = new Uint8Array(112);
  const v = new DataView(bytes.buffer);
  v.setBigInt64(0, BigInt(Math.floor(kernel.uptime() / 1000)), true);
  const used = kernel.pages.used * PAGE_SIZE;
  v.setBigUint64(32, BigInt(kernel.memoryLimit), true);
  v.setBigUint64(40, BigInt(Math.max(0, kernel.memoryLimit - used)), true);
  v.setUint16(80, Math.min(kernel.tasks.size, 0xffff), true);
  v.setUint32(104, 1, true);
  task.mm.copyOut(to, bytes);
  return 0;
}

const GRND_MASK = 7;
/** crypto.getRandomValues, which the port may be, gives at most this much at once. */
const RANDOM_PIECE = 65536;

function getrandom(task: Task, to: number, length: number, flags: number): number {
  if (flags & ~GRND_MASK || (flags & 6) === 6) return -EINVAL;
  let done = 0;
  const wanted = Math.min(length, 0x1ffffff);
  while (done < wanted) {
    const piece = new Uint8Array(Math.min(wanted - done, RANDOM_PIECE));
    task.kernel.random(piece);
    task.mm.copyOut(to + done, piece);
    done += piece.length;
  }
  return done;
}

function getcpu(task: Task, cpu: number, node: number): number {
  if (cpu !== 0) task.mm.writeU32(cpu, 0);
  if (node !== 0) task.mm.writeU32(node, 0);
  return 0;
}

const MEMBARRIER_COMMANDS = 0x1ff;

/** Threads run one after the other on one processor: every barrier holds already. */
function membarrier(_task: Task, command: number, flags: number): number {
  if (command === 0) return flags === 0 ? MEMBARRIER_COMMANDS : -EINVAL;
  return (command & ~MEMBARRIER_COMMANDS) !== 0 || (command & (command - 1)) !== 0 ? -EINVAL : 0;
}

const PERSONALITY_QUERY = 0xffffffff;

function personality(task: Task, value: number): number {
  const before = task.process.personality;
  if (value >>> 0 !== PERSONALITY_QUERY) task.process.personality = value >>> 0;
  return before;
}

const KCMP = { FILE: 0, VM: 1, FILES: 2, FS: 3, SIGHAND: 4 } as const;

function kcmp(task: Task, pid1: number, pid2: number, type: number, a: number, b: number): number {
  const one = task.kernel.tasks.get(pid1), two = task.kernel.tasks.get(pid2);
  if (!one || !two) return -ESRCH;
  const same = (x: unknown, y: unknown): number => (x === y ? 0 : 1);
  switch (type) {
    case KCMP.FILE: return same(one.files.get(a), two.files.get(b));
    case KCMP.VM: return same(one.mm, two.mm);
    case KCMP.FILES: return same(one.files, two.files);
    case KCMP.FS: return same(one.fs, two.fs);
    case KCMP.SIGHAND: return same(one.process.handlers, two.process.handlers);
    default: throw new Errno(EOPNOTSUPP);
  }
}

/** syslog(2): an empty ring buffer; reading it takes CAP_SYSLOG, which containers lack. */
function syslog(_task: Task, type: number): number { return type === 10 ? 0 : -EPERM; }

const NEEDS_PRIVILEGE = 'needs a capability that containers are not given';

export const sysCalls: readonly SyscallRow[] = [
  full(63, 'uname', 'ptr', uname),
  full(99, 'sysinfo', 'ptr', sysinfo),
  partial(103, 'syslog', 'int,ptr,int', 'the kernel log is not shown to containers', syslog),
  partial(135, 'personality', 'flags', 'kept and reported; addresses are never randomised', personality),
  full(170, 'sethostname', 'ptr,size', (task, from, length) => setHostName(task, from, length, 'hostname')),
  full(171, 'setdomainname', 'ptr,size', (task, from, length) => setHostName(task, from, length, 'domainname')),
  full(309, 'getcpu', 'ptr,ptr,ptr', getcpu),
  full(318, 'getrandom', 'ptr,size,flags', getrandom),
  full(312, 'kcmp', 'pid,pid,int,uint,uint', kcmp),
  stub(324, 'membarrier', 'int,flags,int', 'one processor: every barrier holds already', membarrier),
  stub(323, 'userfaultfd', 'flags', 'EPERM, as Docker\'s seccomp profile answers', () => -EPERM),
  refuse(101, 'ptrace', EPERM, 'tracing is not supported'),
  refuse(317, 'seccomp', EINVAL, 'filters are not supported'),
  refuse(334, 'rseq', ENOSYS, 'threads are not migrated; libraries fall back'),
  refuse(425, 'io_uring_setup', ENOSYS, 'libraries fall back to epoll'),
  refuse(426, 'io_uring_enter', ENOSYS, 'libraries fall back to epoll'),
  refuse(427, 'io_uring_register', ENOSYS, 'libraries fall back to epoll'),
  refuse(444, 'landlock_create_ruleset', ENOSYS, 'no Landlock'),
  refuse(445, 'landlock_add_rule', ENOSYS, 'no Landlock'),
  refuse(446, 'landlock_restrict_self', ENOSYS, 'no Landlock'),
  refuse(449, 'futex_waitv', ENOSYS, 'libraries fall back to futex'),
  refuse(206, 'io_setup', ENOSYS, 'no kernel AIO; libraries fall back to threads'),
  refuse(207, 'io_destroy', ENOSYS, 'no kernel AIO'),
  refuse(208, 'io_getevents', ENOSYS, 'no kernel AIO'),
  refuse(209, 'io_submit', ENOSYS, 'no kernel AIO'),
  refuse(210, 'io_cancel', ENOSYS, 'no kernel AIO'),
  refuse(321, 'bpf', EPERM, NEEDS_PRIVILEGE),
  refuse(298, 'perf_event_open', EPERM, NEEDS_PRIVILEGE),
  refuse(248, 'add_key', EPERM, 'Docker\'s seccomp profile refuses keyrings'),
  refuse(249, 'request_key', EPERM, 'Docker\'s seccomp profile refuses keyrings'),
  refuse(250, 'keyctl', EPERM, 'Docker\'s seccomp profile refuses keyrings'),
  refuse(163, 'acct', EPERM, NEEDS_PRIVILEGE),
  refuse(167, 'swapon', EPERM, NEEDS_PRIVILEGE),
  refuse(168, 'swapoff', EPERM, NEEDS_PRIVILEGE),
  refuse(169, 'reboot', EPERM, NEEDS_PRIVILEGE),
  refuse(172, 'iopl', EPERM, NEEDS_PRIVILEGE),
  refuse(173, 'ioperm', EPERM, NEEDS_PRIVILEGE),
  refuse(175, 'init_module', EPERM, NEEDS_PRIVILEGE),
  refuse(176, 'delete_module', EPERM, NEEDS_PRIVILEGE),
  refuse(313, 'finit_module', EPERM, NEEDS_PRIVILEGE),
  refuse(179, 'quotactl', EPERM, NEEDS_PRIVILEGE),
  refuse(246, 'kexec_load', EPERM, NEEDS_PRIVILEGE),
  refuse(320, 'kexec_file_load', EPERM, NEEDS_PRIVILEGE),
  refuse(256, 'migrate_pages', EPERM, NEEDS_PRIVILEGE),
  refuse(279, 'move_pages', EPERM, NEEDS_PRIVILEGE),
  refuse(153, 'vhangup', EPERM, NEEDS_PRIVILEGE),
  refuse(154, 'modify_ldt', ENOSYS, '32-bit segments are not supported'),
];
