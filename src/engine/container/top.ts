/** GET /containers/{name}/top: the container's processes as ps(1) lists them. Reference: moby daemon/top_unix.go. */
import { Conflict, InvalidParameter } from '../../base/errors.ts';
import type { ProcessInfo } from '../../runtime/sandbox-api.ts';
import { json, type Operation } from '../api/call.ts';
import { emitContainer } from './event.ts';

interface Column { title: string; value: (p: ProcessInfo, facts: { now: number; memory: number }) => string }

const two = (n: number): string => String(n).padStart(2, '0');
const clockTime = (ms: number): string => { const d = new Date(ms).toISOString(); return d.slice(11, 16); };
const cpuTime = (ms: number): string => { const s = Math.floor(ms / 1000); return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`; };
const cpuPercent = (p: ProcessInfo, now: number): number => (now > p.startedAt ? (100 * p.cpuMs) / (now - p.startedAt) : 0);

/** Columns by ps's format names. */
const COLUMNS: Record<string, Column> = {
  uid: { title: 'UID', value: (p) => String(p.uid) },
  user: { title: 'USER', value: (p) => p.user },
  pid: { title: 'PID', value: (p) => String(p.pid) },
  ppid: { title: 'PPID', value: (p) => String(p.ppid) },
  c: { title: 'C', value: (p, f) => String(Math.floor(cpuPercent(p, f.now))) },
  '%cpu': { title: '%CPU', value: (p, f) => cpuPercent(p, f.now).toFixed(1) },
  '%mem': { title: '%MEM', value: (p, f) => (f.memory > 0 ? (100 * p.rssBytes) / f.memory : 0).toFixed(1) },
  vsz: { title: 'VSZ', value: (p) => String(Math.floor(p.vszBytes / 1024)) },
  rss: { title: 'RSS', value: (p) => String(Math.floor(p.rssBytes / 1024)) },
  tty: { title: 'TTY', value: (p) => p.tty },
  tt: { title: 'TT', value: (p) => p.tty },
  stat: { title: 'STAT', value: (p) => p.state },
  state: { title: 'S', value: (p) => p.state },
  stime: { title: 'STIME', value: (p) => clockTime(p.startedAt) },
  start: { title: 'START', value: (p) => clockTime(p.startedAt) },
  time: { title: 'TIME', value: (p) => cpuTime(p.cpuMs) },
  cmd: { title: 'CMD', value: (p) => p.command },
  args: { title: 'COMMAND', value: (p) => p.command },
  command: { title: 'COMMAND', value: (p) => p.command },
  comm: { title: 'COMMAND', value: (p) => p.command.split(' ')[0].replace(/^.*\//, '') },
};
const FULL: Column[] = [{ title: 'UID', value: (p) => p.user }, ...['pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd'].map((n) => COLUMNS[n])];
const BSD: Column[] = ['user', 'pid', '%cpu', '%mem', 'vsz', 'rss', 'tty', 'stat', 'start', 'time', 'command'].map((n) => COLUMNS[n]);

export function psColumns(args: string): Column[] {
  const words = args.split(/\s+/).filter((w) => w !== '');
  if (words.length === 1 && /^-(e?f|ef)$/.test(words[0])) return FULL;
  if (words.length === 1 && /^-?(aux|auxww|ax|u)$/.test(words[0])) return BSD;
  const formats: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const option = /^-?[eAax]*o(.*)$/.exec(words[i]);
    if (option) formats.push(option[1] !== '' ? option[1] : (words[++i] ?? ''));
    else if (!/^-[eA]$/.test(words[i])) throw new InvalidParameter(`ps: option ${words[i]} is not supported: use -ef, aux or -o with column names`);
  }
  return formats.flatMap((f) => f.split(',')).map((item) => {
    const [name, title] = item.split('=');
    const column = COLUMNS[name.toLowerCase()];
    if (!column) throw new InvalidParameter(`ps: error: unknown user-defined format specifier "${name}"`);
    return title ? { ...column, title } : column;
  });
}

export const containerTop: Operation = async (engine, call) => {
  const columns = psColumns(call.query.text('ps_args') || '-ef');
  if (!columns.some((c) => c.title === 'PID')) throw new Error("Couldn't find PID field in ps output");
  const container = engine.containers.get(call.params.name);
  if (!container.run) throw new Conflict(`container ${container.id} is not running`);
  if (container.restarting) throw new Conflict(`Container ${container.id} is restarting, wait until the container is running`);
  const processes = await container.run.sandbox.api.processes();
  const facts = { now: engine.clock.now(), memory: engine.host.memory };
  emitContainer(engine, container, 'top');
  return json({ Titles: columns.map((c) => c.title), Processes: processes.map((p) => columns.map((c) => c.value(p, facts))) });
};
