/**
 * Who a process runs as: Docker's `--user` text and the image's /etc/passwd and /etc/group.
 * Reference: opencontainers/runc libcontainer/user (GetExecUser, GetAdditionalGroups), whose texts these are.
 */
import type { StartFailure } from './sandbox-api.ts';

export interface ExecUser { uid: number; gid: number; groups: number[]; home: string; name: string }

const MAX_ID = 2 ** 31 - 1;
const NO_USER = 'no matching entries in passwd file', NO_GROUP = 'no matching entries in group file', RANGE = 'uids and gids must be in range 0-2147483647';

interface PasswdEntry { name: string; uid: number; gid: number; home: string }
interface GroupEntry { name: string; gid: number; members: string[] }

export function parsePasswd(text: string | undefined): PasswdEntry[] {
  return lines(text).map((l) => l.split(':')).filter((f) => f.length >= 4 && isNumber(f[2]) && isNumber(f[3]))
    .map((f) => ({ name: f[0], uid: Number(f[2]), gid: Number(f[3]), home: f[5] ?? '' }));
}

export function parseGroup(text: string | undefined): GroupEntry[] {
  return lines(text).map((l) => l.split(':')).filter((f) => f.length >= 3 && isNumber(f[2]))
    .map((f) => ({ name: f[0], gid: Number(f[2]), members: (f[3] ?? '').split(',').filter((m) => m !== '') }));
}

/** @param spec '', `name`, `uid`, `name:group`, `uid:gid` */
export function resolveUser(spec: string, passwd: string | undefined, group: string | undefined, additional: readonly string[]): ExecUser {
  const [userText, groupText = ''] = spec.split(':', 2);
  const users = parsePasswd(passwd), groups = parseGroup(group);
  const entry = users.find((u) => (userText === '' ? u.uid === 0 : u.name === userText || (isNumber(userText) && u.uid === Number(userText))));
  const out: ExecUser = { uid: entry?.uid ?? 0, gid: entry?.gid ?? 0, groups: [], home: entry?.home || '/', name: entry?.name ?? '' };
  if (!entry && userText !== '') {
    if (!isNumber(userText)) fail(`unable to find user ${userText}: ${NO_USER}`);
    out.uid = id(userText);
  }
  if (groupText !== '') {
    const found = groups.find((g) => g.name === groupText || (isNumber(groupText) && g.gid === Number(groupText)));
    if (!found && !isNumber(groupText)) fail(`unable to find group ${groupText}: ${NO_GROUP}`);
    out.gid = found?.gid ?? id(groupText);
  } else if (entry) {
    out.groups = groups.filter((g) => g.members.includes(entry.name)).map((g) => g.gid);
  }
  for (const text of additional) {
    const found = groups.find((g) => g.name === text || (isNumber(text) && g.gid === Number(text)));
    if (!found && !isNumber(text)) fail(`Unable to find group ${text}`);
    const gid = found?.gid ?? id(text);
    if (!out.groups.includes(gid)) out.groups.push(gid);
  }
  // As Docker since 20.10.18: the primary group is a supplementary one too, so that setgid programs cannot shed it.
  if (!out.groups.includes(out.gid)) out.groups.unshift(out.gid);
  return out;
}

function lines(text: string | undefined): string[] { return (text ?? '').split('\n').map((l) => l.trim()).filter((l) => l !== '' && !l.startsWith('#')); }
function isNumber(text: string): boolean { return /^\d+$/.test(text); }

function id(text: string): number {
  const n = Number(text);
  if (n > MAX_ID) fail(RANGE);
  return n;
}

function fail(message: string): never { throw { code: 'EUSER', message } satisfies StartFailure; }
