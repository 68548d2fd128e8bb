/** /proc/sys (sysctl(8)): settings that programs read, and the few that mean something here. */
import { CAP_SYS_ADMIN, CAP_LAST_CAP } from '../../../abi/capability.ts';
import { EPERM } from '../../../abi/errno.ts';
import type { Task } from '../../task/task.ts';
import { RELEASE, SYSNAME, VERSION } from '../../version.ts';
import type { Content, GeneratedDirectory, Store } from '../generated/generated.ts';

function uuid(task: Task): string {
  const b = new Uint8Array(16);
  task.kernel.random(b);
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const h = [...b].map((x) => x.toString(16).padStart(2, '0')).join('');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

let bootId: string | undefined;

/** Values by path; a function where the kernel knows, a string where Linux's default does. */
const VALUES: Readonly<Record<string, string | ((task: Task) => string | number)>> = {
  'kernel/hostname': (t) => t.kernel.hostname,
  'kernel/domainname': (t) => t.kernel.domainname,
  'kernel/ostype': SYSNAME,
  'kernel/osrelease': RELEASE,
  'kernel/version': VERSION,
  'kernel/arch': 'x86_64',
  'kernel/pid_max': '32768',
  'kernel/threads-max': (t) => t.kernel.pidsLimit,
  'kernel/cap_last_cap': String(CAP_LAST_CAP),
  'kernel/ngroups_max': '65536',
  'kernel/random/uuid': uuid,
  'kernel/random/boot_id': (t) => bootId ??= uuid(t),
  'kernel/random/entropy_avail': '256',
  'kernel/random/poolsize': '256',
  'kernel/core_pattern': 'core',
  'kernel/core_uses_pid': '1',
  'kernel/printk': '4\t4\t1\t7',
  'kernel/randomize_va_space': '2',
  'kernel/yama/ptrace_scope': '1',
  'kernel/tainted': '0',
  'kernel/dmesg_restrict': '1',
  'kernel/kptr_restrict': '1',
  'kernel/perf_event_paranoid': '4',
  'kernel/unprivileged_bpf_disabled': '2',
  'kernel/sched_rr_timeslice_ms': '100',
  'kernel/sem': '32000\t1024000000\t500\t32000',
  'kernel/msgmax': '8192',
  'kernel/msgmnb': '16384',
  'kernel/msgmni': '32000',
  'kernel/shmmax': '18446744073692774399',
  'kernel/shmall': '18446744073692774399',
  'kernel/shmmni': '4096',
  'kernel/shm_rmid_forced': '0',
  'kernel/panic': '0',
  'kernel/keys/maxkeys': '200',
  'vm/overcommit_memory': '1',
  'vm/overcommit_ratio': '50',
  'vm/max_map_count': '262144',
  'vm/mmap_min_addr': '65536',
  'vm/swappiness': '60',
  'vm/nr_hugepages': '0',
  'vm/dirty_ratio': '20',
  'vm/dirty_background_ratio': '10',
  'vm/min_free_kbytes': '4096',
  'vm/vfs_cache_pressure': '100',
  'vm/zone_reclaim_mode': '0',
  'fs/file-max': '9223372036854775807',
  'fs/file-nr': '64\t0\t9223372036854775807',
  'fs/nr_open': '1048576',
  'fs/pipe-max-size': '1048576',
  'fs/pipe-user-pages-soft': '16384',
  'fs/pipe-user-pages-hard': '0',
  'fs/aio-max-nr': '65536',
  'fs/aio-nr': '0',
  'fs/protected_hardlinks': '1',
  'fs/protected_symlinks': '0',
  'fs/protected_fifos': '0',
  'fs/protected_regular': '0',
  'fs/suid_dumpable': '0',
  'fs/overflowuid': '65534',
  'fs/overflowgid': '65534',
  'fs/inotify/max_queued_events': '16384',
  'fs/inotify/max_user_instances': '128',
  'fs/inotify/max_user_watches': '65536',
  'fs/epoll/max_user_watches': '65536',
  'fs/mqueue/msg_max': '10',
  'fs/mqueue/msgsize_max': '8192',
  'fs/mqueue/queues_max': '256',
  'net/core/somaxconn': '4096',
  'net/core/rmem_max': '212992',
  'net/core/wmem_max': '212992',
  'net/core/rmem_default': '212992',
  'net/core/wmem_default': '212992',
  'net/core/netdev_max_backlog': '1000',
  'net/ipv4/ip_local_port_range': '32768\t60999',
  'net/ipv4/ip_unprivileged_port_start': '0',
  'net/ipv4/ip_forward': '0',
  'net/ipv4/ip_nonlocal_bind': '0',
  'net/ipv4/ping_group_range': '0\t2147483647',
  'net/ipv4/tcp_keepalive_time': '7200',
  'net/ipv4/tcp_keepalive_intvl': '75',
  'net/ipv4/tcp_keepalive_probes': '9',
  'net/ipv4/tcp_syncookies': '1',
  'net/ipv4/tcp_fin_timeout': '60',
  'net/ipv4/tcp_fastopen': '0',
  'net/ipv4/tcp_max_syn_backlog': '128',
  'net/ipv4/tcp_rmem': '4096\t131072\t6291456',
  'net/ipv4/tcp_wmem': '4096\t16384\t4194304',
  'net/ipv4/tcp_tw_reuse': '2',
  'net/ipv4/tcp_congestion_control': 'cubic',
  'net/ipv4/tcp_available_congestion_control': 'cubic',
  'net/ipv6/conf/all/disable_ipv6': '0',
  'net/ipv6/conf/default/disable_ipv6': '0',
  'net/ipv6/conf/lo/disable_ipv6': '0',
  'net/ipv6/bindv6only': '0',
};

/** Settings of the kernel's own that a write changes; CAP_SYS_ADMIN only, and in containers the mount is read-only anyway. */
const SETTERS: Readonly<Record<string, (task: Task, value: string) => void>> = {
  'kernel/hostname': (t, value) => { t.kernel.hostname = value; },
  'kernel/domainname': (t, value) => { t.kernel.domainname = value; },
};

export function addSysctls(sys: GeneratedDirectory): void {
  for (const [path, value] of Object.entries(VALUES)) {
    const dotted = path.replaceAll('/', '.'), slash = path.lastIndexOf('/');
    const content: Content = (task) => `${task.kernel.vfs.sysctls.get(dotted) ?? (typeof value === 'string' ? value : value(task))}\n`;
    const store: Store = (task, text) => {
      if (!task.credentials.has(CAP_SYS_ADMIN)) return -EPERM;
      const given = text.replace(/\n+$/, '');
      if (SETTERS[path]) SETTERS[path](task, given); else task.kernel.vfs.sysctls.set(dotted, given);
    };
    sys.directory(path.slice(0, slash)).file(path.slice(slash + 1), content, path.startsWith('kernel/random/') ? undefined : store);
  }
}
