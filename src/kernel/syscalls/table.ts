/** Every system call this kernel knows, one row each; the support page and the log of unknown calls come from here. */
import type { SyscallRow } from './define.ts';
import { pipeCalls } from './pipe.ts';
import { nameOf } from './names.ts';

export const syscalls: readonly SyscallRow[] = [...pipeCalls];

/** Name of a call, known to this kernel or not. */
export function syscallName(nr: number): string { return nameOf(nr); }
