/** Opening a named pipe (fifo(7)): waits for the other end unless O_NONBLOCK; the queue lives as long as somebody has it open. */
import { EINTR, EINVAL, ENXIO, Errno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '../../../abi/fcntl.ts';
import { Block } from '../../syscalls/define.ts';
import type { Task } from '../../task/task.ts';
import type { Opener } from '../../vfs/devices.ts';
import type { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { Pipe } from './pipe.ts';
import { PipeFile } from './pipe-file.ts';

/** An open that waits for its partner: the end is made already, as others must see it. */
class Opening {
  constructor(readonly file: PipeFile, readonly partnersBefore: number) {}
}

export function fifoOpener(): Opener {
  const open = new WeakMap<Inode, Pipe>();

  const partners = (file: PipeFile): number => (file.reads ? file.pipe.writerOpens : file.pipe.readerOpens);

  return (task: Task, inode: Inode, flags: number, path: Path | undefined): File | Block => {
    const waiting = task.waitState;
    if (waiting instanceof Opening) {
      const { file, partnersBefore } = waiting;
      return partners(file) !== partnersBefore ? file : park(file, partnersBefore);
    }
    let pipe = open.get(inode);
    if (!pipe || pipe.readers + pipe.writers === 0) open.set(inode, (pipe = new Pipe()));
    const access = flags & O_ACCMODE, nonblocking = (flags & O_NONBLOCK) !== 0;
    if (access === O_RDWR) return new PipeFile(pipe, inode, flags, path);
    if (access === O_WRONLY && pipe.readers === 0 && nonblocking) throw new Errno(ENXIO);
    if (access !== O_WRONLY && access !== O_RDONLY) throw new Errno(EINVAL);
    const alone = access === O_WRONLY ? pipe.readers === 0 : pipe.writers === 0;
    const file = new PipeFile(pipe, inode, flags, path);
    return alone && !nonblocking ? park(file, partners(file)) : file;
  };

  function park(file: PipeFile, partnersBefore: number): Block {
    return new Block([file.waiters], undefined, 'sys', new Opening(file, partnersBefore), () => {
      file.release();
      return -EINTR;
    });
  }
}
