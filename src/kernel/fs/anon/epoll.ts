/**
 * epoll(7): a set of files to watch. Each watched file is an item that listens on the file's wait queue; a wake puts the item
 * on the ready list, and epoll_wait asks the file what really holds. Level-triggered items stay on the list while they are
 * ready, edge-triggered ones leave it when reported. An item goes when its file is closed for good.
 */
import { EEXIST, EINVAL, ELOOP, ENOENT, EPERM } from '../../../abi/errno.ts';
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_PRIVATE_BITS } from '../../../abi/epoll.ts';
import { POLLERR, POLLHUP, READABLE } from '../../../abi/poll.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { Waiter } from '../../wait-queue.ts';
import { AnonFile } from './anon-file.ts';

/** Epoll descriptors may watch each other this deep. */
const MAX_NESTING = 5;

class Item implements Waiter {
  private readonly forget: () => void;

  constructor(private readonly epoll: EpollFile, readonly fd: number, readonly file: File, public events: number, public data: bigint) {
    this.forget = () => epoll.remove(this);
    file.waiters.add(this);
    (file.closeHooks ??= new Set()).add(this.forget);
  }

  /** Events that are asked for; 0 after EPOLLONESHOT has fired. */
  get mask(): number { return this.events & ~EPOLL_PRIVATE_BITS; }

  /** What holds now of what is asked for. */
  get ready(): number { return this.mask === 0 ? 0 : this.file.poll() & (this.mask | POLLERR | POLLHUP); }

  wake(events: number): boolean {
    if (this.mask === 0 || !(events & (this.mask | POLLERR | POLLHUP))) return false;
    this.epoll.markReady(this);
    return true;
  }

  drop(): void {
    this.file.waiters.remove(this);
    this.file.closeHooks?.delete(this.forget);
  }
}

export interface EpollEvent { events: number; data: bigint }

export class EpollFile extends AnonFile {
  private readonly items = new Map<File, Map<number, Item>>();
  private readyItems = new Set<Item>();

  constructor(task: Task) { super(task, '[eventpoll]', 0); }

  /** epoll_ctl(2). Files that never block (they have no poll of their own) are refused. */
  control(operation: number, fd: number, file: File, events: number, data: bigint): number {
    if (file.poll === File.prototype.poll) return -EPERM;
    if (file === this) return -EINVAL;
    const item = this.items.get(file)?.get(fd);
    switch (operation) {
      case EPOLL_CTL_ADD:
        if (item) return -EEXIST;
        if (events & EPOLLEXCLUSIVE && file instanceof EpollFile) return -EINVAL;
        if (file instanceof EpollFile && (file.reaches(this) || file.depth() >= MAX_NESTING)) return -ELOOP;
        this.add(new Item(this, fd, file, events, data));
        return 0;
      case EPOLL_CTL_MOD:
        if (!item) return -ENOENT;
        if ((events | item.events) & EPOLLEXCLUSIVE) return -EINVAL;
        item.events = events;
        item.data = data;
        this.readyItems.delete(item);
        if (item.ready) this.markReady(item);
        return 0;
      case EPOLL_CTL_DEL:
        if (!item) return -ENOENT;
        this.remove(item);
        return 0;
      default: return -EINVAL;
    }
  }

  private add(item: Item): void {
    let sameFile = this.items.get(item.file);
    if (!sameFile) this.items.set(item.file, (sameFile = new Map()));
    sameFile.set(item.fd, item);
    if (item.ready) this.markReady(item);
  }

  remove(item: Item): void {
    item.drop();
    this.readyItems.delete(item);
    const sameFile = this.items.get(item.file);
    sameFile?.delete(item.fd);
    if (sameFile?.size === 0) this.items.delete(item.file);
  }

  markReady(item: Item): void {
    this.readyItems.add(item);
    this.waiters.wake(READABLE);
  }

  /** Up to `max` events; empty when nothing is ready. */
  collect(max: number): EpollEvent[] {
    const out: EpollEvent[] = [];
    for (const item of [...this.readyItems]) {
      if (out.length >= max) break;
      this.readyItems.delete(item);
      const events = item.ready;
      if (events === 0) continue;
      out.push({ events, data: item.data });
      if (item.events & EPOLLONESHOT) item.events &= EPOLL_PRIVATE_BITS;
      else if (!(item.events & EPOLLET)) this.readyItems.add(item);
    }
    return out;
  }

  override poll(): number {
    for (const item of [...this.readyItems]) {
      if (item.ready) return READABLE;
      this.readyItems.delete(item);
    }
    return 0;
  }

  /** True when `other` is watched by this or by an epoll that this watches. */
  private reaches(other: EpollFile): boolean {
    for (const file of this.items.keys()) if (file === other || (file instanceof EpollFile && file.reaches(other))) return true;
    return false;
  }

  private depth(): number {
    let deepest = 0;
    for (const file of this.items.keys()) if (file instanceof EpollFile) deepest = Math.max(deepest, file.depth());
    return deepest + 1;
  }

  protected override close(): void {
    for (const sameFile of [...this.items.values()]) for (const item of [...sameFile.values()]) this.remove(item);
  }
}
