/**
 * The virtual filesystem of a sandbox: what filesystems need from the kernel (time, pages, device numbers), the types that
 * mount(2) knows, and the devices. Operations on names are functions of their own: open.ts, create.ts, remove.ts,
 * rename.ts, attributes.ts, mounting.ts; the walk is namei.ts.
 */
import { ENODEV, Errno } from '../../abi/errno.ts';
import { makedev } from '../../abi/stat.ts';
import type { CodeCache } from '../../cpu/cpu.ts';
import type { Clock, Log, RandomBytes } from '../../host/ports.ts';
import type { PageAllocator } from '../mm/pages.ts';
import { TmpFs } from '../fs/tmpfs/tmpfs.ts';
import { Dentry } from './dentry.ts';
import { Devices } from './devices.ts';
import type { FileSystem, Timespec } from './inode.ts';
import { Mount, MountNamespace } from './mount.ts';

/** What mount(2) hands to a filesystem type. */
export interface MountRequest { source: string; flags: number; data: string }
export type MountFactory = (vfs: Vfs, request: MountRequest) => FileSystem;

/** Cached pages that can be had again. */
export interface ReclaimableCache { reclaim(): number }

/** Pages to free at once when memory runs short. */
const RECLAIM_BATCH = 1024;

export class Vfs {
  readonly devices = new Devices();
  private readonly types = new Map<string, MountFactory>();
  private readonly mounted = new Set<FileSystem>();
  private readonly caches = new Set<ReclaimableCache>();
  private lastDev = 0x20;

  constructor(
    readonly clock: Clock,
    readonly random: RandomBytes,
    readonly pages: PageAllocator,
    readonly code: CodeCache,
    readonly log: Log = () => {},
  ) {
    pages.reclaim = () => this.reclaim();
  }

  private memfds: TmpFs | undefined;
  private readonly internal = new Map<FileSystem, Mount>();

  /** The tmpfs that nobody mounts, for memfd_create. */
  get shm(): { fs: TmpFs; mount: Mount } {
    const fs = this.memfds ??= new TmpFs(this);
    return { fs, mount: this.internalMount(fs) };
  }

  /** The mount of a filesystem that is never in the tree: places of pipes, sockets and memfds. */
  internalMount(fs: FileSystem): Mount {
    let mount = this.internal.get(fs);
    if (!mount) {
      mount = new Mount(new Dentry('', undefined, fs.root), 0, fs.type);
      mount.internal = true;
      this.internal.set(fs, mount);
    }
    return mount;
  }

  /** Values of /proc/sys that docker run --sysctl set, by dotted name. */
  readonly sysctls = new Map<string, string>();

  /** Wall clock time for inode timestamps. */
  now(): Timespec {
    const ms = this.clock.now();
    const sec = Math.floor(ms / 1000);
    return { sec, nsec: Math.floor((ms - sec * 1000) * 1e6) };
  }

  /** st_dev for a new filesystem: major 0, as Linux gives to those without a block device. */
  allocateDev(): number { return makedev(0, this.lastDev++); }

  registerType(name: string, factory: MountFactory): void { this.types.set(name, factory); }
  typeNames(): string[] { return [...this.types.keys()]; }

  /** A filesystem for mount(2). Throws Errno(ENODEV) for a type that is not known. */
  create(type: string, request: MountRequest): FileSystem {
    const factory = this.types.get(type);
    if (!factory) throw new Errno(ENODEV);
    return factory(this, request);
  }

  /** A mount of `fs` that is not yet in any namespace. */
  mount(fs: FileSystem, source: string, flags = 0, options = fs.options ?? ''): Mount {
    this.mounted.add(fs);
    return new Mount(new Dentry('', undefined, fs.root), flags, source, options);
  }

  /** The namespace of pid 1, with `fs` as its root. */
  newNamespace(fs: FileSystem, source: string, flags = 0): MountNamespace {
    return new MountNamespace(this.mount(fs, source, flags));
  }

  /** Lets reclaim() take pages from `cache`. */
  reclaimable(cache: ReclaimableCache): void { this.caches.add(cache); }
  unreclaimable(cache: ReclaimableCache): void { this.caches.delete(cache); }

  /** Frees cached file pages, taking the caches in turn; false when there are none. */
  reclaim(): boolean {
    let freed = 0;
    for (const cache of [...this.caches]) {
      this.caches.delete(cache);
      this.caches.add(cache);
      freed += cache.reclaim();
      if (freed >= RECLAIM_BATCH) break;
    }
    return freed > 0;
  }

  /** sync(2): everything written so far becomes durable. Rejects with the first failure, having tried all. */
  async sync(): Promise<void> {
    const results = await Promise.allSettled([...this.mounted].map((fs) => fs.sync?.()));
    for (const r of results) if (r.status === 'rejected') throw r.reason;
  }
}
