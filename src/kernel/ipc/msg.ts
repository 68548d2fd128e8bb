/** SysV message queues (msgget(2), msgop(2), msgctl(2)). */
import { E2BIG, EAGAIN, EIDRM, EINVAL, ENOMSG } from '../../abi/errno.ts';
import { Block, type SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../wait-queue.ts';
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, IpcObject, IpcTable } from './ids.ts';

const MSG_NOERROR = 0o10000, MSG_EXCEPT = 0o20000;
const MSGMAX = 8192, MSGMNB = 16384;
const MSQID_DS = 120;

interface Message { type: number; body: Uint8Array }

export class MessageQueue extends IpcObject {
  readonly messages: Message[] = [];
  bytes = 0;
  limit = MSGMNB;
  stime = 0;
  rtime = 0;
  sender = 0;
  receiver = 0;
  readonly waiters = new WaitQueue();
}

export class MessageQueues {
  readonly table = new IpcTable<MessageQueue>(32000);

  get(task: Task, key: number, flags: number): number { return this.table.obtain(task, key, flags, () => {}, () => new MessageQueue()); }

  send(task: Task, id: number, from: number, size: number, flags: number): SysResult {
    const queue = (task.waitState as MessageQueue | undefined) ?? this.table.get(id);
    if (queue.removed) return -EIDRM;
    const type = task.mm.readI64(from);
    if (type < 1 || size < 0 || size > MSGMAX) return -EINVAL;
    queue.permit(task, 2);
    if (queue.bytes + size > queue.limit || queue.messages.length >= queue.limit) {
      return flags & IPC_NOWAIT ? -EAGAIN : new Block([queue.waiters], undefined, 'nohand', queue);
    }
    queue.messages.push({ type, body: task.mm.copyIn(from + 8, size) });
    queue.bytes += size;
    queue.stime = now(task);
    queue.sender = task.process.pid;
    queue.waiters.wake();
    return 0;
  }

  receive(task: Task, id: number, to: number, size: number, type: number, flags: number): SysResult {
    const queue = (task.waitState as MessageQueue | undefined) ?? this.table.get(id);
    if (queue.removed) return -EIDRM;
    if (size < 0) return -EINVAL;
    queue.permit(task, 4);
    task.mm.awaitPages(to, 8 + size);
    const index = choose(queue, type, flags);
    if (index < 0) return flags & IPC_NOWAIT ? -ENOMSG : new Block([queue.waiters], undefined, 'nohand', queue);
    const message = queue.messages[index];
    if (message.body.length > size && !(flags & MSG_NOERROR)) return -E2BIG;
    const body = message.body.subarray(0, size);
    task.mm.writeU64(to, message.type);
    task.mm.copyOut(to + 8, body);
    queue.messages.splice(index, 1);
    queue.bytes -= message.body.length;
    queue.rtime = now(task);
    queue.receiver = task.process.pid;
    queue.waiters.wake();
    return body.length;
  }

  control(task: Task, id: number, command: number, buffer: number): number {
    const queue = this.table.get(id);
    switch (command & 0xff) {
      case IPC_STAT: {
        queue.permit(task, 4);
        const v = new DataView(new ArrayBuffer(MSQID_DS));
        queue.writePerm(v);
        [queue.stime, queue.rtime, queue.ctime, queue.bytes, queue.messages.length, queue.limit].forEach((n, i) => v.setBigUint64(48 + i * 8, BigInt(n), true));
        v.setInt32(96, queue.sender, true);
        v.setInt32(100, queue.receiver, true);
        task.mm.copyOut(buffer, new Uint8Array(v.buffer));
        return 0;
      }
      case IPC_SET: {
        const v = new DataView(task.mm.copyIn(buffer, MSQID_DS).buffer);
        queue.readPerm(task, v);
        queue.limit = Math.min(Number(v.getBigUint64(88, true)), MSGMNB);
        return 0;
      }
      case IPC_RMID:
        queue.permitOwner(task);
        this.table.remove(queue);
        queue.waiters.wake();
        return 0;
      default: return -EINVAL;
    }
  }
}

function choose(queue: MessageQueue, type: number, flags: number): number {
  const { messages } = queue;
  if (type === 0) return messages.length > 0 ? 0 : -1;
  if (type > 0) return messages.findIndex((m) => (m.type === type) !== ((flags & MSG_EXCEPT) !== 0));
  let best = -1;
  messages.forEach((m, i) => { if (m.type <= -type && (best < 0 || m.type < messages[best].type)) best = i; });
  return best;
}

function now(task: Task): number { return Math.floor(task.kernel.clock.now() / 1000); }
