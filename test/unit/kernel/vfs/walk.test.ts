/** Path walk where the random tests do not reach: limits, mounts, roots, openat2, descriptors as starting points. */
import { beforeEach, describe, expect, it } from 'vitest';
import { TmpFs } from '../../../../src/kernel/fs/tmpfs/tmpfs.ts';
import { bind, unmount } from '../../../../src/kernel/vfs/mounting.ts';
import { pathName } from '../../../../src/kernel/vfs/mount.ts';
import { resolve } from '../../../../src/kernel/vfs/namei.ts';
import { Rig } from '../../../support/kernel-rig.ts';

const AT_FDCWD = -100, O_PATH = 0o10000000, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000;
let rig: Rig;
beforeEach(async () => { rig = await Rig.create((vfs) => new TmpFs(vfs, { mode: 0o755 })); });

const where = (path: string): string => pathName(resolve(rig.task, AT_FDCWD, path), rig.task.fs.root);
const mountTmpfs = async (at: string): Promise<void> => { await rig.must('mkdir', at, 0o755); await rig.must('mount', 'x', at, 'tmpfs', 0, 0); };
const asAdmin = (): void => { rig.task.credentials = rig.task.credentials.with({ effective: (1n << 41n) - 1n }); };

describe('limits', () => {
  it('follows 40 links and no more', async () => {
    await rig.write('/l0', 'end');
    for (let i = 1; i <= 41; i++) await rig.must('symlink', `l${i - 1}`, `/l${i}`);
    expect(await rig.read('/l40')).toBe('end');
    expect(await rig.stat('/l41')).toBe('ELOOP');
    expect(await rig.stat('/l41', false)).toMatchObject({ size: 3 });
  });
  it('names of 255 bytes and paths of 4095', async () => {
    await rig.write(`/${'n'.repeat(255)}`, '');
    expect(await rig.stat(`/${'n'.repeat(256)}`)).toBe('ENAMETOOLONG');
    expect(await rig.stat(`/${'ü'.repeat(128)}`)).toBe('ENAMETOOLONG');
    expect(await rig.stat(`${'/.'.repeat(2047)}/`)).toMatchObject({ mode: 0o040755 });
    expect(await rig.stat(`${'/.'.repeat(2048)}`)).toBe('ENAMETOOLONG');
  });
  it('names that are not UTF-8 come back byte for byte', async () => {
    const name = Uint8Array.of(0x2f, 0xff, 0x61, 0xc3, 0x28, 0);
    const fd = await rig.must('open', name, 0o101, 0o644);
    const buffer = rig.alloc(256), link = rig.alloc(32), dir = await rig.must('open', '/', O_DIRECTORY, 0);
    const n = await rig.must('getdents64', dir, buffer, 256), bytes = rig.bytes(buffer, n);
    expect(Buffer.from(bytes).includes(Buffer.from(name.subarray(1, 5)))).toBe(true);
    await rig.kernel.vfs.sync();
    expect(fd).toBeGreaterThanOrEqual(0);
    expect(link).toBeGreaterThan(0);
  });
});

describe('mounts', () => {
  beforeEach(asAdmin);
  it('are crossed in both directions, and hide what is below', async () => {
    await mountTmpfs('/m');
    await rig.write('/m/inside', 'x');
    expect(where('/m/inside')).toBe('/m/inside');
    expect(where('/m/../m/./inside')).toBe('/m/inside');
    await rig.must('chdir', '/m');
    expect(where('..')).toBe('/');
    expect(await rig.outcome('umount2', '/m', 0)).toBe('EBUSY');
    await rig.must('chdir', '/');
    expect(await rig.outcome('rmdir', '/m')).toBe('EBUSY');
    expect(await rig.outcome('rename', '/m', '/n')).toBe('EBUSY');
    await rig.must('umount2', '/m', 0);
    expect(await rig.list('/m')).toEqual([]);
  });
  it('links and renames do not cross them', async () => {
    await mountTmpfs('/m');
    await rig.write('/a', 'x');
    expect(await rig.outcome('rename', '/a', '/m/a')).toBe('EXDEV');
    expect(await rig.outcome('link', '/a', '/m/a')).toBe('EXDEV');
    expect(await rig.outcome('symlink', '/a', '/m/a')).toBe(0);
    expect(await rig.read('/m/a')).toBe('x');
  });
  it('bind mounts of files and directories, read-only remounts', async () => {
    await rig.must('mkdir', '/dir', 0o755);
    await rig.write('/dir/f', 'one');
    await rig.must('mkdir', '/alias', 0o755);
    await rig.must('mount', '/dir', '/alias', 0, 0x1000, 0);
    await rig.must('mount', 'none', '/alias', 0, 0x1021, 0);
    expect(await rig.read('/alias/f')).toBe('one');
    expect(await rig.outcome('open', '/alias/f', 1, 0)).toBe('EROFS');
    expect(await rig.outcome('mkdir', '/alias/d', 0o755)).toBe('EROFS');
    expect(await rig.outcome('faccessat2', AT_FDCWD, '/alias/f', 2, 0)).toBe('EROFS');
    await rig.write('/dir/f', 'two');
    expect(await rig.read('/alias/f')).toBe('two');
    await rig.write('/over', 'covered');
    const namespace = rig.task.fs.namespace, at = (p: string): ReturnType<typeof resolve> => resolve(rig.task, AT_FDCWD, p);
    bind(namespace, at('/dir/f'), at('/over'), false);
    expect(await rig.read('/over')).toBe('two');
    unmount(namespace, at('/over'), 0, () => false);
    expect(await rig.read('/over')).toBe('covered');
  });
  it('moves, pivots, and detaches lazily with what is below', async () => {
    await mountTmpfs('/a');
    await mountTmpfs('/a/b');
    await rig.write('/a/b/f', 'deep');
    await rig.must('mkdir', '/c', 0o755);
    await rig.must('mount', '/a', '/c', 0, 0x2000, 0);
    expect(await rig.read('/c/b/f')).toBe('deep');
    expect(await rig.list('/a')).toEqual([]);
    await rig.must('umount2', '/c', 2);
    expect(await rig.list('/c')).toEqual([]);
    await mountTmpfs('/new');
    await rig.must('mkdir', '/new/old', 0o755);
    await rig.must('pivot_root', '/new', '/new/old');
    expect(await rig.list('/')).toEqual(['old']);
    expect(await rig.list('/old')).toEqual(['a', 'c', 'new']);
  });
  it('tmpfs takes options, counts its size and refuses others', async () => {
    await rig.must('mkdir', '/t', 0o755);
    await rig.must('mount', 't', '/t', 'tmpfs', 0, 'size=16k,mode=700,nr_inodes=3');
    expect(await rig.stat('/t')).toMatchObject({ mode: 0o040700 });
    const fd = await rig.must('open', '/t/f', 0o102, 0o600), block = new Uint8Array(20000).fill(1);
    expect(await rig.call('write', fd, block, 20000)).toBe(16384);
    expect(await rig.outcome('write', fd, block, 1)).toBe('ENOSPC');
    await rig.must('ftruncate', fd, 4096);
    expect(await rig.call('pwrite64', fd, block, 8192, 4096)).toBe(8192);
    await rig.write('/t/g', '');
    await rig.must('mkdir', '/t/h', 0o755);
    expect(await rig.outcome('mkdir', '/t/i', 0o755)).toBe('ENOSPC');
    expect(await rig.outcome('mount', 't', '/t', 'tmpfs', 0, 'nonsense=1')).toBe('EINVAL');
    expect(await rig.outcome('mount', 't', '/t', 'zfs', 0, 0)).toBe('ENODEV');
  });
});

describe('starting points', () => {
  it('a root stays a root', async () => {
    await rig.must('mkdir', '/jail', 0o755);
    await rig.write('/jail/f', 'in');
    await rig.write('/f', 'out');
    await rig.must('symlink', '/f', '/jail/absolute');
    await rig.must('chroot', '/jail');
    await rig.must('chdir', '/');
    expect(await rig.read('/../../f')).toBe('in');
    expect(await rig.read('/absolute')).toBe('in');
  });
  it('descriptors, O_PATH and empty paths', async () => {
    await rig.must('mkdir', '/d', 0o755);
    await rig.write('/d/f', 'x');
    await rig.must('symlink', 'f', '/d/l');
    const dir = await rig.must('open', '/d', O_PATH, 0), file = await rig.must('open', '/d/f', O_PATH, 0), link = await rig.must('open', '/d/l', O_PATH | O_NOFOLLOW, 0), buffer = rig.alloc(256);
    expect(await rig.outcome('openat', dir, 'f', 0, 0)).toEqual(expect.any(Number));
    expect(await rig.outcome('openat', file, 'f', 0, 0)).toBe('ENOTDIR');
    expect(await rig.outcome('openat', 99, 'f', 0, 0)).toBe('EBADF');
    expect(await rig.outcome('openat', 99, '/d/f', 0, 0)).toEqual(expect.any(Number));
    expect(await rig.outcome('read', file, buffer, 1)).toBe('EBADF');
    expect(await rig.outcome('fchmod', file, 0o600)).toBe('EBADF');
    expect(await rig.outcome('newfstatat', file, '', buffer, 0x1000)).toBe(0);
    expect(await rig.outcome('newfstatat', file, '', buffer, 0)).toBe('ENOENT');
    expect(rig.text(buffer, await rig.must('readlinkat', link, '', buffer, 64))).toBe('f');
    expect(await rig.outcome('open', '/d/l', O_NOFOLLOW, 0)).toBe('ELOOP');
    // A zero-extended AT_FDCWD, as compilers produce it.
    expect(await rig.outcome('openat', 0xffffff9c, 'd/f', 0, 0)).toEqual(expect.any(Number));
  });
  it('getcwd, also of a directory that is gone', async () => {
    await rig.must('mkdir', '/d', 0o755);
    await rig.must('chdir', '/d');
    const buffer = rig.alloc(64);
    expect(rig.text(buffer, await rig.must('getcwd', buffer, 64))).toBe('/d\0');
    expect(await rig.outcome('getcwd', buffer, 2)).toBe('ERANGE');
    await rig.must('rename', '/d', '/e');
    expect(rig.text(buffer, await rig.must('getcwd', buffer, 64))).toBe('/e\0');
    await rig.must('rmdir', '/e');
    expect(await rig.outcome('getcwd', buffer, 64)).toBe('ENOENT');
    expect(await rig.outcome('open', 'new', 0o101, 0o644)).toBe('ENOENT');
    expect(where('..')).toBe('/');
  });
  it('O_TMPFILE gets a name by linkat', async () => {
    const fd = await rig.must('open', '/', 0o20200002, 0o600);
    await rig.must('write', fd, 'nameless', 8);
    expect(await rig.list('/')).toEqual([]);
    await rig.must('linkat', fd, '', AT_FDCWD, '/named', 0x1000);
    expect(await rig.read('/named')).toBe('nameless');
    expect(await rig.stat('/named')).toMatchObject({ nlink: 1, mode: 0o100600 });
  });
});

it('openat2 confines', async () => {
  await rig.must('mkdir', '/d', 0o755);
  await rig.write('/d/f', 'in');
  await rig.write('/f', 'out');
  for (const [name, target] of [['up', '../f'], ['abs', '/f'], ['ok', 'f']]) await rig.must('symlink', target, `/d/${name}`);
  const dir = await rig.must('open', '/d', O_DIRECTORY, 0);
  const open = async (path: string, resolveFlags: number): Promise<number | string> => {
    const how = new Uint8Array(24);
    new DataView(how.buffer).setUint32(16, resolveFlags, true);
    const r = await rig.outcome('openat2', dir, path, how, 24);
    return typeof r === 'number' ? 'ok' : r;
  };
  const BENEATH = 8, IN_ROOT = 16, NO_SYMLINKS = 4;
  expect(await open('f', BENEATH)).toBe('ok');
  expect(await open('ok', BENEATH)).toBe('ok');
  expect(await open('up', BENEATH)).toBe('EXDEV');
  expect(await open('abs', BENEATH)).toBe('EXDEV');
  expect(await open('../f', BENEATH)).toBe('EXDEV');
  expect(await open('abs', IN_ROOT)).toBe('ok');
  expect(await open('/../../f', IN_ROOT)).toBe('ok');
  expect(await open('ok', NO_SYMLINKS)).toBe('ELOOP');
  expect(await open('f', 1 << 10)).toBe('EINVAL');
});
