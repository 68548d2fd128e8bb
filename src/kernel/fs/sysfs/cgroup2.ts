/** cgroup v2 as a container sees its own group at /sys/fs/cgroup: limits and usage that runtimes size themselves by. */
import { CGROUP2_SUPER_MAGIC } from '../../../abi/stat.ts';
import { PAGE_SIZE } from '../../../cpu/memory.ts';
import type { Kernel } from '../../kernel.ts';
import { GeneratedFs } from '../generated/generated.ts';

/** Microseconds of the period that cpu.max divides. */
const CPU_PERIOD = 100_000;
const PIDS_UNLIMITED = 32768;

export function createCgroup2(kernel: Kernel): GeneratedFs {
  const fs = new GeneratedFs(kernel.vfs, 'cgroup2', CGROUP2_SUPER_MAGIC, false, 'nsdelegate,memory_recursiveprot'), { root } = fs;
  const used = (): number => kernel.pages.used * PAGE_SIZE, usec = (): number => Math.round(kernel.cpuMs * 1000);
  const limited = kernel.memoryLimit < kernel.cpu.memory.limit - kernel.cpu.memory.reserved;
  root.file('cgroup.controllers', 'cpuset cpu io memory pids\n');
  root.file('cgroup.subtree_control', '\n');
  root.file('cgroup.type', 'domain\n');
  root.file('cgroup.events', 'populated 1\nfrozen 0\n');
  root.file('cgroup.max.depth', 'max\n');
  root.file('cgroup.max.descendants', 'max\n');
  root.file('cgroup.procs', () => [...kernel.processes.keys()].map((pid) => `${pid}\n`).join(''));
  root.file('cgroup.threads', () => [...kernel.tasks.keys()].map((tid) => `${tid}\n`).join(''));
  root.file('memory.max', () => `${limited ? kernel.memoryLimit : 'max'}\n`);
  root.file('memory.high', 'max\n');
  root.file('memory.low', '0\n');
  root.file('memory.min', '0\n');
  root.file('memory.current', () => `${used()}\n`);
  root.file('memory.peak', () => `${used()}\n`);
  root.file('memory.swap.max', '0\n');
  root.file('memory.swap.current', '0\n');
  root.file('memory.events', 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n');
  root.file('memory.stat', () => `anon ${used()}\nfile 0\nkernel 0\nshmem 0\nfile_mapped 0\nfile_dirty 0\ninactive_anon 0\nactive_anon ${used()}\ninactive_file 0\nactive_file 0\nunevictable 0\npgfault 0\npgmajfault 0\n`);
  root.file('cpu.max', `max ${CPU_PERIOD}\n`);
  root.file('cpu.weight', '100\n');
  root.file('cpu.stat', () => `usage_usec ${usec()}\nuser_usec ${usec()}\nsystem_usec 0\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n`);
  root.file('cpuset.cpus', '\n');
  root.file('cpuset.cpus.effective', '0\n');
  root.file('cpuset.mems.effective', '0\n');
  root.file('pids.max', () => `${kernel.pidsLimit < PIDS_UNLIMITED ? kernel.pidsLimit : 'max'}\n`);
  root.file('pids.current', () => `${kernel.tasks.size}\n`);
  root.file('pids.events', 'max 0\n');
  root.file('io.stat', '');
  for (const kind of ['cpu', 'memory', 'io']) root.file(`${kind}.pressure`, 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n');
  return fs;
}
