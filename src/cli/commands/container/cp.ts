/** docker cp: between a container and local files. The page has no folder to copy from, so local names are single files. */
import type { CliContext } from '../../io.ts';
import { CliExit } from '../../io.ts';
import { bodyBytes } from '../../../base/streams.ts';
import { tarFile, untar } from '../../tar.ts';
import { flagBool, type CommandSpec } from '../../spec.ts';

interface Place { container?: string; path: string }

/** `name:path`; a leading `.` or `/`, or no colon, means local. */
export function parsePlace(text: string): Place {
  const match = /^([^./:][^/:]*):(.*)$/s.exec(text);
  return match ? { container: match[1], path: match[2] } : { path: text };
}

const base = (path: string): string => path.replace(/\/+$/, '').split('/').pop() || '/';

async function copyOut({ client, io }: CliContext, from: Place, to: string): Promise<void> {
  const reply = await client.call('GET', `/containers/${from.container}/archive`, { query: { path: from.path } });
  const archive = await bodyBytes(reply.body);
  if (to === '-') { io.stdout(archive); return; }
  if (!io.files) throw new CliExit(1, 'there are no local files here\n');
  const entries = untar(archive).filter((e) => e.type === 'file');
  if (entries.length === 0) throw new CliExit(1, `cannot copy directory ${from.path} here; use \`docker cp ${from.container}:${from.path} -\` for a tar archive\n`);
  const target = to === '.' || to.endsWith('/') ? base(from.path) : to;
  if (entries.length > 1 || entries[0].name.includes('/')) await io.files.write(`${target}.tar`, streamOf(archive));
  else await io.files.write(target, streamOf(entries[0].data));
}

async function copyIn({ client, io }: CliContext, from: string, to: Place): Promise<void> {
  if (from === '-') {
    await client.call('PUT', `/containers/${to.container}/archive`, { query: { path: to.path }, headers: { 'content-type': 'application/x-tar' }, body: io.stdin ?? new Uint8Array(1024) });
    return;
  }
  if (!io.files) throw new CliExit(1, 'there are no local files here\n');
  const data = await bodyBytes(await io.files.read(from));
  const stat = await client.call('HEAD', `/containers/${to.container}/archive`, { query: { path: to.path } }).catch(() => undefined);
  const encoded = stat?.headers['x-docker-container-path-stat'];
  const isDirectory = encoded !== undefined && ((JSON.parse(atob(encoded)) as { mode: number }).mode & 0x80000000) !== 0;
  if (to.path.endsWith('/') && !isDirectory) throw new CliExit(1, `no such directory\n`);
  const folder = isDirectory ? to.path : to.path.replace(/\/?[^/]*$/, '') || '/';
  const name = isDirectory ? base(from) : base(to.path);
  await client.call('PUT', `/containers/${to.container}/archive`, { query: { path: folder, noOverwriteDirNonDir: true }, headers: { 'content-type': 'application/x-tar' }, body: tarFile(name, data, io.now()) });
}

const streamOf = (data: Uint8Array): ReadableStream<Uint8Array> => new ReadableStream({ start(c) { c.enqueue(data); c.close(); } });

export const cp: CommandSpec = {
  names: ['container cp', 'cp'], display: 'cp', usage: 'cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  summary: 'Copy files/folders between a container and the local filesystem',
  arity: { min: 2, max: 2 }, completeArgs: 'container',
  flags: [
    { name: 'archive', short: 'a', type: 'bool', usage: 'Archive mode (copy all uid/gid information)' },
    { name: 'follow-link', short: 'L', type: 'bool', usage: 'Always follow symbol link in SRC_PATH' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached' },
  ],
  async run(context, { flags, args }) {
    const [from, to] = args.map(parsePlace);
    if (from.container && to.container) throw new CliExit(1, 'copying between containers is not supported\n');
    if (!from.container && !to.container) throw new CliExit(1, 'must specify at least one container source\n');
    if (from.container) await copyOut(context, from, to.path); else await copyIn(context, from.path, to);
    if (!flagBool(flags, 'quiet') && context.io.terminal && to.path !== '-') context.io.stderr(`Successfully copied to ${to.container ? `${to.container}:${to.path}` : to.path}\n`);
    return 0;
  },
};
