/** /proc, /sys and the memory devices as programs read them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { makedev, S_IFCHR } from '../../../../src/abi/stat.ts';
import { TmpFs } from '../../../../src/kernel/fs/tmpfs/tmpfs.ts';
import { Credentials } from '../../../../src/kernel/task/credentials.ts';
import { attach } from '../../../../src/kernel/vfs/mounting.ts';
import { resolve } from '../../../../src/kernel/vfs/namei.ts';
import { Rig } from '../../../support/kernel-rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.create((vfs) => new TmpFs(vfs, { mode: 0o755 }));
  const { vfs } = rig.kernel, { namespace } = rig.task.fs;
  for (const [dir, type] of [['/proc', 'proc'], ['/sys', 'sysfs'], ['/sys/fs/cgroup', 'cgroup2']]) {
    if (dir.split('/').length === 2) await rig.must('mkdir', dir, 0o755);
    attach(namespace, vfs.mount(vfs.create(type, { source: type, flags: 0, data: '' }), type), resolve(rig.task, -100, dir));
  }
  for (const [name, minor] of [['null', 3], ['zero', 5], ['full', 7], ['urandom', 9]] as const) await rig.must('mknod', `/${name}`, S_IFCHR | 0o666, makedev(1, minor));
});

describe('proc', () => {
  it('lists the process and leads to it', async () => {
    const pid = String(rig.task.tid);
    expect(await rig.list('/proc')).toEqual(expect.arrayContaining([pid, 'self', 'cpuinfo', 'sys']));
    const buffer = rig.alloc(64);
    expect(rig.text(buffer, await rig.must('readlink', '/proc/self', buffer, 64))).toBe(pid);
    const stat = await rig.read('/proc/self/stat');
    expect(stat).toMatch(new RegExp(`^${pid} \\(rig\\) [RS] 0 ${pid} ${pid} 0 -1 `));
    expect(stat.trim().split(' ')).toHaveLength(52);
    expect(await rig.read('/proc/self/status')).toContain('CapEff:\t00000000a80425fb\n');
    expect(await rig.outcome('open', '/proc/99999/stat', 0, 0)).toBe('ENOENT');
  });

  it('shows open files, and opens them again through their links', async () => {
    await rig.write('/data', 'content');
    const fd = await rig.must('open', '/data', 2, 0), buffer = rig.alloc(64);
    expect(rig.text(buffer, await rig.must('readlink', `/proc/self/fd/${fd}`, buffer, 64))).toBe('/data');
    expect(await rig.list('/proc/self/fd')).toContain(String(fd));
    await rig.must('unlink', '/data');
    expect(rig.text(buffer, await rig.must('readlink', `/proc/self/fd/${fd}`, buffer, 64))).toBe('/data (deleted)');
    expect(await rig.read(`/proc/self/fd/${fd}`)).toBe('content');
    await rig.must('close', fd);
    const pipes = rig.alloc(8);
    await rig.must('pipe', pipes);
    const [r, w] = new Int32Array(rig.bytes(pipes, 8).buffer);
    expect(rig.text(buffer, await rig.must('readlink', `/proc/self/fd/${r}`, buffer, 64))).toMatch(/^pipe:\[\d+\]$/);
    const again = await rig.must('open', `/proc/self/fd/${w}`, 1, 0);
    await rig.must('write', again, 'hi', 2);
    expect(rig.text(buffer, await rig.must('read', r, buffer, 10))).toBe('hi');
    const memfd = await rig.must('memfd_create', 'x', 0);
    expect(rig.text(buffer, await rig.must('readlink', `/proc/self/fd/${memfd}`, buffer, 64))).toBe('/memfd:x (deleted)');
  });

  it('describes mounts and areas in the kernel\'s formats', async () => {
    expect(await rig.read('/proc/mounts')).toBe('root / tmpfs rw,mode=755 0 0\nproc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate,memory_recursiveprot 0 0\n');
    expect(await rig.read('/proc/self/mountinfo')).toMatch(/^\d+ \d+ 0:\d+ \/ \/proc rw - proc proc rw$/m);
    expect(await rig.read('/proc/self/maps')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{8} rw-p 00000000 00:00 0 $/m);
  });

  it('keeps other users out', async () => {
    const own = rig.task.credentials, { process } = rig.task;
    const file = await rig.must('open', '/proc/self/comm', 1, 0);
    expect(await rig.outcome('write', file, 'renamed-much-too-long', 21)).toBe(21);
    expect(rig.task.comm).toBe('renamed-much-to');
    rig.task.comm = 'rig';
    expect((await rig.stat(`/proc/${process.pid}/environ`)) as object).toMatchObject({ mode: 0o100400, uid: 0 });
    rig.task.credentials = Credentials.user(1000, 1000);
    expect((await rig.stat('/proc/self')) as object).toMatchObject({ uid: 1000 });
    rig.task.credentials = own;
  });

  it('knows the settings programs ask for', async () => {
    expect(await rig.read('/proc/sys/kernel/osrelease')).toMatch(/^6\.12\.0-drydock\n$/);
    expect(await rig.read('/proc/sys/kernel/random/uuid')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$/);
    expect(await rig.read('/proc/cpuinfo')).toMatch(/flags\t\t: .*sse4_2 popcnt/);
    expect(await rig.read('/proc/meminfo')).toMatch(/^MemTotal: +\d+ kB$/m);
    expect(await rig.read('/sys/devices/system/cpu/online')).toBe('0\n');
    expect(await rig.read('/sys/fs/cgroup/memory.max')).toBe('max\n');
  });
});

it('null, zero, full and urandom behave', async () => {
  const buffer = rig.alloc(16), open = (name: string): Promise<number> => rig.must('open', name, 2, 0);
  const nul = await open('/null'), zero = await open('/zero'), full = await open('/full'), random = await open('/urandom');
  expect(await rig.call('read', nul, buffer, 16)).toBe(0);
  expect(await rig.call('write', nul, buffer, 16)).toBe(16);
  expect(await rig.call('read', random, buffer, 16)).toBe(16);
  expect(rig.bytes(buffer, 16).some((b) => b !== 0)).toBe(true);
  expect(await rig.call('read', zero, buffer, 16)).toBe(16);
  expect(rig.bytes(buffer, 16).every((b) => b === 0)).toBe(true);
  expect(await rig.outcome('write', full, buffer, 1)).toBe('ENOSPC');
});
