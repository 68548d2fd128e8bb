/**
 * Images made of Debian packages: busybox (busybox-static and a few files), debian (bookworm, minbase variant, by
 * mmdebstrap) and python (the same with python3; its second layer is the difference). Packages come from where this
 * machine's apt gets them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tarDifference, tarEntry, tarFile } from './tar.mjs';

const PATH_ENV = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const SUITE = 'bookworm';

const run = (command, args, options = {}) => execFileSync(command, args, { stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 30, ...options });

function inTemporary(work) {
  const directory = mkdtempSync(join(tmpdir(), 'drydock-image-'));
  try { return work(directory); } finally { rmSync(directory, { recursive: true, force: true }); }
}

/** The suite's one-line sources as this machine's apt has them; empty when it has none (mmdebstrap then uses its default). */
function sources() {
  const targets = run('apt-get', ['indextargets', '--format', '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)', 'Created-By: Packages']).toString();
  const lines = targets.split('\n').map((l) => l.split('|')).filter(([origin, , release]) => origin === 'Debian' && release.startsWith(SUITE));
  return [...new Set(lines.map(([, uri, release, component]) => `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri} ${release} ${component}`))].join('\n');
}

const rootfsCache = new Map();

/** The root filesystem of the suite with `packages` on top of minbase, as a tar. */
function rootfs(packages) {
  const key = packages.join();
  if (!rootfsCache.has(key)) {
    rootfsCache.set(key, inTemporary((directory) => {
      const tar = join(directory, 'rootfs.tar'), from = sources();
      run('mmdebstrap', [
        '--quiet', '--variant=minbase', '--architectures=amd64', '--format=tar',
        ...(packages.length ? [`--include=${key}`] : []),
        ...['man', 'info', 'locale', 'lintian'].map((d) => `--dpkgopt=path-exclude=/usr/share/${d}/*`),
        '--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-include=/usr/share/doc/*/copyright',
        '--customize-hook=rm -f "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/etc/apt/sources.list',
        SUITE, tar, ...(from ? ['-'] : []),
      ], { input: from, env: { ...process.env, SOURCE_DATE_EPOCH: process.env.SOURCE_DATE_EPOCH ?? '1735689600' } });
      return readFileSync(tar);
    }));
  }
  return rootfsCache.get(key);
}

export function debian() {
  return { tag: 'latest', layers: [{ tar: rootfs([]), createdBy: `mmdebstrap --variant=minbase ${SUITE}` }], config: { Cmd: ['bash'], Env: [PATH_ENV] } };
}

export function python() {
  const base = debian();
  const packages = ['python3'];
  base.layers.push({ tar: tarDifference(rootfs([]), rootfs(packages)), createdBy: `apt-get install ${packages.join(' ')}` });
  return { ...base, config: { Cmd: ['python3'], Env: [PATH_ENV, 'LANG=C.UTF-8'] } };
}

export function busybox() {
  return inTemporary((directory) => {
    run('apt-get', ['download', 'busybox-static:amd64'], { cwd: directory });
    run('dpkg-deb', ['-x', readdirSync(directory).find((n) => n.endsWith('.deb')), 'root'], { cwd: directory });
    const binary = ['root/bin/busybox', 'root/usr/bin/busybox'].map((p) => join(directory, p)).find((p) => { try { return readFileSync(p); } catch { return false; } });
    const applets = run(binary, ['--list']).toString().split('\n').filter((n) => n !== '' && n !== 'busybox');
    const folder = (name, mode = 0o755) => tarEntry({ name: `${name}/`, mode, type: '5' });
    const text = (name, data, mode) => tarEntry({ name, data: Buffer.from(data), mode });
    const tar = tarFile([
      ...['bin', 'dev', 'etc', 'home', 'usr', 'usr/bin', 'usr/sbin', 'var', 'var/spool', 'var/www', 'lib', 'sbin'].map((d) => folder(d)),
      folder('root', 0o700), folder('tmp', 0o1777),
      tarEntry({ name: 'bin/busybox', mode: 0o755, data: readFileSync(binary) }),
      ...applets.map((name) => tarEntry({ name: `bin/${name}`, mode: 0o755, type: '1', link: 'bin/busybox' })),
      text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n'),
      text('etc/group', 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n'),
      text('etc/shadow', 'root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n', 0o640),
      text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    ]);
    return { tag: 'latest', layers: [{ tar, createdBy: 'apt-get download busybox-static' }], config: { Cmd: ['sh'], Env: [PATH_ENV] } };
  });
}
