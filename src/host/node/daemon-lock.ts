/**
 * One daemon per data root: a lock file that holds the pid of its owner. A file whose process is gone is taken over, as
 * dockerd does with its pid file. Node has no flock(2).
 */
import * as fs from 'node:fs';
import { StoreUnavailable } from '../ports.ts';

export class DaemonLock {
  constructor(private readonly file: string) {
    for (let attempt = 0; ; attempt++) {
      try {
        fs.writeFileSync(file, identity(process.pid), { flag: 'wx' });
        return;
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
      }
      const owner = read(file);
      if (attempt >= 3 || owner === undefined || alive(owner)) {
        throw new StoreUnavailable(`the data root is in use by another daemon (process ${owner?.split(' ')[0] ?? 'unknown'}): delete ${file} if that is not so`);
      }
      // Two new daemons may find the same stale file: only the one whose rename succeeds removes it.
      const stale = `${file}.stale.${process.pid}`;
      try { fs.renameSync(file, stale); } catch { continue; }
      if (read(stale) === owner) fs.rmSync(stale, { force: true }); else fs.renameSync(stale, file);
    }
  }

  release(): void { if (read(this.file) === identity(process.pid)) fs.rmSync(this.file, { force: true }); }
}

function read(file: string): string | undefined { try { return fs.readFileSync(file, 'utf8'); } catch { return undefined; } }

/** A pid and, where /proc tells it, the start time: a recycled pid is not mistaken for the daemon. */
function identity(pid: number): string { return `${pid} ${statOf(pid)?.started ?? ''}`; }

/** proc(5): state and start time. */
function statOf(pid: number): { state: string; started: string } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0], started: fields[19] };
}

function alive(owner: string): boolean {
  const [pid, started] = owner.split(' ');
  try { process.kill(Number(pid), 0); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ESRCH') return false; }
  const stat = statOf(Number(pid));
  // A zombie has ended, though its parent has not noticed.
  return !stat || (stat.state !== 'Z' && stat.state !== 'X' && (!started || stat.started === started));
}
