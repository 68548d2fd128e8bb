/** The terminals of a sandbox: the devpts filesystem type, the devices /dev/tty, /dev/console, /dev/ptmx and /dev/pts/N, and terminals held by the host. */
import { EIO, ENODEV, ENXIO, Errno } from '../../abi/errno.ts';
import { O_NOCTTY } from '../../abi/fcntl.ts';
import { major, minor } from '../../abi/stat.ts';
import { DevptsFs, parseDevptsOptions } from '../fs/devpts/devpts.ts';
import type { Kernel } from '../kernel.ts';
import { PtyMaster } from './pty-master.ts';
import { openTerminal } from './terminal-file.ts';
import { PTS_MAJOR, Terminal } from './terminal.ts';

export class Terminals {
  /** The container's /dev/pts: the first devpts that was made. */
  private primary: DevptsFs | undefined;
  /** What /dev/console means: the terminal of the container's first process. */
  console: Terminal | undefined;

  constructor(kernel: Kernel) {
    const { vfs } = kernel, { devices } = vfs;
    vfs.registerType('devpts', (_vfs, { data }) => {
      const fs = new DevptsFs(kernel, parseDevptsOptions(data));
      this.primary ??= fs;
      return fs;
    });
    devices.registerChar(5, 0, (task, inode, flags, path) => {
      const { terminal } = task.process.session;
      if (!(terminal instanceof Terminal) || !terminal.controls(task.process)) throw new Errno(ENXIO);
      return openTerminal(task, terminal, inode, flags | O_NOCTTY, path);
    });
    devices.registerChar(5, 1, (task, inode, flags, path) => {
      if (!this.console) throw new Errno(EIO);
      return openTerminal(task, this.console, inode, flags | O_NOCTTY, path);
    });
    devices.registerChar(5, 2, (task, inode, flags, path) => this.devpts.openMaster(task, inode, flags, path));
    for (let m = PTS_MAJOR; m < PTS_MAJOR + 8; m++) {
      devices.registerChar(m, undefined, (task, inode, flags, path) => {
        const node = this.devpts.nodes.get((major(inode.rdev) - PTS_MAJOR) * 256 + minor(inode.rdev));
        if (!node) throw new Errno(EIO);
        return openTerminal(task, node.terminal, inode, flags, path);
      });
    }
  }

  /** The devpts in use. Throws Errno(ENODEV) while none is mounted. */
  get devpts(): DevptsFs {
    if (!this.primary) throw new Errno(ENODEV);
    return this.primary;
  }

  /** A terminal whose master the host holds; guests open it as /dev/pts/`index`. Preconditions: a devpts exists. */
  openHost(owner = { uid: 0, gid: 5 }): PtyMaster { return new PtyMaster(this.devpts.newTerminal(owner).terminal); }
}
