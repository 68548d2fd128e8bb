/**
 * docker run --init: process 1 that reaps orphans, passes signals on to the program, and ends with it (what tini does).
 * It is a process without code: its one task never runs, every signal stays pending and is taken from there.
 */
import { SIG_IGN, SIGCHLD, UNBLOCKABLE } from '../abi/signal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Mm } from '../kernel/mm/mm.ts';
import { Block } from '../kernel/syscalls/define.ts';
import { exitGroup } from '../kernel/task/exit.ts';
import { Process } from '../kernel/task/process.ts';
import { Rlimits } from '../kernel/task/rlimits.ts';
import { ProcessGroup, Session } from '../kernel/task/session.ts';
import { SignalHandlers } from '../kernel/task/signal-state.ts';
import { Task } from '../kernel/task/task.ts';
import { FdTable } from '../kernel/vfs/fd-table.ts';

export class InitProcess {
  readonly process: Process;
  private readonly task: Task;
  private program: Process | undefined;

  /** Preconditions: nothing runs yet. */
  constructor(private readonly kernel: Kernel, like: Task) {
    const pid = kernel.allocatePid();
    this.process = new Process(kernel, pid, undefined, new SignalHandlers(), new Rlimits());
    this.task = new Task(kernel, pid, this.process, kernel.cpu.newContext(), new Mm(kernel.pages, kernel.cpu.mmu), new FdTable(), like.fs.clone(), like.credentials, 'docker-init');
    this.task.blocked = ~UNBLOCKABLE & ((1n << 64n) - 1n);
    this.task.park(-1, [], new Block([], undefined, 'never'));
    this.process.leader = this.task;
    this.process.threads.add(this.task);
    this.process.joinGroup(new ProcessGroup(pid, new Session(pid)));
    this.process.handlers.set(SIGCHLD, { ...this.process.handlers.get(SIGCHLD), handler: SIG_IGN });
    this.process.signalWaiters.add({ wake: () => { this.passOn(); } });
    kernel.processes.set(pid, this.process);
    kernel.tasks.set(pid, this.task);
    kernel.init = this.process;
  }

  /** The program has started. */
  adopt(program: Process): void {
    this.program = program;
    if (program.exited) return;
    program.parent = this.process;
    this.process.children.add(program);
  }

  /** The program has ended, or never started: everything else ends too. */
  exit(status: number): void { exitGroup(this.process, status); }

  private passOn(): void {
    const { signals } = this.kernel;
    for (let info = signals.dequeue(this.task, this.task.blocked); info; info = signals.dequeue(this.task, this.task.blocked)) {
      if (this.program && info.signo !== SIGCHLD) signals.sendToProcess(this.program, info);
    }
  }
}
