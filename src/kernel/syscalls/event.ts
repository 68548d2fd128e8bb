/** System calls that make descriptors for events: epoll(7), eventfd(2), timerfd_create(2), signalfd(2), inotify(7). */
import { CAP_WAKE_ALARM } from '../../abi/capability.ts';
import { EINTR, EINVAL, EPERM } from '../../abi/errno.ts';
import { EPOLLEXCLUSIVE, EPOLL_CLOEXEC, EPOLL_CTL_DEL, EPOLL_EVENT_SIZE } from '../../abi/epoll.ts';
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK, R_OK } from '../../abi/fcntl.ts';
import { POLLERR, POLLHUP } from '../../abi/poll.ts';
import { EpollFile } from '../fs/anon/epoll.ts';
import { EFD_SEMAPHORE, EventFile } from '../fs/anon/eventfd.ts';
import { IN_DONT_FOLLOW, IN_ONLYDIR, InotifyFile } from '../fs/anon/inotify.ts';
import { SignalFile } from '../fs/anon/signalfd.ts';
import { CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM, CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_REALTIME_ALARM, TimerFile } from '../fs/anon/timerfd.ts';
import type { Task } from '../task/task.ts';
import { resolve, Walk } from '../vfs/namei.ts';
import { permit } from '../vfs/permission.ts';
import { Block, full, type SysResult, type SyscallRow } from './define.ts';
import { temporaryMask } from './poll.ts';

const EFD_FLAGS = EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK;
const TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2;
const MAX_EVENTS = Math.floor(0x7fffffff / EPOLL_EVENT_SIZE);

// ---- epoll ----

function epollCreate(task: Task, flags: number): number {
  if (flags & ~EPOLL_CLOEXEC) return -EINVAL;
  return task.files.install(new EpollFile(task), (flags & EPOLL_CLOEXEC) !== 0);
}

function epollOf(task: Task, fd: number): EpollFile | undefined {
  const file = task.files.get(fd);
  return file instanceof EpollFile ? file : undefined;
}

function epollCtl(task: Task, epfd: number, operation: number, fd: number, pointer: number): number {
  const epoll = task.files.get(epfd), file = task.files.get(fd);
  if (!(epoll instanceof EpollFile)) return -EINVAL;
  if (operation === EPOLL_CTL_DEL) return epoll.control(operation, fd, file, 0, 0n);
  const view = new DataView(task.mm.copyIn(pointer, EPOLL_EVENT_SIZE).buffer);
  const events = view.getInt32(0, true);
  return epoll.control(operation, fd, file, events & EPOLLEXCLUSIVE ? events : events | POLLERR | POLLHUP, view.getBigUint64(4, true));
}

class EpollWait {
  constructor(readonly deadline: number | undefined) {}
}

/** @param ms timeout; undefined waits for ever */
function epollWait(task: Task, epfd: number, pointer: number, max: number, ms: number | undefined): SysResult {
  max |= 0;
  const epoll = epollOf(task, epfd);
  if (!epoll || max <= 0 || max > MAX_EVENTS) return -EINVAL;
  const found = epoll.collect(max);
  const earlier = task.waitState instanceof EpollWait ? task.waitState : undefined;
  if (found.length === 0 && !(earlier ? task.timedOut : ms !== undefined && ms <= 0)) {
    const deadline = earlier ? earlier.deadline : ms === undefined ? undefined : task.kernel.deadline(ms);
    return new Block([epoll.waiters], deadline, 'nohand', new EpollWait(deadline), () => -EINTR);
  }
  const out = new Uint8Array(found.length * EPOLL_EVENT_SIZE), view = new DataView(out.buffer);
  found.forEach(({ events, data }, i) => {
    view.setUint32(i * EPOLL_EVENT_SIZE, events, true);
    view.setBigUint64(i * EPOLL_EVENT_SIZE + 4, data, true);
  });
  task.mm.copyOut(pointer, out);
  return found.length;
}

function epollPwait(task: Task, epfd: number, pointer: number, max: number, ms: number, mask: number, maskSize: number): SysResult {
  ms |= 0;
  if (!temporaryMask(task, mask, maskSize)) return -EINVAL;
  return epollWait(task, epfd, pointer, max, ms < 0 ? undefined : ms);
}

function epollPwait2(task: Task, epfd: number, pointer: number, max: number, time: number, mask: number, maskSize: number): SysResult {
  if (!temporaryMask(task, mask, maskSize)) return -EINVAL;
  if (time === 0) return epollWait(task, epfd, pointer, max, undefined);
  const sec = task.mm.readI64(time), nsec = task.mm.readI64(time + 8);
  if (sec < 0 || nsec < 0 || nsec >= 1e9) return -EINVAL;
  return epollWait(task, epfd, pointer, max, sec * 1000 + nsec / 1e6);
}

// ---- eventfd, signalfd ----

function eventfd(task: Task, count: number, flags: number): number {
  if (flags & ~EFD_FLAGS) return -EINVAL;
  return task.files.install(new EventFile(task, BigInt(count >>> 0), flags), (flags & O_CLOEXEC) !== 0);
}

function signalfd(task: Task, fd: number, maskPointer: number, size: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK) || size !== 8) return -EINVAL;
  const mask = task.mm.readBig(maskPointer);
  fd |= 0;
  if (fd === -1) return task.files.install(new SignalFile(task, mask, flags), (flags & O_CLOEXEC) !== 0);
  const file = task.files.get(fd);
  if (!(file instanceof SignalFile)) return -EINVAL;
  file.setMask(mask);
  return fd;
}

// ---- timerfd ----

const CLOCKS = [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM];

function timerfdCreate(task: Task, clock: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK) || !CLOCKS.includes(clock)) return -EINVAL;
  if ((clock === CLOCK_REALTIME_ALARM || clock === CLOCK_BOOTTIME_ALARM) && !task.credentials.has(CAP_WAKE_ALARM)) return -EPERM;
  return task.files.install(new TimerFile(task, clock, flags), (flags & O_CLOEXEC) !== 0);
}

/** Reads a struct timespec in ms; undefined when it is invalid. */
function readTimespec(task: Task, pointer: number): number | undefined {
  const sec = task.mm.readI64(pointer), nsec = task.mm.readI64(pointer + 8);
  return sec < 0 || nsec < 0 || nsec >= 1e9 ? undefined : sec * 1000 + nsec / 1e6;
}

function writeTimespec(task: Task, pointer: number, ms: number): void {
  const nanoseconds = Math.round(ms * 1e6);
  task.mm.writeU64(pointer, Math.floor(nanoseconds / 1e9));
  task.mm.writeU64(pointer + 8, nanoseconds % 1e9);
}

function writeItimerspec(task: Task, pointer: number, { value, interval }: { value: number; interval: number }): void {
  writeTimespec(task, pointer, interval);
  writeTimespec(task, pointer + 16, value);
}

function timerfdSettime(task: Task, fd: number, flags: number, next: number, old: number): number {
  if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
  const interval = readTimespec(task, next), value = readTimespec(task, next + 16);
  const file = task.files.get(fd);
  if (!(file instanceof TimerFile) || interval === undefined || value === undefined) return -EINVAL;
  const before = file.get();
  file.set(value, interval, (flags & TFD_TIMER_ABSTIME) !== 0);
  if (old !== 0) writeItimerspec(task, old, before);
  return 0;
}

function timerfdGettime(task: Task, fd: number, pointer: number): number {
  const file = task.files.get(fd);
  if (!(file instanceof TimerFile)) return -EINVAL;
  writeItimerspec(task, pointer, file.get());
  return 0;
}

// ---- inotify ----

function inotifyInit(task: Task, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
  return task.files.install(new InotifyFile(task, flags), (flags & O_CLOEXEC) !== 0);
}

function inotifyAddWatch(task: Task, fd: number, pathname: number, mask: number): number {
  const file = task.files.get(fd);
  if (!(file instanceof InotifyFile)) return -EINVAL;
  const flags = (mask & IN_ONLYDIR ? Walk.Directory : 0) | (mask & IN_DONT_FOLLOW ? Walk.NoFollow : 0);
  const path = resolve(task, AT_FDCWD, task.mm.readString(pathname), flags);
  permit(task.credentials, path.dentry.inode, R_OK);
  return file.add(path, mask);
}

function inotifyRmWatch(task: Task, fd: number, wd: number): number {
  const file = task.files.get(fd);
  return file instanceof InotifyFile ? file.remove(wd | 0) : -EINVAL;
}

export const eventCalls: readonly SyscallRow[] = [
  full(213, 'epoll_create', 'int', (task, size) => ((size | 0) <= 0 ? -EINVAL : epollCreate(task, 0))),
  full(232, 'epoll_wait', 'fd,ptr,int,int', (task, fd, events, max, ms) => epollPwait(task, fd, events, max, ms, 0, 0)),
  full(233, 'epoll_ctl', 'fd,int,fd,ptr', epollCtl),
  full(253, 'inotify_init', '', (task) => inotifyInit(task, 0)),
  full(254, 'inotify_add_watch', 'fd,path,uint', inotifyAddWatch),
  full(255, 'inotify_rm_watch', 'fd,int', inotifyRmWatch),
  full(281, 'epoll_pwait', 'fd,ptr,int,int,ptr,size', epollPwait),
  full(282, 'signalfd', 'int,ptr,size', (task, fd, mask, size) => signalfd(task, fd, mask, size, 0)),
  full(283, 'timerfd_create', 'int,uint', timerfdCreate),
  full(284, 'eventfd', 'uint', (task, count) => eventfd(task, count, 0)),
  full(286, 'timerfd_settime', 'fd,uint,ptr,ptr', timerfdSettime),
  full(287, 'timerfd_gettime', 'fd,ptr', timerfdGettime),
  full(289, 'signalfd4', 'int,ptr,size,uint', signalfd),
  full(290, 'eventfd2', 'uint,uint', eventfd),
  full(291, 'epoll_create1', 'uint', epollCreate),
  full(294, 'inotify_init1', 'uint', inotifyInit),
  full(441, 'epoll_pwait2', 'fd,ptr,int,ptr,ptr,size', epollPwait2),
];
