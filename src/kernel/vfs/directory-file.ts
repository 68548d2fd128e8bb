/**
 * An open directory. Reading from the start takes a snapshot of the names, as overlayfs does: entries made or removed later
 * show up, or not, at the next rewind (POSIX leaves that open), and none that stays is missed or seen twice.
 */
import { EBADF, EINVAL, EISDIR } from '../../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../abi/fcntl.ts';
import { DT_DIR } from '../../abi/stat.ts';
import type { SysResult } from '../syscalls/define.ts';
import type { Task } from '../task/task.ts';
import { type DirEntry, File } from './file.ts';
import type { ListedName } from './inode.ts';

export class DirectoryFile extends File {
  private names: readonly ListedName[] | undefined;

  read(): number { return -EISDIR; }
  write(): number { return -EBADF; }

  override seek(_task: Task, offset: number, whence: number): number {
    const to = whence === SEEK_SET ? offset : whence === SEEK_CUR ? this.position + offset : -1;
    if (to < 0) return -EINVAL;
    if (to === 0) this.names = undefined;
    return this.position = to;
  }

  override readdir(task: Task, emit: (entry: DirEntry) => boolean): number {
    this.names ??= this.inode.list(task);
    for (;;) {
      const at = this.position;
      let entry: DirEntry;
      if (at === 0) entry = { ino: this.inode.ino, type: DT_DIR, name: '.', next: 1 };
      else if (at === 1) entry = { ino: this.parentIno(), type: DT_DIR, name: '..', next: 2 };
      else if (at - 2 < this.names.length) entry = { ...this.names[at - 2], next: at + 1 };
      else return 0;
      if (!emit(entry)) return 0;
      this.position = at + 1;
    }
  }

  private parentIno(): number {
    if (!this.path) return this.inode.ino;
    let { mount, dentry } = this.path;
    while (dentry === mount.root && mount.parent) { dentry = mount.mountpoint!; mount = mount.parent; }
    return (dentry.parent ?? dentry).inode.ino;
  }

  override fsync(task: Task): SysResult { return this.inode.fsync(task); }
}
