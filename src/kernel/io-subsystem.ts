/** What a kernel has for I/O beside files: terminals, pipes, anonymous inodes, sockets. Registers their devices and filesystem types. */
import { ANON_INODE_FS_MAGIC, PIPEFS_MAGIC, SOCKFS_MAGIC } from '../abi/stat.ts';
import { HostPipeReader, HostPipeWriter } from './fs/host-pipe.ts';
import { fifoOpener } from './fs/pipefs/fifo.ts';
import { PseudoFs } from './fs/pseudo.ts';
import type { Kernel } from './kernel.ts';
import { NetNamespace } from './net/netns.ts';
import { Terminals } from './tty/terminals.ts';

export class IoSubsystem {
  readonly pipefs: PseudoFs;
  readonly sockfs: PseudoFs;
  /** eventfd, epoll, timerfd, signalfd, inotify, pidfd. */
  readonly anonfs: PseudoFs;
  readonly terminals: Terminals;
  readonly net: NetNamespace;

  constructor(kernel: Kernel) {
    const { vfs } = kernel;
    this.pipefs = new PseudoFs(vfs, 'pipefs', PIPEFS_MAGIC);
    this.sockfs = new PseudoFs(vfs, 'sockfs', SOCKFS_MAGIC);
    this.anonfs = new PseudoFs(vfs, 'anon_inodefs', ANON_INODE_FS_MAGIC);
    this.terminals = new Terminals(kernel);
    this.net = new NetNamespace(kernel);
    vfs.devices.registerFifo(fifoOpener());
  }

  /** A pipe that guests write and the host reads: stdout, stderr. */
  hostReader(): HostPipeReader { return new HostPipeReader(this.pipefs); }
  /** A pipe that the host writes and guests read: stdin. */
  hostWriter(): HostPipeWriter { return new HostPipeWriter(this.pipefs); }
}
