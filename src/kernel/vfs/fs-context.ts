/** What CLONE_FS shares: root directory, working directory, umask (Linux: fs_struct), and the mount namespace. */
import type { MountNamespace } from './mount.ts';
import type { Path } from './path.ts';

export class FsContext {
  constructor(public namespace: MountNamespace, public root: Path, public cwd: Path, public umask = 0o022) {}
  clone(): FsContext { return new FsContext(this.namespace, this.root, this.cwd, this.umask); }
}
