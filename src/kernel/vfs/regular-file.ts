/** An open regular file: offset handling over the inode's content. */
import { EBADF, EINVAL, ENXIO, ESPIPE } from '../../abi/errno.ts';
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../../abi/fcntl.ts';
import type { IoSink, IoSource } from '../io.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { dropPrivileges } from './attributes.ts';
import type { RegularInode } from './content.ts';
import { File, type FileMapping } from './file.ts';
import type { Path } from './path.ts';

export class RegularFile extends File {
  constructor(private readonly regular: RegularInode, flags: number, path: Path | undefined) {
    super(regular, flags, path);
    regular.opened();
  }

  read(task: Task, into: IoSink, offset?: number): SysResult {
    if ((this.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
    const n = this.regular.content.readAt(task, into, offset ?? this.position);
    if (offset === undefined && typeof n === 'number' && n > 0) this.position += n;
    return n;
  }

  write(task: Task, from: IoSource, offset?: number): SysResult {
    if ((this.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
    const { content } = this.regular;
    const at = this.flags & O_APPEND ? content.size : offset ?? this.position;
    const n = content.writeAt(task, from, at);
    if (typeof n !== 'number' || n <= 0) return n;
    if (offset === undefined) this.position = at + n;
    const now = this.regular.now();
    this.regular.setattr({ mtime: now, ctime: now });
    dropPrivileges(task, this.regular);
    return n;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const { content } = this.regular;
    let to: number;
    switch (whence) {
      case SEEK_SET: to = offset; break;
      case SEEK_CUR: to = this.position + offset; break;
      case SEEK_END: to = content.size + offset; break;
      case SEEK_DATA: case SEEK_HOLE: {
        if (offset < 0 || offset >= content.size) return -ENXIO;
        const found = whence === SEEK_DATA ? content.nextData(offset) : content.nextHole(offset);
        if (found === undefined) return -ENXIO;
        to = found;
        break;
      }
      default: return -EINVAL;
    }
    if (to < 0 || !Number.isSafeInteger(to)) return -EINVAL;
    return this.position = to;
  }

  override fsync(task: Task): SysResult { return this.regular.fsync(task); }
  override truncate(_task: Task, size: number): SysResult {
    if ((this.flags & O_ACCMODE) === O_RDONLY) return -EINVAL;
    this.regular.truncate(size);
    return 0;
  }
  override allocate(_task: Task, mode: number, offset: number, length: number): SysResult { return this.regular.content.allocate(offset, length, mode); }
  override mapping(): FileMapping | number { return this.regular.content; }
  protected override close(): void { this.regular.closed(); }
}

/** lseek(2) over something of a given size without holes, for files that are generated. */
export function seekWithin(file: File, size: number, offset: number, whence: number): number {
  const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : whence === SEEK_END ? size : -1;
  if (base < 0 || base + offset < 0) return -EINVAL;
  return Number.isSafeInteger(base + offset) ? file.position = base + offset : -ESPIPE;
}
