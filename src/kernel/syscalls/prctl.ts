/** prctl(2) and arch_prctl(2). */
import { CAP_LAST_CAP, CAP_SETPCAP } from '../../abi/capability.ts';
import { EINVAL, ENODEV, EPERM } from '../../abi/errno.ts';
import { encodeName, decodeName } from '../vfs/name.ts';
import { TASK_SIZE } from '../mm/mm.ts';
import type { Task } from '../task/task.ts';
import { full, partial, type SyscallRow } from './define.ts';

const PR = {
  SET_PDEATHSIG: 1, GET_PDEATHSIG: 2, GET_DUMPABLE: 3, SET_DUMPABLE: 4, GET_KEEPCAPS: 7, SET_KEEPCAPS: 8, GET_TIMING: 13, SET_TIMING: 14, SET_NAME: 15, GET_NAME: 16,
  GET_SECCOMP: 21, SET_SECCOMP: 22, CAPBSET_READ: 23, CAPBSET_DROP: 24, GET_TSC: 25, SET_TSC: 26, GET_SECUREBITS: 27, SET_SECUREBITS: 28, SET_TIMERSLACK: 29, GET_TIMERSLACK: 30,
  MCE_KILL: 33, SET_MM: 35, SET_CHILD_SUBREAPER: 36, GET_CHILD_SUBREAPER: 37, SET_NO_NEW_PRIVS: 38, GET_NO_NEW_PRIVS: 39, SET_THP_DISABLE: 41, GET_THP_DISABLE: 42,
  CAP_AMBIENT: 47, GET_SPECULATION_CTRL: 52, SET_VMA: 0x53564d41, GET_AUXV: 0x41555856, SET_PTRACER: 0x59616d61,
} as const;

const AMBIENT = { IS_SET: 1, RAISE: 2, LOWER: 3, CLEAR_ALL: 4 } as const;
const PR_TSC_ENABLE = 1;
const COMM_SIZE = 16;

function prctl(task: Task, option: number, a: number, b: number, c: number, d: number): number {
  const { process, mm, credentials } = task;
  switch (option) {
    case PR.SET_PDEATHSIG:
      if (a < 0 || a > 64) return -EINVAL;
      process.parentDeathSignal = a;
      return 0;
    case PR.GET_PDEATHSIG: mm.writeI32(a, process.parentDeathSignal); return 0;
    case PR.GET_DUMPABLE: return process.dumpable;
    case PR.SET_DUMPABLE:
      if (a !== 0 && a !== 1) return -EINVAL;
      process.dumpable = a;
      return 0;
    case PR.GET_KEEPCAPS: return credentials.keepCaps ? 1 : 0;
    case PR.SET_KEEPCAPS:
      if (a !== 0 && a !== 1) return -EINVAL;
      task.credentials = credentials.with({ keepCaps: a === 1 });
      return 0;
    case PR.GET_TIMING: return 0;
    case PR.SET_TIMING: return a === 0 ? 0 : -EINVAL;
    case PR.SET_NAME: setName(task, a); return 0;
    case PR.GET_NAME: {
      const bytes = new Uint8Array(COMM_SIZE);
      bytes.set(encodeName(task.comm).subarray(0, COMM_SIZE - 1));
      mm.copyOut(a, bytes);
      return 0;
    }
    case PR.GET_SECCOMP: return 0;
    case PR.SET_SECCOMP: return -EINVAL;
    case PR.CAPBSET_READ: return a < 0 || a > CAP_LAST_CAP ? -EINVAL : Number((credentials.bounding >> BigInt(a)) & 1n);
    case PR.CAPBSET_DROP:
      if (!credentials.has(CAP_SETPCAP)) return -EPERM;
      if (a < 0 || a > CAP_LAST_CAP) return -EINVAL;
      task.credentials = credentials.with({ bounding: credentials.bounding & ~(1n << BigInt(a)) });
      return 0;
    case PR.GET_TSC: mm.writeI32(a, PR_TSC_ENABLE); return 0;
    case PR.SET_TSC: return a === PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR.GET_SECUREBITS: return credentials.securebits;
    case PR.SET_SECUREBITS:
      if (!credentials.has(CAP_SETPCAP)) return -EPERM;
      task.credentials = credentials.with({ securebits: a & 0xff });
      return 0;
    case PR.SET_TIMERSLACK: task.timerSlack = a > 0 ? a : 50000; return 0;
    case PR.GET_TIMERSLACK: return task.timerSlack;
    case PR.SET_MM: return -EPERM;
    case PR.SET_CHILD_SUBREAPER: process.childSubreaper = a !== 0; return 0;
    case PR.GET_CHILD_SUBREAPER: mm.writeI32(a, process.childSubreaper ? 1 : 0); return 0;
    case PR.SET_NO_NEW_PRIVS:
      if (a !== 1 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      process.noNewPrivileges = true;
      return 0;
    case PR.GET_NO_NEW_PRIVS: return process.noNewPrivileges ? 1 : 0;
    case PR.SET_THP_DISABLE: case PR.GET_THP_DISABLE: return 0;
    case PR.CAP_AMBIENT: return ambient(task, a, b);
    case PR.GET_SPECULATION_CTRL: return -ENODEV;
    case PR.SET_VMA: return a === 0 ? 0 : -EINVAL;
    case PR.GET_AUXV: {
      const { auxv } = mm;
      mm.copyOut(a, auxv.subarray(0, b));
      return auxv.length;
    }
    case PR.SET_PTRACER: return 0;
    default: return -EINVAL;
  }
}

function setName(task: Task, va: number): void {
  const bytes = new Uint8Array(COMM_SIZE - 1);
  let n = 0;
  for (; n < bytes.length; n++) {
    const c = task.mm.readU8(va + n);
    if (c === 0) break;
    bytes[n] = c;
  }
  task.comm = decodeName(bytes.subarray(0, n));
}

function ambient(task: Task, operation: number, cap: number): number {
  const { credentials } = task;
  if (operation === AMBIENT.CLEAR_ALL) {
    task.credentials = credentials.with({ ambient: 0n });
    return 0;
  }
  if (cap < 0 || cap > CAP_LAST_CAP) return -EINVAL;
  const bit = 1n << BigInt(cap);
  switch (operation) {
    case AMBIENT.IS_SET: return (credentials.ambient & bit) !== 0n ? 1 : 0;
    case AMBIENT.RAISE:
      if ((credentials.permitted & credentials.inheritable & bit) === 0n) return -EPERM;
      task.credentials = credentials.with({ ambient: credentials.ambient | bit });
      return 0;
    case AMBIENT.LOWER: task.credentials = credentials.with({ ambient: credentials.ambient & ~bit }); return 0;
    default: return -EINVAL;
  }
}

const ARCH = { SET_GS: 0x1001, SET_FS: 0x1002, GET_FS: 0x1003, GET_GS: 0x1004, GET_CPUID: 0x1011, SET_CPUID: 0x1012 } as const;

function archPrctl(task: Task, code: number, address: number): number {
  const { state } = task.kernel.cpu;
  switch (code) {
    case ARCH.SET_FS: case ARCH.SET_GS:
      if (address < 0 || address >= TASK_SIZE) return -EPERM;
      if (code === ARCH.SET_FS) state.fsBase = address; else state.gsBase = address;
      return 0;
    case ARCH.GET_FS: task.mm.writeU64(address, state.fsBase); return 0;
    case ARCH.GET_GS: task.mm.writeU64(address, state.gsBase); return 0;
    case ARCH.GET_CPUID: return 1;
    case ARCH.SET_CPUID: return -ENODEV;
    default: return -EINVAL;
  }
}

export const prctlCalls: readonly SyscallRow[] = [
  partial(157, 'prctl', 'int,ptr,ptr,ptr,ptr', 'seccomp is EINVAL, PR_SET_MM is EPERM, names of memory areas are accepted and forgotten', prctl),
  full(158, 'arch_prctl', 'flags,ptr', archPrctl),
];

