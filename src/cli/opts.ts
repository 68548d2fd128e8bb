/** Values of run and create flags: ports, mounts, env files, devices (docker/cli, opts/). */
import { CliExit } from './io.ts';
import { parseSize, parseDuration } from '../base/units.ts';

const fail = (message: string): never => { throw new CliExit(125, `docker: ${message}\n\nRun 'docker run --help' for more information\n`); };

/** `-p 8080:80`, `-p 127.0.0.1:8080:80/udp`, `-p 80`. */
export function parsePorts(specs: readonly string[]): { exposed: Record<string, object>; bindings: Record<string, { HostIp: string; HostPort: string }[]> } {
  const exposed: Record<string, object> = {}, bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const spec of specs) {
    const match = /^(?:(?:(\[[^\]]+\]|[\d.]+|localhost):)?(\d*(?:-\d+)?):)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(spec);
    if (!match) return fail(`invalid containerPort: ${spec.split(':').pop()!.split('/')[0]}`);
    const [, ip = '', host = '', first, last, protocol = 'tcp'] = match;
    const from = Number(first), to = Number(last ?? first), hostFrom = host === '' ? 0 : Number(host.split('-')[0]);
    if (from > 65535) return fail(`invalid containerPort: ${first}`);
    if (hostFrom > 65535) return fail(`invalid hostPort: ${host}`);
    for (let port = from; port <= to; port++) {
      const key = `${port}/${protocol}`;
      exposed[key] = {};
      (bindings[key] ??= []).push({ HostIp: ip.replace(/[[\]]/g, ''), HostPort: host === '' ? '' : String(hostFrom + port - from) });
    }
  }
  return { exposed, bindings };
}

/** `--mount type=volume,source=v,target=/data,readonly`. */
export function parseMount(text: string): Record<string, unknown> {
  const mount: Record<string, unknown> = { Type: 'volume' };
  const volume: Record<string, unknown> = {}, tmpfs: Record<string, unknown> = {};
  for (const field of text.split(',')) {
    const [key, value = ''] = field.split(/=(.*)/s);
    switch (key.toLowerCase()) {
      case 'type': mount.Type = value; break;
      case 'source': case 'src': mount.Source = value; break;
      case 'target': case 'dst': case 'destination': mount.Target = value; break;
      case 'readonly': case 'ro': mount.ReadOnly = value === '' || value === 'true' || value === '1'; break;
      case 'volume-nocopy': volume.NoCopy = value === '' || value === 'true'; break;
      case 'volume-subpath': volume.Subpath = value; break;
      case 'tmpfs-size': tmpfs.SizeBytes = parseSize(value) ?? fail(`invalid value for ${key}: ${value}`); break;
      case 'tmpfs-mode': tmpfs.Mode = parseInt(value, 8); break;
      default: return fail(`invalid argument "${text}" for "--mount" flag: unexpected key '${key}' in '${field}'`);
    }
  }
  if (!mount.Target) return fail(`invalid argument "${text}" for "--mount" flag: target is required`);
  if (Object.keys(volume).length > 0) mount.VolumeOptions = volume;
  if (Object.keys(tmpfs).length > 0) mount.TmpfsOptions = tmpfs;
  return mount;
}

/** `KEY=VALUE` pairs to a map; a bare key maps to ''. */
export const parseMap = (pairs: readonly string[]): Record<string, string> => Object.fromEntries(pairs.map((p) => { const [k, v = ''] = p.split(/=(.*)/s); return [k, v]; }));

/** `nofile=1024:2048`. */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) return fail(`invalid argument "${text}" for "--ulimit" flag: invalid ulimit argument: ${text}`);
  return { Name: match[1], Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

/** `on-failure:3`. */
export function parseRestart(text: string): { Name: string; MaximumRetryCount: number } {
  const [name, count] = text.split(':');
  if (count !== undefined && !/^\d+$/.test(count)) return fail('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

/** A Go duration flag in ns, or the usage error for it. */
export const durationFlag = (text: string | undefined, flag: string): number | undefined =>
  text === undefined ? undefined : parseDuration(text) ?? fail(`invalid argument "${text}" for "--${flag}" flag: time: invalid duration "${text}"`);
