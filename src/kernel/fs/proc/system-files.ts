/** The files at the top of /proc that tell about the machine and the kernel. */
import { PAGE_SIZE } from '../../../cpu/memory.ts';
import { BRAND, FAMILY, MODEL, STEPPING } from '../../../cpu/x64/cpuid.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { RELEASE, SYSNAME, VERSION } from '../../version.ts';
import { kilobytes, ticks } from './format.ts';

/** What CPUID tells, in Linux's names: x86-64-v2. */
const CPU_FLAGS = 'fpu de tsc msr pae cx8 sep pge cmov pat clflush mmx fxsr sse sse2 ss syscall nx rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm';
const CPU_MHZ = 1000;

function cpuinfo(): string {
  return `processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: ${FAMILY}
model\t\t: ${MODEL}
model name\t: ${BRAND}
stepping\t: ${STEPPING}
microcode\t: 0x1
cpu MHz\t\t: ${CPU_MHZ.toFixed(3)}
cache size\t: 8192 KB
physical id\t: 0
siblings\t: 1
core id\t\t: 0
cpu cores\t: 1
apicid\t\t: 0
initial apicid\t: 0
fpu\t\t: yes
fpu_exception\t: yes
cpuid level\t: 11
wp\t\t: yes
flags\t\t: ${CPU_FLAGS}
bugs\t\t:
bogomips\t: ${(CPU_MHZ * 2).toFixed(2)}
clflush size\t: 64
cache_alignment\t: 64
address sizes\t: 40 bits physical, 48 bits virtual
power management:

`;
}

function meminfo({ kernel }: Task): string {
  const total = kernel.memoryLimit, free = Math.max(0, total - kernel.pages.used * PAGE_SIZE);
  const lines: [string, number][] = [
    ['MemTotal', total], ['MemFree', free], ['MemAvailable', free], ['Buffers', 0], ['Cached', 0], ['SwapCached', 0], ['Active', total - free], ['Inactive', 0], ['Active(anon)', total - free], ['Inactive(anon)', 0],
    ['Active(file)', 0], ['Inactive(file)', 0], ['Unevictable', 0], ['Mlocked', 0], ['SwapTotal', 0], ['SwapFree', 0], ['Dirty', 0], ['Writeback', 0], ['AnonPages', total - free], ['Mapped', 0], ['Shmem', 0],
    ['KReclaimable', 0], ['Slab', 0], ['SReclaimable', 0], ['SUnreclaim', 0], ['KernelStack', 0], ['PageTables', 0], ['NFS_Unstable', 0], ['Bounce', 0], ['WritebackTmp', 0], ['CommitLimit', total],
    ['Committed_AS', total - free], ['VmallocTotal', 34359738367 * 1024], ['VmallocUsed', 0], ['VmallocChunk', 0], ['Percpu', 0], ['AnonHugePages', 0], ['ShmemHugePages', 0], ['ShmemPmdMapped', 0],
  ];
  return lines.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kilobytes(bytes)}\n`).join('')
    + 'HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n';
}

/** Seconds since the epoch at boot. */
function bootTime(kernel: Kernel): number { return Math.floor((kernel.clock.now() - kernel.uptime()) / 1000); }

function running(kernel: Kernel): number { return [...kernel.tasks.values()].filter((t) => t.state === 'ready').length; }

function stat({ kernel }: Task): string {
  const busy = ticks(kernel.cpuMs), idle = Math.max(0, ticks(kernel.uptime()) - busy), cpu = `${busy} 0 0 ${idle} 0 0 0 0 0 0`;
  let switches = 0;
  for (const p of kernel.processes.values()) switches += p.contextSwitches;
  return `cpu  ${cpu}\ncpu0 ${cpu}\nintr 0\nctxt ${switches}\nbtime ${bootTime(kernel)}\nprocesses ${kernel.forks}\nprocs_running ${Math.max(1, running(kernel))}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`;
}

function uptime({ kernel }: Task): string {
  const up = kernel.uptime() / 1000;
  return `${up.toFixed(2)} ${Math.max(0, up - kernel.cpuMs / 1000).toFixed(2)}\n`;
}

function loadavg({ kernel }: Task): string { return `0.00 0.00 0.00 ${Math.max(1, running(kernel))}/${kernel.tasks.size} ${Math.max(0, ...kernel.tasks.keys())}\n`; }

function filesystems({ kernel }: Task): string {
  const withDevice = ['ext4'];
  return [...['overlay', ...kernel.vfs.typeNames()].map((t) => `nodev\t${t}\n`), ...withDevice.map((t) => `\t${t}\n`)].join('');
}

export const systemFiles: Readonly<Record<string, (task: Task) => string>> = {
  version: () => `${SYSNAME} version ${RELEASE} (drydock@drydock) (gcc 14.2.0) ${VERSION}\n`,
  cpuinfo,
  meminfo,
  stat,
  uptime,
  loadavg,
  filesystems,
  cmdline: () => 'BOOT_IMAGE=/drydock\n',
  devices: () => 'Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n',
  swaps: () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  partitions: () => 'major minor  #blocks  name\n\n',
  diskstats: () => '',
  modules: () => '',
  misc: () => '',
  interrupts: () => '            CPU0       \n',
  vmstat: ({ kernel }) => `nr_free_pages ${Math.max(0, Math.floor(kernel.memoryLimit / PAGE_SIZE) - kernel.pages.used)}\npgfault 0\npgmajfault 0\n`,
  locks: () => '',
  sched_debug: () => '',
  timer_list: () => '',
};
