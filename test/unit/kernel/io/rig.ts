/** Gives a guest the terminals that a container has. */
import { O_RDWR } from '../../../../src/abi/fcntl.ts';
import type { PtyMaster } from '../../../../src/kernel/tty/pty-master.ts';
import { TerminalFile } from '../../../../src/kernel/tty/terminal-file.ts';
import type { File } from '../../../../src/kernel/vfs/file.ts';
import type { Guest } from '../../../support/run-guest.ts';

export function mountDevpts(guest: Guest): void {
  const { kernel } = guest;
  guest.directory('/dev/pts');
  guest.device('/dev/ptmx', 5, 2);
  guest.device('/dev/tty', 5, 0);
  const root = kernel.namespace!.root, dentry = root.root.lookup('dev')!.lookup('pts')!;
  const devpts = kernel.vfs.create('devpts', { source: 'devpts', flags: 0, data: 'gid=5,mode=620,ptmxmode=666' });
  kernel.namespace!.attach(kernel.vfs.mount(devpts, 'devpts'), { mount: root, dentry });
}

/** Opens the slave of a terminal by its name in /dev/pts. */
export function openSlave({ kernel }: Guest, master: PtyMaster): File {
  const mount = [...kernel.namespace!.mounts].find((m) => m.fs.type === 'devpts')!, dentry = mount.root.lookup(String(master.index))!;
  return new TerminalFile(master.terminal, dentry.inode, O_RDWR, { mount, dentry });
}
