/**
 * Random sequences of file operations on this machine's own filesystem and on each of ours: every outcome and the tree that
 * results must agree. The persistent ones are remounted on the way.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALL_CAPS } from '../../../../src/abi/capability.ts';
import { nodeHostFs } from '../../../../src/host/node/host-fs.ts';
import { MemoryStore } from '../../../../src/host/memory-store.ts';
import { HostDirectoryFs } from '../../../../src/kernel/fs/hostfs/hostfs.ts';
import { OverlayFs } from '../../../../src/kernel/fs/overlay/overlay.ts';
import { PersistentFs } from '../../../../src/kernel/fs/persistent/persistent-fs.ts';
import { TmpFs } from '../../../../src/kernel/fs/tmpfs/tmpfs.ts';
import { Credentials } from '../../../../src/kernel/task/credentials.ts';
import type { FileSystem } from '../../../../src/kernel/vfs/inode.ts';
import { Rig } from '../../../support/kernel-rig.ts';
import { buildLayer, type LayerTree, stack } from '../../../support/layers.ts';

type Op = [name: string, ...args: (string | number)[]];
type Outcome = string | Record<string, string>;

/** O_WRONLY | O_CREAT | O_NONBLOCK, and what `how` of a write adds. */
const CREATE = 0o4101, EXTRA: Record<string, number> = { append: 0o2000, truncate: 0o1000, exclusive: 0o200 };

async function runOurs(rig: Rig, [name, ...args]: Op): Promise<Outcome> {
  const attempt = async (call: string, ...a: (string | number)[]): Promise<string> => {
    const r = await rig.outcome(call, ...a);
    return typeof r === 'number' ? 'ok' : r;
  };
  const openAndClose = async (flags: number): Promise<string> => {
    const fd = await rig.outcome('open', args[0], flags, 0);
    if (typeof fd !== 'number') return fd;
    await rig.must('close', fd);
    return 'ok';
  };
  switch (name) {
    case 'write': {
      const [p, text, how] = args as [string, string, string | number], fd = await rig.outcome('open', p, CREATE | (EXTRA[how] ?? 0), 0o640);
      if (typeof fd !== 'number') return fd;
      if (typeof how === 'number') await rig.must('pwrite64', fd, text, text.length, how); else await rig.must('write', fd, text, text.length);
      await rig.must('close', fd);
      return 'ok';
    }
    case 'mkdir': return attempt('mkdir', args[0], 0o750);
    case 'mkfifo': return attempt('mknod', args[0], 0o010644, 0);
    case 'rename': return attempt('renameat2', -100, args[0], -100, args[1], args[2]);
    case 'readlink': {
      const buffer = rig.alloc(256), n = await rig.outcome('readlink', args[0], buffer, 256);
      return typeof n === 'number' ? rig.text(buffer, n) : n;
    }
    case 'nofollow': return openAndClose(0o404000);
    case 'opendir': return openAndClose(0o200000);
    case 'access': return attempt('faccessat2', -100, args[0], args[1], 0x200);
    case 'chown': return attempt('lchown', ...args);
    case 'user':
      rig.task.credentials = Credentials.user(args[0] as number, args[0] as number, [], args[0] === 0 ? ALL_CAPS : undefined);
      return 'ok';
    case 'tree': {
      const own = rig.task.credentials;
      rig.task.credentials = Credentials.user(0, 0, [], ALL_CAPS);
      try { return await tree(rig); } finally { rig.task.credentials = own; }
    }
    default: return attempt(name, ...args);
  }
}

async function tree(rig: Rig): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const walk = async (dir: string): Promise<void> => {
    for (const name of await rig.list(dir || '/')) {
      const p = `${dir}/${name}`, s = await rig.stat(p, false);
      if (typeof s === 'string') throw new Error(`${p} is listed but ${s}`);
      const type = s.mode & 0o170000, bits = (s.mode & 0o7777).toString(8);
      if (type === 0o040000) { out[p] = `${s.uid}:${s.gid} dir ${bits}`; await walk(p); }
      else if (type === 0o120000) out[p] = `link ${String(await runOurs(rig, ['readlink', p]))}`;
      else if (type === 0o100000) out[p] = `${s.uid}:${s.gid} file ${bits} ${s.nlink} ${s.size} ${Buffer.from(await rig.readBytes(p)).toString('latin1')}`;
      else out[p] = `special ${s.mode.toString(8)} ${s.rdev}`;
    }
  };
  await walk('');
  return out;
}

function runNative(ops: Op[]): Outcome[] {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'drydock-fs-')), script = fileURLToPath(new URL('native-oracle.py', import.meta.url));
  const command = process.getuid!() === 0 ? ['python3'] : ['unshare', '-r', 'python3'];
  try {
    return JSON.parse(execFileSync(command[0], [...command.slice(1), script, root], { input: JSON.stringify(ops), encoding: 'utf8', maxBuffer: 1 << 28 })) as Outcome[];
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** Deterministic random numbers (mulberry32). */
function random(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

function randomOp(pick: (n: number) => number, users: boolean): Op {
  if (users && pick(3) === 0) {
    const p = `/${['a', 'b', 'c', 'd', 'base'][pick(5)]}${['', '', '/a', '/b', '/base'][pick(5)]}`;
    switch (pick(6)) {
      case 0: case 1: return ['user', [0, 1000, 1000, 1001][pick(4)]];
      case 2: return ['chown', p, [0, 1000, 1001, -1][pick(4)], [0, 1000, 1001, -1][pick(4)]];
      case 3: case 4: return ['chmod', p, [0o777, 0o700, 0o711, 0o2775, 0o644, 0o640, 0o6755, 0o444][pick(8)]];
      default: return ['access', p, pick(8)];
    }
  }
  const place = (): string => {
    let p = '';
    for (let depth = pick(3); depth >= 0; depth--) p += `/${['a', 'b', 'c', 'd', 'base'][pick(5)]}`;
    return p + (pick(12) === 0 ? '/' : pick(25) === 0 ? '/..' : pick(25) === 0 ? '/.' : pick(60) === 0 ? '//' : '');
  };
  const p = pick(100) === 0 ? '/' : place(), n = pick(9000), text = 'xyz'[pick(3)].repeat(1 + pick(pick(4) === 0 ? 6000 : 20));
  switch (pick(17)) {
    case 0: case 1: case 2: return ['write', p, text, (['append', 'truncate', 'exclusive', n] as const)[pick(4)]];
    case 3: return ['truncate', p, n];
    case 4: case 5: case 6: return ['mkdir', p];
    case 7: return ['rmdir', p];
    case 8: return ['unlink', p];
    case 9: case 10: return ['rename', p, place(), [0, 0, 0, 1, 2][pick(5)]];
    case 11: return ['link', p, place()];
    case 12: return ['symlink', ['a', 'b/c', '../d', '/a', 'base/', '.', '/d/b'][pick(7)], p];
    case 13: return ['chmod', p, [0o644, 0o755, 0o4755, 0o600][pick(4)]];
    case 14: return ['readlink', p];
    case 15: return ['mkfifo', p];
    default: return [['nofollow', 'opendir'][pick(2)], p];
  }
}

const LAYERS: LayerTree[] = [
  { 'base/': '', 'base/a': 'lower a', 'base/b/': '', 'base/b/c': 'x'.repeat(10_000), 'base/gone': 'never seen', 'd/': '', 'd/a': 'old', 'd/old': 'hidden' },
  { 'base/d': 'from the second layer', 'base/.wh.gone': '', 'base/b/a': '-> ../a', 'd/.wh..wh..opq': '', 'd/c': 'new', 'a': 'top' },
];
const MERGED: Op[] = [
  ['populate', '/base/', ''], ['populate', '/base/a', 'lower a'], ['populate', '/base/b/', ''], ['populate', '/base/b/c', 'x'.repeat(10_000)],
  ['populate', '/base/d', 'from the second layer'], ['populate', '/base/b/a', '-> ../a'], ['populate', '/d/', ''], ['populate', '/d/c', 'new'], ['populate', '/a', 'top'],
];

interface Kind { name: string; layers: boolean; persistent: boolean; /** Operations it refuses by design. */ without?: (op: Op) => boolean; mount: (store: MemoryStore) => Promise<Rig> }
const layers = LAYERS.map(buildLayer);
const kinds: Kind[] = [
  { name: 'tmpfs', layers: false, persistent: false, mount: () => Rig.create((vfs) => new TmpFs(vfs, { mode: 0o755 })) },
  { name: 'persistent', layers: false, persistent: true, mount: (store) => Rig.create((vfs) => PersistentFs.load(vfs, store, 'volume/v', { exclusive: true })) },
  { name: 'overlay over tmpfs', layers: true, persistent: false, mount: () => Rig.create((vfs): FileSystem => new OverlayFs(vfs, stack(vfs, layers), new TmpFs(vfs))) },
  {
    name: 'overlay over persistent', layers: true, persistent: true,
    mount: (store) => Rig.create(async (vfs): Promise<FileSystem> => new OverlayFs(vfs, stack(vfs, layers), await PersistentFs.load(vfs, store, 'rw/c', { exclusive: true }))),
  },
  {
    name: 'hostfs', layers: false, persistent: false, without: ([name, , , flags]) => name === 'mkfifo' || (name === 'rename' && flags !== 0),
    mount: () => Rig.create((vfs): FileSystem => {
      const root = fs.mkdtempSync(path.join(os.tmpdir(), 'drydock-host-'));
      fs.chmodSync(root, 0o755);
      onTestFinished(() => { fs.rmSync(root, { recursive: true, force: true }); });
      return new HostDirectoryFs(vfs, nodeHostFs, root);
    }),
  },
];
const SEEDS = [1, 2], STEPS = 300, CHECK_EVERY = 50;

/** What led to a difference. */
function history(ops: Op[], outcomes: Outcome[], last: number): string {
  const from = Math.max(0, last - 30);
  return ops.slice(from, last + 1).map((o, k) => `${o.join(' ').slice(0, 80)}: ${JSON.stringify(outcomes[from + k]).slice(0, 60)}`).join('\n');
}

for (const kind of kinds) {
  describe(kind.name, () => {
    it.each([...SEEDS.map((seed) => [seed, false] as const), ...SEEDS.map((seed) => [seed + 100, true] as const)])('agrees with this machine, seed %i, several users %s', async (seed, users) => {
      const pick = random(seed * 7919), store = new MemoryStore(), ops: Op[] = [['tree'], ...(users ? [['chmod', '/', 0o777] as Op] : [])];
      for (let i = 1; i <= STEPS; i++) {
        const op = randomOp(pick, users);
        if (!kind.without?.(op)) ops.push(op);
        if (i % CHECK_EVERY === 0) ops.push(['tree']);
      }
      const expected = runNative(kind.layers ? [...MERGED, ...ops] : ops).slice(kind.layers ? MERGED.length : 0);
      if (users) expect(expected).toEqual(expect.arrayContaining(['EACCES', 'EPERM']));
      let rig = await kind.mount(store);
      for (const [i, op] of ops.entries()) {
        if (op[0] === 'tree' && kind.persistent) {
          await rig.must('sync');
          const { credentials } = rig.task;
          rig = await kind.mount(store);
          rig.task.credentials = credentials;
        }
        const got = await runOurs(rig, op);
        if (!isDeepStrictEqual(got, expected[i])) expect(got, history(ops, expected, i)).toEqual(expected[i]);
      }
    });
  });
}
