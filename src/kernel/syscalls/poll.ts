/** System calls that wait for readiness: poll(2), ppoll(2), select(2), pselect(2). Epoll is in event.ts. */
import { EBADF, EINTR, EINVAL } from '../../abi/errno.ts';
import { O_PATH } from '../../abi/fcntl.ts';
import { POLLERR, POLLFD_SIZE, POLLHUP, POLLNVAL, SELECT_EX, SELECT_IN, SELECT_OUT } from '../../abi/poll.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import type { WaitQueue } from '../wait-queue.ts';
import { Block, full, type SysResult, type SyscallRow } from './define.ts';

/** What survives in Block.state: when to give up. */
class PollWait {
  constructor(readonly deadline: number | undefined) {}
}

const SIGSET_SIZE = 8;
const MAX_FDS = 1 << 20;

/** Where a timeout came from, so that what is left of it can be written back. */
interface Timeout { deadline: number | undefined; expired: boolean; writeBack: (() => void) | undefined }

/** A relative timeout in ms, turned into a deadline once and kept across calls. undefined waits for ever. */
function timeoutOf(task: Task, ms: number | undefined, writeBack?: (deadline: number) => void): Timeout {
  const earlier = task.waitState instanceof PollWait ? task.waitState : undefined;
  const deadline = earlier ? earlier.deadline : ms === undefined ? undefined : task.kernel.deadline(ms);
  const expired = ms !== undefined && (earlier ? task.timedOut : ms <= 0);
  return { deadline, expired, writeBack: writeBack && deadline !== undefined ? () => writeBack(deadline) : undefined };
}

function park(queues: WaitQueue[], timeout: Timeout): Block {
  return new Block(queues, timeout.deadline, 'nohand', new PollWait(timeout.deadline), () => {
    timeout.writeBack?.();
    return -EINTR;
  });
}

/** Reads a struct timespec, or timeval with `perMs` 1000: ms, or -1 for an invalid one. */
function readTime(task: Task, pointer: number, perMs: number): number {
  const sec = task.mm.readI64(pointer), fraction = task.mm.readI64(pointer + 8);
  const limit = perMs * 1000;
  if (sec < 0 || fraction < 0 || (perMs === 1e6 && fraction >= limit)) return -1;
  return sec * 1000 + fraction / perMs;
}

function timeFrom(task: Task, pointer: number, perMs: number): Timeout | undefined {
  if (pointer === 0) return timeoutOf(task, undefined);
  const ms = readTime(task, pointer, perMs);
  if (ms < 0) return undefined;
  return timeoutOf(task, ms, (deadline) => {
    const left = Math.max(0, deadline - task.kernel.clock.monotonic()), sec = Math.floor(left / 1000);
    task.mm.writeU64(pointer, sec);
    task.mm.writeU64(pointer + 8, Math.floor((left - sec * 1000) * perMs));
  });
}

function isPollable(file: File | undefined): file is File { return file !== undefined && !(file.flags & O_PATH); }

function pollFds(task: Task, pointer: number, count: number, timeout: Timeout): SysResult {
  count >>>= 0;
  if (count > MAX_FDS) return -EINVAL;
  const bytes = task.mm.copyIn(pointer, count * POLLFD_SIZE), view = new DataView(bytes.buffer);
  const queues: WaitQueue[] = [];
  let ready = 0;
  for (let at = 0; at < bytes.length; at += POLLFD_SIZE) {
    const fd = view.getInt32(at, true);
    let revents = 0;
    if (fd >= 0) {
      const file = task.files.peek(fd);
      if (isPollable(file)) {
        revents = file.poll() & (view.getUint16(at + 4, true) | POLLERR | POLLHUP);
        queues.push(file.waiters);
      } else {
        revents = POLLNVAL;
      }
    }
    view.setUint16(at + 6, revents, true);
    if (revents !== 0) ready++;
  }
  if (ready === 0 && !timeout.expired) return park(queues, timeout);
  task.mm.copyOut(pointer, bytes);
  timeout.writeBack?.();
  return ready;
}

function poll(task: Task, pointer: number, count: number, ms: number): SysResult {
  ms |= 0;
  return pollFds(task, pointer, count, timeoutOf(task, ms < 0 ? undefined : ms));
}

/** Sets the signal mask for the time of the call; false when the size is wrong. */
export function temporaryMask(task: Task, pointer: number, size: number): boolean {
  if (pointer === 0) return true;
  if (size !== SIGSET_SIZE) return false;
  task.setTemporaryMask(task.mm.readBig(pointer));
  return true;
}

function ppoll(task: Task, pointer: number, count: number, time: number, mask: number, maskSize: number): SysResult {
  const timeout = timeFrom(task, time, 1e6);
  if (!timeout || !temporaryMask(task, mask, maskSize)) return -EINVAL;
  return pollFds(task, pointer, count, timeout);
}

function selectFds(task: Task, count: number, pointers: readonly number[], timeout: Timeout): SysResult {
  count |= 0;
  if (count < 0) return -EINVAL;
  const open = task.files.list();
  count = Math.min(count, Math.max(64, Math.ceil(((open.at(-1) ?? 0) + 1) / 64) * 64));
  const size = Math.ceil(count / 64) * 8;
  const wanted = pointers.map((p) => (p === 0 ? undefined : task.mm.copyIn(p, size)));
  const got = wanted.map(() => new Uint8Array(size));
  const masks = [SELECT_IN, SELECT_OUT, SELECT_EX];
  const queues: WaitQueue[] = [];
  let ready = 0;
  for (let fd = 0; fd < count; fd++) {
    const byte = fd >> 3, bit = 1 << (fd & 7);
    if (!wanted.some((set) => set && set[byte] & bit)) continue;
    const file = task.files.peek(fd);
    if (!isPollable(file)) return -EBADF;
    const events = file.poll();
    queues.push(file.waiters);
    wanted.forEach((set, i) => {
      if (!set || !(set[byte] & bit) || !(events & masks[i])) return;
      got[i][byte] |= bit;
      ready++;
    });
  }
  if (ready === 0 && !timeout.expired) return park(queues, timeout);
  pointers.forEach((p, i) => { if (p !== 0) task.mm.copyOut(p, got[i]); });
  timeout.writeBack?.();
  return ready;
}

function select(task: Task, count: number, r: number, w: number, e: number, time: number): SysResult {
  const timeout = timeFrom(task, time, 1000);
  return timeout ? selectFds(task, count, [r, w, e], timeout) : -EINVAL;
}

function pselect6(task: Task, count: number, r: number, w: number, e: number, time: number, maskArgument: number): SysResult {
  const timeout = timeFrom(task, time, 1e6);
  if (!timeout) return -EINVAL;
  if (maskArgument !== 0 && !temporaryMask(task, task.mm.readU64(maskArgument), task.mm.readU64(maskArgument + 8))) return -EINVAL;
  return selectFds(task, count, [r, w, e], timeout);
}

export const pollCalls: readonly SyscallRow[] = [
  full(7, 'poll', 'ptr,uint,int', poll),
  full(23, 'select', 'int,ptr,ptr,ptr,ptr', select),
  full(270, 'pselect6', 'int,ptr,ptr,ptr,ptr,ptr', pselect6),
  full(271, 'ppoll', 'ptr,uint,ptr,ptr,size', ppoll),
];
