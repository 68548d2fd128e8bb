/** Directories of the machine for bind mounts. Node's errors already carry `code`. */
import * as fs from 'node:fs';
import type { HostFs, HostStat } from '../ports.ts';

function withFile<T>(path: string, flags: number, f: (fd: number) => T): T {
  const fd = fs.openSync(path, flags);
  try { return f(fd); } finally { fs.closeSync(fd); }
}

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

export const nodeHostFs: HostFs = {
  stat(path, follow): HostStat {
    const s = follow ? fs.statSync(path) : fs.lstatSync(path);
    return { ino: s.ino, mode: s.mode, nlink: s.nlink, uid: s.uid, gid: s.gid, rdev: s.rdev, size: s.size, atimeMs: s.atimeMs, mtimeMs: s.mtimeMs, ctimeMs: s.ctimeMs };
  },
  readdir: (path) => fs.readdirSync(path),
  readlink: (path) => fs.readlinkSync(path),
  read: (path, offset, into) => withFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, (fd) => fs.readSync(fd, into, 0, into.length, offset)),
  write: (path, offset, from) => withFile(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, (fd) => fs.writeSync(fd, from, 0, from.length, offset)),
  truncate: (path, size) => { withFile(path, O_WRONLY | O_NOFOLLOW, (fd) => { fs.ftruncateSync(fd, size); }); },
  create: (path, mode) => { withMode(path, mode, () => { fs.closeSync(fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)); }); },
  mkdir: (path, mode) => { withMode(path, mode, () => { fs.mkdirSync(path, mode); }); },
  symlink: (target, path) => { fs.symlinkSync(target, path); },
  link: (from, to) => { fs.linkSync(from, to); },
  rename: (from, to) => { fs.renameSync(from, to); },
  unlink: (path) => { fs.unlinkSync(path); },
  rmdir: (path) => { fs.rmdirSync(path); },
  chmod: (path, mode) => { fs.chmodSync(path, mode); },
  chown: (path, uid, gid) => { fs.lchownSync(path, uid, gid); },
  utimes: (path, atimeMs, mtimeMs) => { fs.lutimesSync(path, atimeMs / 1000, mtimeMs / 1000); },
  fsync: (path) => { withFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, (fd) => { fs.fsyncSync(fd); }); },
};

/** The daemon's umask is not the container's; a worker cannot change it. */
function withMode(path: string, mode: number, make: () => void): void {
  make();
  fs.chmodSync(path, mode);
}
