/** Character devices of major 1 (mem(4), null(4), random(4)): null, zero, full, random, urandom. */
import { EINVAL, ENOSPC, EPERM } from '../../../abi/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../../abi/fcntl.ts';
import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import type { IoSink, IoSource } from '../../io.ts';
import { SharedMemory } from '../../mm/shared-memory.ts';
import type { SysResult } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import { File, type FileMapping } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import type { Vfs } from '../../vfs/vfs.ts';

const PIECE = 65536;
const zeros = new Uint8Array(PIECE);
/** Longer than any mapping. */
const ADDRESS_SPACE = 2 ** 47;
const RNDGETENTCNT = 0x80045200;

abstract class MemoryDevice extends File {
  protected abstract fill(task: Task, n: number): Uint8Array;

  read(task: Task, into: IoSink): SysResult {
    let done = 0;
    while (into.remaining > 0) {
      const bytes = this.fill(task, Math.min(PIECE, into.remaining));
      if (bytes.length === 0) break;
      const n = into.put(bytes);
      done += n;
      if (n < bytes.length) break;
    }
    return done;
  }

  /** Swallows everything. */
  write(_task: Task, from: IoSource): SysResult { return from.remaining; }

  override seek(_task: Task, offset: number, whence: number): number {
    return whence === SEEK_SET || whence === SEEK_CUR || whence === SEEK_END ? (this.position = whence === SEEK_SET ? offset : 0) : -EINVAL;
  }
}

class NullFile extends MemoryDevice {
  protected fill(): Uint8Array { return zeros.subarray(0, 0); }
}

class ZeroFile extends MemoryDevice {
  private readonly mapped: SharedMemory[] = [];
  constructor(private readonly vfs: Vfs, inode: Inode, flags: number, path: Path | undefined) { super(inode, flags, path); }
  protected fill(_task: Task, n: number): Uint8Array { return zeros.subarray(0, n); }

  /** Each mapping is memory of its own, as if anonymous; it lives until the file and all its mappings are gone. */
  override mapping(): FileMapping | number {
    const memory = new SharedMemory(this.vfs.pages, ADDRESS_SPACE);
    this.mapped.push(memory);
    return memory;
  }
  protected override close(): void { for (const memory of this.mapped) memory.release(); }
}

class FullFile extends ZeroFile {
  override write(_task: Task, from: IoSource): SysResult { return from.remaining === 0 ? 0 : -ENOSPC; }
}

class RandomFile extends MemoryDevice {
  protected fill(task: Task, n: number): Uint8Array {
    const bytes = new Uint8Array(n);
    task.kernel.random(bytes);
    return bytes;
  }
  override ioctl(task: Task, request: number, argument: number): SysResult {
    if (request !== RNDGETENTCNT) return task.credentials.has(CAP_SYS_ADMIN) ? super.ioctl(task, request, argument) : -EPERM;
    task.mm.writeI32(argument, 256);
    return 0;
  }
}

export function registerMemoryDevices(vfs: Vfs): void {
  const { devices } = vfs;
  devices.registerChar(1, 3, (_task, inode, flags, path) => new NullFile(inode, flags, path));
  devices.registerChar(1, 5, (_task, inode, flags, path) => new ZeroFile(vfs, inode, flags, path));
  devices.registerChar(1, 7, (_task, inode, flags, path) => new FullFile(vfs, inode, flags, path));
  devices.registerChar(1, 8, (_task, inode, flags, path) => new RandomFile(inode, flags, path));
  devices.registerChar(1, 9, (_task, inode, flags, path) => new RandomFile(inode, flags, path));
}
