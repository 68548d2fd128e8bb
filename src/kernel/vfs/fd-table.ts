/** File descriptors of a process (Linux: files_struct): what CLONE_FILES shares. */
import { EBADF, EINVAL, EMFILE } from '../../abi/errno.ts';
import { Errno } from '../../abi/errno.ts';
import type { File } from './file.ts';

export class FdTable {
  private files: (File | undefined)[] = [];
  private cloexec: boolean[] = [];
  private references = 1;

  /** @param limit RLIMIT_NOFILE's soft value, read at each allocation */
  constructor(private readonly limit: () => number = () => 1048576) {}

  /** The open file; throws Errno(EBADF). */
  get(fd: number): File {
    const file = this.files[fd];
    if (!file) throw new Errno(EBADF);
    return file;
  }
  peek(fd: number): File | undefined { return this.files[fd]; }

  /** Takes over the caller's reference; lowest free descriptor >= minFd. Releases the file when the table is full (EMFILE). */
  install(file: File, cloexec: boolean, minFd = 0): number {
    let fd = minFd;
    while (this.files[fd]) fd++;
    if (fd >= this.limit()) { file.release(); throw new Errno(EMFILE); }
    this.files[fd] = file;
    this.cloexec[fd] = cloexec;
    return fd;
  }

  /** F_DUPFD, F_DUPFD_CLOEXEC, dup(2). */
  dup(fd: number, minFd: number, cloexec: boolean): number {
    const file = this.get(fd);
    if (minFd < 0 || minFd >= this.limit()) throw new Errno(EINVAL);
    return this.install(file.retain(), cloexec, minFd);
  }

  /** dup2(2), dup3(2) without their special cases for equal descriptors. */
  dupTo(fd: number, to: number, cloexec: boolean): number {
    const file = this.get(fd);
    if (to < 0 || to >= this.limit()) throw new Errno(EBADF);
    this.set(to, file.retain(), cloexec);
    return to;
  }

  /** Puts a file at a given number, closing what was there. Takes over the caller's reference. */
  set(fd: number, file: File, cloexec: boolean): void {
    const old = this.files[fd];
    this.files[fd] = file;
    this.cloexec[fd] = cloexec;
    if (old) this.drop(old);
  }

  close(fd: number): void {
    const file = this.get(fd);
    this.files[fd] = undefined;
    this.drop(file);
  }

  getCloexec(fd: number): boolean { this.get(fd); return this.cloexec[fd]; }
  setCloexec(fd: number, on: boolean): void { this.get(fd); this.cloexec[fd] = on; }

  /** execve(2). */
  closeOnExec(): void {
    for (const fd of this.list()) if (this.cloexec[fd]) this.close(fd);
  }

  /** fork(2): same files, same flags. */
  clone(limit = this.limit): FdTable {
    const copy = new FdTable(limit);
    this.files.forEach((file, fd) => { if (file) { copy.files[fd] = file.retain(); copy.cloexec[fd] = this.cloexec[fd]; } });
    return copy;
  }

  get shared(): boolean { return this.references > 1; }
  /** CLONE_FILES. */
  retain(): this { this.references++; return this; }
  /** A task has ended or left: the last one closes everything. */
  release(): void {
    if (--this.references > 0) return;
    for (const fd of this.list()) this.close(fd);
  }

  /** Open descriptors, ascending. */
  list(): number[] {
    const out: number[] = [];
    this.files.forEach((file, fd) => { if (file) out.push(fd); });
    return out;
  }

  /** POSIX record locks die when the process closes any descriptor of the file (fcntl(2)); owner is this table, as in Linux. */
  private drop(file: File): void {
    file.inode.locks?.releaseOwner(this);
    file.release();
  }
}
