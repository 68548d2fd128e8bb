/** inotify(7): queues what vfs/notify.ts reports about watched inodes. A watch holds the path, so that the inode stays the one that is told. */
import { EEXIST, EINVAL, ENOSPC } from '../../../abi/errno.ts';
import { FIONREAD } from '../../../abi/ioctl.ts';
import { READABLE } from '../../../abi/poll.ts';
import type { IoSink } from '../../io.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { IN_DELETE_SELF, IN_IGNORED, IN_ISDIR, IN_Q_OVERFLOW, IN_UNMOUNT, unwatch, watch, type Watch } from '../../vfs/notify.ts';
import type { Inode } from '../../vfs/inode.ts';
import { encodeName } from '../../vfs/name.ts';
import type { Path } from '../../vfs/path.ts';
import { AnonFile } from './anon-file.ts';

export const IN_ONLYDIR = 0x1000000, IN_DONT_FOLLOW = 0x2000000, IN_EXCL_UNLINK = 0x4000000, IN_MASK_CREATE = 0x10000000, IN_MASK_ADD = 0x20000000;
const IN_ONESHOT = 0x80000000;
/** Events a watch may ask for. */
export const IN_ALL_EVENTS = 0xfff;
/** /proc/sys/fs/inotify/max_queued_events and max_user_watches. */
const MAX_QUEUED = 16384, MAX_WATCHES = 65536;
const HEADER = 16;

interface Event { wd: number; mask: number; cookie: number; name: Uint8Array }

class InotifyWatch implements Watch {
  /** @param path keeps dentry and inode alive */
  constructor(private readonly owner: InotifyFile, readonly wd: number, readonly path: Path, public mask: number) {}

  get inode(): Inode { return this.path.dentry.inode; }

  notify(mask: number, cookie: number, name: string): void {
    const events = mask & IN_ALL_EVENTS & this.mask;
    const gone = (mask & (IN_DELETE_SELF | IN_UNMOUNT)) !== 0;
    if (events !== 0 || mask & IN_UNMOUNT) {
      this.owner.push(this.wd, (mask & (this.mask | IN_ISDIR | IN_UNMOUNT)) >>> 0, cookie, name);
      if (this.mask & IN_ONESHOT) { this.owner.remove(this.wd); return; }
    }
    if (gone) this.owner.remove(this.wd);
  }
}

export class InotifyFile extends AnonFile {
  private readonly watches = new Map<number, InotifyWatch>();
  private readonly byInode = new Map<Inode, InotifyWatch>();
  private queue: Event[] = [];
  private lastWd = 0;

  constructor(task: Task, flags: number) { super(task, 'inotify', flags); }

  /** inotify_add_watch(2): a watch descriptor or an errno. */
  add(path: Path, mask: number): number {
    const { inode } = path.dentry;
    const wanted = mask & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK);
    if ((mask & IN_ALL_EVENTS) === 0 || (mask & IN_MASK_ADD && mask & IN_MASK_CREATE)) return -EINVAL;
    const old = this.byInode.get(inode);
    if (old) {
      if (mask & IN_MASK_CREATE) return -EEXIST;
      old.mask = mask & IN_MASK_ADD ? old.mask | wanted : wanted;
      return old.wd;
    }
    if (this.watches.size >= MAX_WATCHES) return -ENOSPC;
    const added = new InotifyWatch(this, ++this.lastWd, path, wanted);
    this.watches.set(added.wd, added);
    this.byInode.set(inode, added);
    watch(inode, added);
    return added.wd;
  }

  /** inotify_rm_watch(2). */
  remove(wd: number): number {
    const removed = this.watches.get(wd);
    if (!removed) return -EINVAL;
    this.forget(removed);
    this.push(wd, IN_IGNORED, 0, '');
    return 0;
  }

  private forget(w: InotifyWatch): void {
    this.watches.delete(w.wd);
    this.byInode.delete(w.inode);
    unwatch(w.inode, w);
  }

  push(wd: number, mask: number, cookie: number, name: string): void {
    const last = this.queue.at(-1);
    const bytes = encodeName(name);
    if (last && last.wd === wd && last.mask === mask && last.cookie === cookie && cookie === 0 && sameBytes(last.name, bytes)) return;
    if (this.queue.length >= MAX_QUEUED) {
      if (last!.mask !== IN_Q_OVERFLOW) this.queue.push({ wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: new Uint8Array(0) });
    } else {
      this.queue.push({ wd, mask, cookie, name: bytes });
    }
    this.waiters.wake(READABLE);
  }

  override read(_task: Task, into: IoSink): SysResult {
    if (this.queue.length === 0) return this.wait();
    let done = 0;
    while (this.queue.length > 0 && sizeOf(this.queue[0]) <= into.remaining) done += into.put(encode(this.queue.shift()!));
    return done > 0 ? done : -EINVAL;
  }

  override poll(): number { return this.queue.length > 0 ? READABLE : 0; }

  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    task.mm.writeI32(argument, this.queue.reduce((sum, e) => sum + sizeOf(e), 0));
    return 0;
  }

  protected override close(): void { for (const w of [...this.watches.values()]) this.forget(w); }
}

/** Names are padded with zeroes, at least one, to a multiple of the header. */
function sizeOf({ name }: Event): number { return HEADER + (name.length === 0 ? 0 : Math.ceil((name.length + 1) / HEADER) * HEADER); }

/** struct inotify_event. */
function encode(event: Event): Uint8Array {
  const out = new Uint8Array(sizeOf(event)), v = new DataView(out.buffer);
  v.setInt32(0, event.wd, true);
  v.setUint32(4, event.mask, true);
  v.setUint32(8, event.cookie, true);
  v.setUint32(12, out.length - HEADER, true);
  out.set(event.name, HEADER);
  return out;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean { return a.length === b.length && a.every((x, i) => x === b[i]); }
