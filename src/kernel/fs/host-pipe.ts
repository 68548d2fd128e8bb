/**
 * Pipes between a guest and JavaScript: the standard streams of a process without a terminal. The guest's end is an ordinary
 * pipe (it can be polled, dup'ed, spliced and reopened through /dev/stdout); the other end is one of these objects. Bytes
 * wait in the pipe until the host takes them, so that a slow host blocks the guest.
 */
import { O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../abi/fcntl.ts';
import { KernelSource } from '../io.ts';
import type { File } from '../vfs/file.ts';
import type { Waiter } from '../wait-queue.ts';
import { PipeFile, PipeInode } from './pipefs/pipe-file.ts';
import { Pipe } from './pipefs/pipe.ts';
import type { PseudoFs } from './pseudo.ts';

/** Where the host takes bytes that guests write. */
export interface HostSource {
  /** Removes up to `max` bytes; empty when there are none now. */
  read(max?: number): Uint8Array;
  /** Nothing is left and nobody can write any more. */
  readonly ended: boolean;
  /** Called when read or ended may give something new. */
  onReadable: (() => void) | undefined;
  close(): void;
}

/** Where the host puts bytes that guests read. */
export interface HostSink {
  /** Takes as many bytes as there is room for; returns how many. */
  write(bytes: Uint8Array): number;
  /** Nobody can read any more. */
  readonly broken: boolean;
  /** Called when there is room again, or the sink has broken. */
  onWritable: (() => void) | undefined;
  /** End of file for the reader. */
  close(): void;
}

abstract class HostEnd implements Waiter {
  protected readonly pipe = new Pipe();
  private readonly inode: PipeInode;
  protected closed = false;

  constructor(fs: PseudoFs) {
    this.inode = new PipeInode(fs, this.pipe);
    this.pipe.waiters.add(this);
  }

  abstract wake(): void;

  /** A file for the guest; the caller owns its reference. */
  protected openGuest(flags: number): File { return new PipeFile(this.pipe, this.inode, flags & ~O_NONBLOCK); }

  protected detach(): void {
    this.closed = true;
    this.pipe.waiters.remove(this);
  }
}

/** stdout or stderr: guests write, the host reads. */
export class HostPipeReader extends HostEnd implements HostSource {
  onReadable: (() => void) | undefined;

  constructor(fs: PseudoFs) {
    super(fs);
    this.pipe.addReader();
  }

  openWriter(): File { return this.openGuest(O_WRONLY); }
  read(max = Infinity): Uint8Array { return this.pipe.take(max); }
  get ended(): boolean { return this.pipe.length === 0 && this.pipe.writers === 0 && this.pipe.writerOpens > 0; }
  override wake(): void { if (this.pipe.length > 0 || this.ended) this.onReadable?.(); }

  close(): void {
    if (this.closed) return;
    this.detach();
    this.pipe.dropReader();
  }
}

/** stdin: the host writes, guests read. */
export class HostPipeWriter extends HostEnd implements HostSink {
  onWritable: (() => void) | undefined;

  constructor(fs: PseudoFs) {
    super(fs);
    this.pipe.addWriter();
  }

  openReader(): File { return this.openGuest(O_RDONLY); }
  get broken(): boolean { return this.closed || (this.pipe.readers === 0 && this.pipe.readerOpens > 0); }
  write(bytes: Uint8Array): number { return this.broken ? 0 : this.pipe.write(new KernelSource(bytes), bytes.length); }
  override wake(): void { if (this.broken || this.pipe.room > 0) this.onWritable?.(); }

  close(): void {
    if (this.closed) return;
    this.detach();
    this.pipe.dropWriter();
  }
}
