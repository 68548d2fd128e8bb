/** Runs one task on the CPU until its slice ends, it blocks, stops or dies: system calls, faults and signals in between. */
import { EINTR } from '../../abi/errno.ts';
import { BUS_ADRALN, FPE_FLTINV, FPE_INTDIV, ILL_ILLOPN, SA_RESTART, SI_KERNEL, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, TRAP_TRACE } from '../../abi/signal.ts';
import { Access, type CpuFault, Exit, Reg, Vector } from '../../cpu/cpu.ts';
import type { Kernel } from '../kernel.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { complete, systemCall } from '../syscalls/dispatch.ts';
import { Block } from '../syscalls/define.ts';
import { checkCpuTimers } from './cpu-timers.ts';
import { killForMemory } from './exit.ts';
import type { SigInfo } from './signal-state.ts';
import type { Task } from './task.ts';

/** Instructions in a millisecond, learnt while running; the first guess is an interpreter's. */
let rate = 100_000;
const SMALLEST_BUDGET = 10_000;
const SYSCALL_LENGTH = 2;

/** Preconditions: the task is ready and taken out of the run queue. */
export function runTask(kernel: Kernel, task: Task, end: number): void {
  const { cpu, clock } = kernel;
  let now = clock.monotonic();
  const started = now;
  kernel.sliceStart = now;
  cpu.load(task.context, task.mm);
  if (task.wait) resumeWait(kernel, task);
  while (task.state === 'ready' && task.process.stopSignal === 0) {
    if (task.signalPending) {
      if (task.wait) { resumeWait(kernel, task); continue; }
      kernel.signals.deliver(task);
      if (task.state !== 'ready' || task.process.stopSignal !== 0) break;
    }
    if (task.wait) { resumeWait(kernel, task); continue; }
    if (task.savedMask !== undefined) {
      const mask = task.savedMask;
      task.savedMask = undefined;
      kernel.signals.setMask(task, mask);
      continue;
    }
    const before = cpu.counters.instructions;
    const ranFrom = now;
    const exit = cpu.run(Math.max(SMALLEST_BUDGET, Math.floor(rate * Math.max(0, end - now))));
    if (exit === Exit.Syscall) systemCall(task);
    else if (exit === Exit.Fault) handleFault(kernel, task, cpu.fault);
    now = clock.monotonic();
    const done = cpu.counters.instructions - before;
    if (exit === Exit.Interrupted && now - ranFrom > 0.5) rate += (done / (now - ranFrom) - rate) * 0.2;
    if (now >= end) break;
    if (kernel.yielding) {
      kernel.yielding = false;
      if (kernel.scheduler.ready) break;
    }
  }
  const spent = now - started;
  task.userTime += spent;
  kernel.cpuMs += spent;
  checkCpuTimers(task, spent);
}

/** Goes on with a blocked call: its handler is called again, or a signal ends it. */
function resumeWait(kernel: Kernel, task: Task): void {
  const wait = task.wait!;
  const { restart } = wait.block;
  if (task.signalPending && restart !== 'never') {
    const delivery = kernel.signals.next(task);
    if (!task.alive || task.process.stopSignal !== 0) return;
    if (delivery !== undefined) {
      const { state } = kernel.cpu;
      const result = task.abandonWait();
      if (result === -EINTR && restart === 'sys' && (delivery.action.flags & SA_RESTART) !== 0) {
        state.set(Reg.rax, wait.nr);
        state.rip -= SYSCALL_LENGTH;
      } else {
        complete(task, wait.nr, wait.args, result);
      }
      kernel.signals.enter(task, delivery);
      return;
    }
  }
  if (wait.nr < 0) {
    task.wait = undefined;
    return;
  }
  systemCall(task, wait);
}

/** An exception of the guest: the page is made present, or the thread gets a signal. */
function handleFault(kernel: Kernel, task: Task, fault: CpuFault): void {
  if (fault.vector !== Vector.PF) {
    task.trap = { number: fault.vector, error: 0, cr2: task.trap.cr2 };
    kernel.signals.force(task, exceptionSignal(kernel, fault));
    return;
  }
  const { mm } = task;
  const page = fault.address - (((fault.address % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE);
  if (page < 0) {
    segfault(kernel, task, fault, SIGSEGV, SI_KERNEL);
    return;
  }
  if (mm.failedPage !== page && mm.resolve(page, fault.access) !== 0) return;
  mm.failedPage = -1;
  const why = mm.failure;
  switch (why.kind) {
    case 'load':
      task.process.majorFaults++;
      task.park(-1, [], new Block([why.queue], undefined, 'never'));
      return;
    case 'memory':
      killForMemory(kernel);
      return;
    case 'signal':
      segfault(kernel, task, fault, why.signal, why.code);
  }
}

function segfault(kernel: Kernel, task: Task, fault: CpuFault, signo: number, code: number): void {
  const error = 4 | (fault.access === Access.Write ? 2 : 0) | (fault.access === Access.Execute ? 16 : 0) | (task.mm.table.get(fault.address - (fault.address % PAGE_SIZE)) === 0 ? 0 : 1);
  task.trap = { number: Vector.PF, error, cr2: fault.address };
  kernel.signals.force(task, { signo, code, address: code === SI_KERNEL ? 0 : fault.address });
}

function exceptionSignal(kernel: Kernel, fault: CpuFault): SigInfo {
  const { state } = kernel.cpu;
  switch (fault.vector) {
    case Vector.DE: return { signo: SIGFPE, code: FPE_INTDIV, address: state.rip };
    case Vector.DB: return { signo: SIGTRAP, code: TRAP_TRACE, address: state.rip };
    case Vector.BP: return { signo: SIGTRAP, code: SI_KERNEL, address: 0 };
    case Vector.UD: return { signo: SIGILL, code: ILL_ILLOPN, address: state.rip };
    case Vector.MF: case Vector.XM: return { signo: SIGFPE, code: FPE_FLTINV, address: state.rip };
    case Vector.AC: return { signo: SIGBUS, code: BUS_ADRALN, address: fault.address };
    default: return { signo: SIGSEGV, code: SI_KERNEL, address: 0 };
  }
}

