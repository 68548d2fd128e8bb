/** sysfs (sysfs(5)): what libc, JVMs and Go look up there about processors, memory and network interfaces. */
import { SYSFS_MAGIC } from '../../../abi/stat.ts';
import type { Vfs } from '../../vfs/vfs.ts';
import { GeneratedFs } from '../generated/generated.ts';

const CACHES: readonly (readonly [level: string, type: string, size: string])[] = [['1', 'Data', '32K'], ['1', 'Instruction', '32K'], ['2', 'Unified', '256K'], ['3', 'Unified', '8192K']];

export function createSysfs(vfs: Vfs): GeneratedFs {
  const fs = new GeneratedFs(vfs, 'sysfs', SYSFS_MAGIC), { root } = fs;
  const cpus = root.directory('devices/system/cpu');
  for (const name of ['online', 'possible', 'present']) cpus.file(name, '0\n');
  for (const name of ['offline', 'isolated']) cpus.file(name, '\n');
  cpus.file('kernel_max', '0\n');
  const cpu = cpus.directory('cpu0');
  for (const [name, text] of Object.entries({ core_id: '0', physical_package_id: '0', thread_siblings: '1', thread_siblings_list: '0', core_siblings: '1', core_siblings_list: '0', core_cpus_list: '0', die_id: '0' })) cpu.directory('topology').file(name, `${text}\n`);
  CACHES.forEach(([level, type, size], i) => {
    const cache = cpu.directory(`cache/index${i}`);
    for (const [name, text] of Object.entries({ level, type, size, coherency_line_size: '64', ways_of_associativity: '8', number_of_sets: '64', shared_cpu_list: '0', shared_cpu_map: '1' })) cache.file(name, `${text}\n`);
  });
  const node = root.directory('devices/system/node');
  for (const name of ['online', 'possible', 'has_cpu', 'has_memory', 'has_normal_memory']) node.file(name, '0\n');
  node.directory('node0').file('cpulist', '0\n');
  node.directory('node0').file('cpumap', '1\n');

  const hugePages = root.directory('kernel/mm/transparent_hugepage');
  hugePages.file('enabled', 'always madvise [never]\n');
  hugePages.file('defrag', 'always defer defer+madvise madvise [never]\n');
  hugePages.file('hpage_pmd_size', '2097152\n');
  hugePages.file('shmem_enabled', 'always within_size advise [never] deny force\n');
  root.directory('kernel/mm/hugepages');
  root.directory('kernel/security');
  root.directory('kernel/debug');
  root.directory('fs/cgroup');
  root.directory('class/net');
  root.directory('block');
  root.directory('bus');
  root.directory('dev/block');
  root.directory('dev/char');
  root.directory('firmware');
  root.directory('module');
  root.directory('power');
  return fs;
}
