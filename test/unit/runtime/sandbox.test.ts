import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { collect, concat, iterate } from '../../../src/base/streams.ts';
import { LayerIndex, NodeType } from '../../../src/abi/layer-index.ts';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { TAR_END, tarFile } from '../../../src/image/layer/tar-write.ts';
import { unpackLayer } from '../../../src/image/layer/unpack.ts';
import { layerKey } from '../../../src/image/types.ts';
import { addLayer, Box, hasBusybox, type BoxOptions } from '../../support/box.ts';

const boxes: Box[] = [];
async function boot(options: BoxOptions = {}): Promise<Box> {
  const box = await Box.boot(options);
  boxes.push(box);
  return box;
}
afterEach(async () => { for (const box of boxes.splice(0)) await box.close(); });
const listing = (tar: Uint8Array): string[] => execFileSync('tar', ['-tf', '-'], { input: tar }).toString().split('\n').filter((l) => l !== '');

describe.skipIf(!hasBusybox)('processes', () => {
  it('run with their streams, environment, directory and exit code', async () => {
    const box = await boot();
    expect(await box.run(['cat'], {}, 'from stdin')).toMatchObject({ exitCode: 0, stdout: 'from stdin', stderr: '' });
    expect(await box.sh('echo out; echo err >&2; exit 7')).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n', oomKilled: false });
  });

  it('get HOME, the hostname, a working directory that is made, and end of file on closed stdin', async () => {
    const box = await boot();
    expect((await box.sh('echo $HOME; hostname; pwd; cat; cat /etc/hosts', { cwd: '/made/for/me' })).stdout).toBe('/root\nbox\n/made/for/me\nhosts\n');
  });

  it('run as the user asked for, with runc\'s words when there is none', async () => {
    const box = await boot();
    const { stdout } = await box.sh('id; echo $HOME', { user: 'alice' });
    expect(stdout).toBe('uid=1000(alice) gid=1001(staff) groups=10(wheel),1001(staff)\n/home/alice\n'.replace('groups=10(wheel),1001(staff)', stdout.match(/groups=\S+/)?.[0] ?? ''));
    expect(stdout).toContain('10(wheel)');
  });

  it('fail to start as runc says', async () => {
    const box = await boot({ files: { 'etc/plain': { mode: 0o644 }, 'bin/text': 'not a program' } });
    const failure = (args: string[], spec = {}): Promise<unknown> => box.start(args, spec).then(() => 'started', (e: unknown) => { const { code, message } = e as { code: string; message: string }; return { code, message }; });
    expect(await failure(['nope'])).toEqual({ code: 'ENOENT', message: 'exec: "nope": executable file not found in $PATH' });
    expect(await failure(['/bin/nope'])).toEqual({ code: 'ENOENT', message: 'exec: "/bin/nope": stat /bin/nope: no such file or directory' });
    expect(await failure(['/etc/plain'])).toEqual({ code: 'EACCES', message: 'exec: "/etc/plain": permission denied' });
    expect(await failure(['/etc'])).toEqual({ code: 'EISDIR', message: 'exec: "/etc": is a directory' });
    expect(await failure(['/bin/text'])).toMatchObject({ code: 'ENOEXEC', message: 'exec /bin/text: exec format error' });
    expect(await failure(['sh'], { user: 'nobody' })).toEqual({ code: 'EUSER', message: 'unable to find user nobody: no matching entries in passwd file' });
    expect(await box.sh('echo fine')).toMatchObject({ exitCode: 0, stdout: 'fine\n' });
    expect(await failure(['sh'], { cwd: '/missing' })).toMatchObject({ code: 'ECWD', message: 'chdir to cwd ("/missing") set in config.json failed: no such file or directory' });
  });

  it('are killed, waited for, exec\'ed beside process 1, which takes all with it', async () => {
    const box = await boot();
    const first = await box.start(['sleep', '100']);
    expect(first.pid).toBe(1);
    expect(await box.run(['echo', 'second'])).toMatchObject({ stdout: 'second\n' });
    const third = await box.start(['sleep', '100']);
    expect((await box.sandbox.api.processes()).map((p) => [p.pid, p.state, p.user])).toEqual([[1, 'S', 'root'], [third.pid, 'S', 'root']]);
    expect(await box.sandbox.api.kill(third.pid, 15)).toBe(true);
    expect(await box.sandbox.wait(third.pid)).toEqual({ exitCode: 143, signal: 15, oomKilled: false });
    const fourth = await box.start(['sleep', '100']);
    expect(await box.sandbox.api.kill(1, 9)).toBe(true);
    expect(await box.sandbox.wait(1)).toMatchObject({ exitCode: 137 });
    expect(await box.sandbox.wait(fourth.pid)).toMatchObject({ exitCode: 137 });
    expect(await box.sandbox.api.kill(1, 9)).toBe(false);
  });

  it('run under an init that passes signals on and reaps orphans', async () => {
    const box = await boot({ spec: { init: true } });
    const { pid, streams } = await box.start(['sh', '-c', 'trap "echo caught; exit 9" TERM; (sleep 0.1 &) ; echo $$ $PPID; while true; do sleep 0.05; done']);
    const output = collect(iterate(streams.stdout)).then((b) => new TextDecoder().decode(b));
    await new Promise((r) => setTimeout(r, 1500));
    expect(pid).toBe(1);
    expect((await box.sandbox.api.processes()).map((p) => p.command).filter((c) => /init|defunct/.test(c))).toEqual(['[docker-init]']);
    await box.run(['kill', '-TERM', '1']);
    expect(await box.sandbox.wait(1)).toMatchObject({ exitCode: 9 });
    expect(await output).toBe('2 1\ncaught\n');
    const other = await boot({ spec: { init: true } });
    await other.start(['sleep', '100']);
    await other.sandbox.api.kill(1, 9);
    expect(await other.sandbox.wait(1)).toMatchObject({ exitCode: 137 });
  });

  it('have a terminal: size, echo, interrupt, console', async () => {
    const box = await boot();
    const { pid, streams } = await box.start(['sh'], { tty: true, openStdin: true, rows: 33, columns: 99 });
    let screen = '';
    void (async () => { for await (const piece of iterate(streams.stdout)) screen += new TextDecoder().decode(piece); })();
    const until = async (text: string | RegExp): Promise<void> => { for (let i = 0; i < 400 && screen.search(text) < 0; i++) await new Promise((r) => setTimeout(r, 20)); expect(screen).toMatch(text); };
    const keyboard = streams.stdin!.getWriter(), type = (text: string): Promise<void> => keyboard.write(new TextEncoder().encode(text));
    await type('stty size; tty; ls -l /dev/console\n');
    await until(/33 99\r\n\/dev\/pts\/0\r\n.*136,\s+0/);
    await box.sandbox.api.resize(pid, 10, 20);
    await type('stty size\n');
    await until('10 20');
    await type('sleep 100\n');
    await new Promise((r) => setTimeout(r, 200));
    await type('\x03');
    await type('exit 5\n');
    expect(await box.sandbox.wait(pid)).toMatchObject({ exitCode: 5 });
  });

  it('stop at pause and go on after', async () => {
    const box = await boot();
    const { pid, streams } = await box.start(['sh', '-c', 'while true; do echo x; sleep 0.05; done']);
    let n = 0;
    void (async () => { for await (const piece of iterate(streams.stdout)) n += piece.length; })();
    const settle = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));
    while (n === 0) await settle(10);
    await box.sandbox.api.pause();
    await settle(100);
    const paused = n;
    await settle(300);
    expect(n).toBe(paused);
    await box.sandbox.api.unpause();
    while (n === paused) await settle(10);
    await box.sandbox.api.kill(pid, 9);
    expect((await box.sandbox.api.stats()).instructions).toBeGreaterThan(1000);
  });
});

describe.skipIf(!hasBusybox)('kernel filesystems', () => {
  it('are mounted as runc mounts them', async () => {
    const box = await boot({ spec: { sysctls: { 'kernel.domainname': 'example' } } });
    const { stdout } = await box.sh('mount; cat /proc/kcore; ls /proc/self/fd | wc -l; echo x > /proc/sys/kernel/hostname; cat /proc/sys/kernel/domainname; ls /dev; ls -l /dev/fd; head -c 4 /dev/zero | wc -c; readlink /etc/mtab');
    for (const line of ['overlay on / type overlay (rw,relatime', 'proc on /proc type proc (rw,nosuid,nodev,noexec', 'tmpfs on /dev type tmpfs (rw,nosuid', 'devpts on /dev/pts type devpts (rw,nosuid,noexec', 'sysfs on /sys type sysfs (ro,', 'cgroup on /sys/fs/cgroup type cgroup2 (ro,', 'shm on /dev/shm type tmpfs (rw,nosuid,nodev,noexec', 'tmpfs on /etc/hosts type tmpfs', 'proc on /proc/sys type proc (ro,', 'tmpfs on /proc/kcore type tmpfs']) {
      expect(stdout).toContain(line);
    }
    expect(stdout.slice(stdout.lastIndexOf(')\n') + 2)).toBe('4\nexample\ncore\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\nlrwxrwxrwx    1 root     root            13 DATE /dev/fd -> /proc/self/fd\n4\n/proc/mounts\n'.replace('DATE', /13 (.*) \/dev\/fd/.exec(stdout)?.[1] ?? ''));
  });
});

describe.skipIf(!hasBusybox)('files', () => {
  it('keep what was written over a restart, and nothing of generated files', async () => {
    const box = await boot();
    expect((await box.sh('echo kept > /root/f; mkdir -p /a/b; echo own > /etc/hosts; rm -r /tmp; touch -d @1000 /bin')).exitCode).toBe(0);
    await box.close();
    const again = await boot({ store: box.store, layers: box.layers });
    expect((await again.sh('cat /root/f /etc/hosts; ls -d /a/b /tmp')).stdout).toBe('kept\nhosts\n/a/b\n');
    expect(await again.sandbox.api.changes()).toEqual([
      { path: '/a', kind: 1 }, { path: '/a/b', kind: 1 }, { path: '/bin', kind: 0 }, { path: '/root', kind: 0 }, { path: '/root/f', kind: 1 }, { path: '/tmp', kind: 2 },
    ]);
  });

  it('become a layer that gives the same tree on top of the image', async () => {
    const box = await boot({ files: { 'data/': {}, 'data/old': 'old', 'data/sub/deep': 'deep', 'dir/x': 'x', 'dir/y': 'y', 'gone/z': 'z' } });
    await box.sh('cd /data; echo new >> old; rm -r sub; mkdir sub; echo s > sub/s; ln old hard; ln -s old sym; mv /dir /moved; rm -r /gone; chown 1000:1001 /root; mknod /pipe p; chmod 4755 /data/old');
    const changes = await box.sandbox.api.changes();
    expect(changes).toContainEqual({ path: '/moved/x', kind: 1 });
    expect(changes).toContainEqual({ path: '/dir', kind: 2 });
    const { body, done } = box.sandbox.layer();
    const tar = await collect(iterate(body));
    await done;
    const diffId = await digestOf(tar);
    await unpackLayer(box.store, (async function* () { yield tar; })(), diffId, () => []);
    const index = new LayerIndex((await box.store.get(`${layerKey(diffId)}/index`))!);
    expect(index.type(index.find('dir'))).toBe(NodeType.Whiteout);
    expect([index.isOpaque(index.find('data/sub')), index.find('data/sub/deep')]).toEqual([true, -1]);
    expect(index.nlink(index.find('data/hard'))).toBe(2);
    const tree = 'cd /; ls -lRn data moved; ls -ldn root pipe; ls gone dir; cat data/hard moved/x';
    const strip = (text: string): string => text.replace(/^total \d+$/gm, '').replace(/\S+ +\d+ +\d\d:\d\d /g, '');
    const committed = await boot({ store: box.store, layers: [...box.layers, layerKey(diffId)], id: 'd'.repeat(64) });
    expect(strip((await committed.sh(tree)).stdout)).toBe(strip((await box.sh(tree)).stdout));
    expect(await committed.sandbox.api.changes()).toEqual([]);
  });

  it('are read and written as archives, with Docker\'s rules', async () => {
    const box = await boot({ files: { 'src/a': 'aaa', 'src/b/c': 'ccc', 'src/l': { type: 'symlink', linkName: '/src/b' }, 'src/dangling': { type: 'symlink', linkName: '../nowhere/x' } } });
    const { api } = box.sandbox;
    expect(await api.statPath('/src/a')).toEqual({ name: 'a', size: 3, mode: 0o755, mtime: '2023-11-14T22:13:20Z', linkTarget: '' });
    expect(await api.statPath('/src/b/')).toMatchObject({ name: 'b', mode: 0x80000000 + 0o755 });
    expect(await api.statPath('/src/l')).toMatchObject({ name: 'l', mode: 0x08000000 + 0o777, linkTarget: '/src/b' });
    expect(await api.statPath('/src/dangling')).toMatchObject({ linkTarget: '/nowhere/x' });
    await expect(api.statPath('/nope')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(listing(await box.archive('/src'))).toEqual(['src/', 'src/a', 'src/b/', 'src/b/c', 'src/dangling', 'src/l']);
    expect(listing(await box.archive('/src/b/.'))).toEqual(['./', './c']);
    expect(listing(await box.archive('/src/l'))).toEqual(['l']);
    expect(listing(await box.archive('/src/l/'))).toEqual(['l/', 'l/c']);
    const root = listing(await box.archive('/'));
    expect(root).toContain('etc/passwd');
    expect(root.filter((n) => n.startsWith('proc/') || n.startsWith('dev/')).sort()).toEqual(['dev/', 'dev/console', 'dev/pts/', 'dev/shm/', 'proc/']);

    const tar = concat([...tarFile({ name: 'new/deep/file', type: 'file', mode: 0o640, uid: 5, gid: 6, mtimeSec: 77 }, new TextEncoder().encode('hi')), ...tarFile({ name: 'a', type: 'directory', mode: 0o711 }, new Uint8Array(0)), ...tarFile({ name: 'h', type: 'link', mode: 0, linkName: 'new/deep/file' }, new Uint8Array(0)), TAR_END]);
    await expect(box.unpack('/src', tar, { noOverwriteDirNonDir: true, copyUidGid: false })).rejects.toMatchObject({ code: 'EEXIST', message: 'cannot overwrite non-directory "/src/a" with directory "/src"' });
    await box.unpack('/src/l/', tar);
    expect((await box.sh('stat -c "%a %u %g %Y %h %n" /src/b/new/deep/file /src/b/a /src/b/h')).stdout).toBe('640 5 6 77 2 /src/b/new/deep/file\n711 0 0 0 2 /src/b/a\n640 5 6 77 2 /src/b/h\n');
    await expect(box.unpack('/src/a', tar)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(box.unpack('/src', tar.subarray(0, 700))).rejects.toMatchObject({ message: expect.stringContaining('cut short') });
  });

  it('lie on volumes that outlive a container, start with the image\'s content, and on tmpfs', async () => {
    const store = new MemoryStore(), layers = [(await boot({ store })).layers[0], await addLayer(store, { 'data/': { mode: 0o750, uid: 7, gid: 8 }, 'data/seed': 'seed' })];
    const mounts = [
      { type: 'volume' as const, target: '/data', upper: 'volume/one', readonly: false, copyUp: true }, { type: 'volume' as const, target: '/ro', upper: 'volume/two', readonly: true, copyUp: false },
      { type: 'tmpfs' as const, target: '/scratch', size: 8192, options: ['mode=0700'], readonly: false },
    ];
    const box = await boot({ store, layers, id: 'a'.repeat(64), spec: { mounts } });
    expect((await box.sh('stat -c "%a %u %g" /data; cat /data/seed; echo more > /data/more; echo x > /ro/x; stat -c %a /scratch; head -c 20000 /bin/busybox > /scratch/big; wc -c < /scratch/big')).stdout).toBe('750 7 8\nseed700\n8192\n');
    await box.close();
    const other = await boot({ store, layers, id: 'b'.repeat(64), spec: { mounts } });
    expect((await other.sh('ls /data; ls /scratch; rm /data/seed')).stdout).toBe('more\nseed\n');
    await other.close();
    const third = await boot({ store, layers, id: 'b'.repeat(64), spec: { mounts, rootfs: { layers, upper: `rw/${'b'.repeat(64)}`, readonly: true } } });
    expect(await third.sh('ls /data; touch /x /data/y; ls /data')).toMatchObject({ stdout: 'more\nmore\ny\n', stderr: 'touch: /x: Read-only file system\n' });
  });
});
