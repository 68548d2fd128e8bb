/** What stat(2) and its kin say of an inode. */
import type { StatFields } from '../../abi/fs-structs.ts';
import type { Inode } from './inode.ts';

export function statOf(inode: Inode): StatFields {
  return {
    dev: inode.fs.dev, ino: inode.ino, mode: inode.mode, nlink: inode.nlink, uid: inode.uid, gid: inode.gid, rdev: inode.rdev,
    size: inode.size, blocks: inode.blocks, blockSize: 4096, atime: inode.atime, mtime: inode.mtime, ctime: inode.ctime,
  };
}
