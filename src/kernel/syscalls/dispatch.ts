/** From the SYSCALL instruction to a handler of the table and back: arguments, results, blocking, strace. */
import { EINTR, ENOSYS, Errno } from '../../abi/errno.ts';
import { Reg } from '../../cpu/cpu.ts';
import { MemoryExhausted, PageWait } from '../mm/mm.ts';
import { killForMemory } from '../task/exit.ts';
import { formatCall } from '../strace.ts';
import type { Task, Wait } from '../task/task.ts';
import { Block, NO_RESULT, type SyscallRow } from './define.ts';
import { nameOf } from './names.ts';
import { syscalls } from './table.ts';

const rows: (SyscallRow | undefined)[] = [];
for (const row of syscalls) rows[row.nr] = row;

/** Runs the call that the loaded task asks for, or again the one it has blocked in. */
export function systemCall(task: Task, wait?: Wait): void {
  const { state } = task.kernel.cpu;
  const nr = wait ? wait.nr : state.get(Reg.rax);
  const args = wait?.args;
  const a0 = args ? args[0] : state.get(Reg.rdi), a1 = args ? args[1] : state.get(Reg.rsi), a2 = args ? args[2] : state.get(Reg.rdx);
  const a3 = args ? args[3] : state.get(Reg.r10), a4 = args ? args[4] : state.get(Reg.r8), a5 = args ? args[5] : state.get(Reg.r9);
  const row = rows[nr];
  if (row === undefined) {
    unknown(task, nr);
    complete(task, nr, [a0, a1, a2, a3, a4, a5], -ENOSYS);
    return;
  }
  let result: number | Block;
  try {
    result = row.handler(task, a0, a1, a2, a3, a4, a5);
  } catch (e) {
    if (e instanceof Errno) result = -e.code;
    else if (e instanceof PageWait) result = new Block([e.queue], undefined, 'never', task.waitState, task.wait?.block.abandoned);
    else if (e instanceof MemoryExhausted) result = retryWithoutVictim(task);
    else throw e;
  }
  if (!task.alive) {
    task.kernel.strace?.(formatCall(task, row, nr, [a0, a1, a2, a3, a4, a5], undefined));
    return;
  }
  if (result instanceof Block) {
    task.park(nr, args ?? [a0, a1, a2, a3, a4, a5], result);
    if (task.signalPending && result.restart !== 'never') task.wake();
    return;
  }
  task.wait = undefined;
  if (task.kernel.strace) { complete(task, nr, args ?? [a0, a1, a2, a3, a4, a5], result); return; }
  finish(task, result);
}

/** Kills for memory and, if that hit another process, calls the handler again at once. */
function retryWithoutVictim(task: Task): Block {
  killForMemory(task.kernel);
  return new Block([], task.kernel.clock.monotonic(), 'never', task.waitState, task.wait?.block.abandoned);
}

/** Ends a call with a result. */
export function complete(task: Task, nr: number, args: readonly number[], result: number): void {
  const { strace } = task.kernel;
  if (strace) strace(formatCall(task, rows[nr], nr, args, result));
  finish(task, result);
}

function finish(task: Task, result: number): void {
  if (result !== NO_RESULT) task.kernel.cpu.state.set(Reg.rax, result);
  if (task.savedMask === undefined || result === -EINTR) return;
  const mask = task.savedMask;
  task.savedMask = undefined;
  task.kernel.signals.setMask(task, mask);
}

function unknown(task: Task, nr: number): void {
  const { reported, log } = task.kernel;
  if (reported.has(nr)) return;
  reported.add(nr);
  log('kernel', `unimplemented syscall ${nameOf(nr)} (${nr}) called by ${task.comm}`);
}

