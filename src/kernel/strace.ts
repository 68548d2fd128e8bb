/** System calls as strace(1) prints them; the argument kinds come from the signature of the call's row. */
import { errnoName, errnoText, Errno } from '../abi/errno.ts';
import { signalName } from '../abi/signal.ts';
import { PageWait } from './mm/mm.ts';
import type { SyscallRow } from './syscalls/define.ts';
import type { Task } from './task/task.ts';

const SHOWN = 32;

/** One line for a call that has ended; `result` is undefined when it does not return. */
export function formatCall(task: Task, row: SyscallRow | undefined, nr: number, args: readonly number[], result: number | undefined): string {
  const name = row?.name ?? `syscall_${nr}`;
  const kinds = row ? (row.signature === '' ? [] : row.signature.split(/[ ,]+/)) : args.map(() => 'ptr');
  const shown = kinds.map((kind, i) => argument(task, kind, args, i, result));
  return `[pid ${task.tid}] ${name}(${shown.join(', ')}) = ${outcome(result)}`;
}

function outcome(result: number | undefined): string {
  if (result === undefined) return '?';
  if (result >= 0) return result > 0xffff ? `0x${result.toString(16)}` : `${result}`;
  if (result >= -4095) return `-1 ${errnoName(-result)} (${errnoText(-result)})`;
  return '0';
}

function argument(task: Task, kind: string, args: readonly number[], i: number, result: number | undefined): string {
  const value = args[i];
  const [type, detail] = kind.split(':');
  switch (type) {
    case 'fd': return value === -100 ? 'AT_FDCWD' : `${value | 0}`;
    case 'path': case 'str': return value === 0 ? 'NULL' : guest(value, () => quote(task.mm.readCString(value, 4096)));
    case 'buf': return guest(value, () => buffer(task, value, args[Number(detail)]));
    case 'out': return result !== undefined && result >= 0 ? guest(value, () => buffer(task, value, Math.min(result, args[Number(detail)]))) : hex(value);
    case 'int': case 'pid': return `${value | 0}`;
    case 'uint': return `${value >>> 0}`;
    case 'size': case 'off': return `${value}`;
    case 'mode': return `0${(value >>> 0).toString(8)}`;
    case 'sig': return signalName(value);
    case 'flags': return hex(value >>> 0);
    default: return value === 0 ? 'NULL' : hex(value);
  }
}

function hex(n: number): string { return n < 0 ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`; }

function guest(va: number, read: () => string): string {
  try {
    return read();
  } catch (e) {
    if (e instanceof Errno || e instanceof PageWait) return hex(va);
    throw e;
  }
}

function buffer(task: Task, va: number, length: number): string {
  const n = Math.max(0, Math.min(length, SHOWN));
  return quote(task.mm.copyIn(va, n)) + (length > SHOWN ? '...' : '');
}

function quote(bytes: Uint8Array): string {
  let out = '';
  for (const b of bytes) {
    if (b === 0x0a) out += '\\n';
    else if (b === 0x09) out += '\\t';
    else if (b === 0x0d) out += '\\r';
    else if (b === 0x22 || b === 0x5c) out += `\\${String.fromCharCode(b)}`;
    else if (b < 0x20 || b >= 0x7f) out += `\\${b.toString(8)}`;
    else out += String.fromCharCode(b);
  }
  return `"${out}"`;
}
