/** getdents(2), getdents64(2). */
import { EBADF, EINVAL } from '../../abi/errno.ts';
import { O_PATH } from '../../abi/fcntl.ts';
import { packDirent, packDirent64 } from '../../abi/fs-structs.ts';
import type { Task } from '../task/task.ts';
import { encodeName } from '../vfs/name.ts';
import { full, type SyscallRow } from './define.ts';

type Pack = (ino: number, next: number, type: number, name: Uint8Array) => Uint8Array;

function getdents(task: Task, fd: number, buffer: number, size: number, pack: Pack): number {
  const file = task.files.get(fd), room = size >>> 0;
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  task.mm.awaitPages(buffer, room);
  let used = 0, tooSmall = false;
  const result = file.readdir(task, ({ ino, next, type, name }) => {
    const record = pack(ino, next, type, encodeName(name));
    if (used + record.length > room) { tooSmall = used === 0; return false; }
    task.mm.copyOut(buffer + used, record);
    used += record.length;
    return true;
  });
  if (result < 0) return result;
  return tooSmall ? -EINVAL : used;
}

export const dirCalls: readonly SyscallRow[] = [
  full(78, 'getdents', 'fd,ptr,uint', (task, fd, buffer, size) => getdents(task, fd, buffer, size, packDirent)),
  full(217, 'getdents64', 'fd,ptr,uint', (task, fd, buffer, size) => getdents(task, fd, buffer, size, packDirent64)),
];
