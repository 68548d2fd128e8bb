/** Makes the kernel's own filesystem types known to mount(2), and its memory devices to open(2). */
import { MQUEUE_MAGIC } from '../../abi/stat.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import type { Kernel } from '../kernel.ts';
import { registerMemoryDevices } from './devices/memory-devices.ts';
import { GeneratedFs } from './generated/generated.ts';
import { ProcFs } from './proc/proc.ts';
import { createCgroup2 } from './sysfs/cgroup2.ts';
import { createSysfs } from './sysfs/sysfs.ts';
import { parseTmpFsOptions, TmpFs } from './tmpfs/tmpfs.ts';

export function registerFilesystems(kernel: Kernel): void {
  const { vfs } = kernel;
  registerMemoryDevices(vfs);
  vfs.registerType('proc', () => new ProcFs(kernel));
  vfs.registerType('sysfs', createSysfs);
  vfs.registerType('cgroup2', () => createCgroup2(kernel));
  vfs.registerType('tmpfs', (_vfs, { data }) => new TmpFs(vfs, { size: Math.floor(vfs.pages.limit / 2) * PAGE_SIZE, ...parseTmpFsOptions(data, kernel.memoryLimit) }));
  vfs.registerType('mqueue', () => new GeneratedFs(vfs, 'mqueue', MQUEUE_MAGIC));
}
