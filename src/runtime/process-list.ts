/** docker top: the processes of a sandbox, as ps would show them. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Process } from '../kernel/task/process.ts';
import type { Task } from '../kernel/task/task.ts';
import { PAGE_SIZE } from '../cpu/memory.ts';
import { major, minor } from '../abi/stat.ts';
import { readText } from './kernel-task.ts';
import type { ProcessInfo } from './sandbox-api.ts';
import { parsePasswd } from './users.ts';

const PTS_MAJOR = 136;

export async function listProcesses(kernel: Kernel, task: Task): Promise<ProcessInfo[]> {
  const names = new Map(parsePasswd(await readText(task, '/etc/passwd')).map((u) => [u.uid, u.name]));
  const out: ProcessInfo[] = [];
  for (const p of [...kernel.processes.values()].sort((a, b) => a.pid - b.pid)) {
    const { thread } = p, { uid } = thread.credentials, { mm } = thread;
    const threads = [...p.threads].reduce((n, t) => n + t.userTime + t.systemTime, 0);
    out.push({
      pid: p.pid, ppid: p.ppid, uid, user: names.get(uid) ?? String(uid), command: await commandLine(task, p),
      startedAt: kernel.clock.now() - (kernel.clock.monotonic() - p.startTime), cpuMs: p.times.user + p.times.system + threads,
      state: stateOf(p), tty: terminalName(p), rssBytes: p.exited ? 0 : mm.resident * PAGE_SIZE, vszBytes: p.exited ? 0 : mm.total * PAGE_SIZE,
    });
  }
  return out;
}

async function commandLine(task: Task, p: Process): Promise<string> {
  if (p.exited) return `[${p.name}] <defunct>`;
  const text = (await readText(task, `/proc/${p.pid}/cmdline`))?.replace(/\0+$/, '').replaceAll('\0', ' ');
  return text || `[${p.name}]`;
}

function stateOf(p: Process): string {
  if (p.exited) return 'Z';
  if (p.stopSignal !== 0) return 'T';
  return [...p.threads].some((t) => t.state === 'ready') ? 'R' : 'S';
}

function terminalName(p: Process): string {
  const rdev = p.session.terminal?.rdev ?? 0;
  return major(rdev) === PTS_MAJOR ? `pts/${minor(rdev)}` : '?';
}
