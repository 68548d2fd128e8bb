/** procfs (proc(5)): processes, and what the kernel tells about itself. */
import { ENOENT, Errno } from '../../../abi/errno.ts';
import { PROC_SUPER_MAGIC } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Process } from '../../task/process.ts';
import type { Task } from '../../task/task.ts';
import type { Inode, ListedName } from '../../vfs/inode.ts';
import { GeneratedDirectory, GeneratedFile, GeneratedFs, GeneratedLink, listed } from '../generated/generated.ts';
import { ProcessDirectory } from './process-directory.ts';
import { addSysctls } from './sysctl.ts';
import * as files from './system-files.ts';

const PERMISSIONS = 0o555;

export class ProcFs extends GeneratedFs {
  override readonly root: ProcRoot;

  constructor(kernel: Kernel) {
    super(kernel.vfs, 'proc', PROC_SUPER_MAGIC);
    this.root = new ProcRoot(this, kernel);
  }
}

class ProcRoot extends GeneratedDirectory {
  private readonly directories = new WeakMap<Process, ProcessDirectory>();

  constructor(fs: GeneratedFs, private readonly kernel: Kernel) {
    super(fs, PERMISSIONS);
    const self = (task: Task): string => {
      if (!kernel.processes.has(task.process.pid)) throw new Errno(ENOENT);
      return String(task.process.pid);
    };
    this.put('self', new GeneratedLink(fs, self));
    this.put('thread-self', new GeneratedLink(fs, (task) => `${self(task)}/task/${task.tid}`));
    this.symbolic('mounts', 'self/mounts');
    this.symbolic('net', 'self/net');
    for (const [name, content] of Object.entries(files.systemFiles)) this.file(name, content);
    this.put('kcore', new GeneratedFile(fs, () => '', undefined, 0o400));
    this.put('kmsg', new GeneratedFile(fs, () => '', undefined, 0o400));
    this.directory('sysvipc');
    this.directory('fs');
    this.directory('irq');
    this.directory('bus');
    addSysctls(this.directory('sys'));
  }

  override lookup(name: string): Inode | undefined {
    const fixed = super.lookup(name);
    if (fixed || !/^[1-9]\d*$/.test(name)) return fixed;
    const pid = Number(name), process = this.kernel.processes.get(pid) ?? this.kernel.tasks.get(pid)?.process;
    return process && this.directoryOf(process);
  }

  private directoryOf(process: Process): ProcessDirectory {
    let directory = this.directories.get(process);
    if (!directory) this.directories.set(process, directory = new ProcessDirectory(this.fs, process));
    return directory.refresh();
  }

  override list(task: Task): ListedName[] {
    const pids = [...this.kernel.processes.values()].map((p) => listed(String(p.pid), this.directoryOf(p)));
    return [...super.list(task), ...pids];
  }
}

