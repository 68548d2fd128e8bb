/** SysV IPC: shared memory, semaphores, message queues (sysvipc(7)). */
import { MessageQueues } from '../ipc/msg.ts';
import { Semaphores } from '../ipc/sem.ts';
import { SharedSegments } from '../ipc/shm.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { partial, type SyscallRow } from './define.ts';

/** The IPC namespace of a container. */
export class SysvIpc {
  readonly shm = new SharedSegments();
  readonly sem = new Semaphores();
  readonly msg = new MessageQueues();
}

const namespaces = new WeakMap<Kernel, SysvIpc>();

function ipc(task: Task): SysvIpc {
  const { kernel } = task;
  let found = namespaces.get(kernel);
  if (!found) {
    const made = found = new SysvIpc();
    namespaces.set(kernel, made);
    kernel.onProcessExit.push((process) => made.sem.exit(process));
  }
  return found;
}

const NO_INFO = 'IPC_INFO, *_INFO and *_STAT by index are EINVAL';

export const ipcCalls: readonly SyscallRow[] = [
  partial(29, 'shmget', 'int,size,flags', 'huge pages are ignored', (t, key, size, flags) => ipc(t).shm.get(t, key | 0, size, flags)),
  partial(30, 'shmat', 'int,ptr,flags', 'huge pages are ignored', (t, id, address, flags) => ipc(t).shm.attach(t, id, address, flags)),
  partial(31, 'shmctl', 'int,int,ptr', NO_INFO, (t, id, command, buffer) => ipc(t).shm.control(t, id, command, buffer)),
  partial(64, 'semget', 'int,int,flags', NO_INFO, (t, key, count, flags) => ipc(t).sem.get(t, key | 0, count, flags)),
  partial(65, 'semop', 'int,ptr,uint', NO_INFO, (t, id, ops, count) => ipc(t).sem.operate(t, id, ops, count, 0)),
  partial(66, 'semctl', 'int,int,int,ptr', NO_INFO, (t, id, num, command, arg) => ipc(t).sem.control(t, id, num, command, arg)),
  partial(67, 'shmdt', 'ptr', NO_INFO, (t, address) => ipc(t).shm.detach(t, address)),
  partial(68, 'msgget', 'int,flags', NO_INFO, (t, key, flags) => ipc(t).msg.get(t, key | 0, flags)),
  partial(69, 'msgsnd', 'int,ptr,size,flags', NO_INFO, (t, id, from, size, flags) => ipc(t).msg.send(t, id, from, size, flags)),
  partial(70, 'msgrcv', 'int,ptr,size,int,flags', 'MSG_COPY is not supported', (t, id, to, size, type, flags) => ipc(t).msg.receive(t, id, to, size, type, flags)),
  partial(71, 'msgctl', 'int,int,ptr', NO_INFO, (t, id, command, buffer) => ipc(t).msg.control(t, id, command, buffer)),
  partial(220, 'semtimedop', 'int,ptr,uint,ptr', NO_INFO, (t, id, ops, count, timeout) => ipc(t).sem.operate(t, id, ops, count, timeout)),
];
