/** Command line of the Node daemon; names are dockerd's where it has them. */
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

export type Listen = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

export interface DaemonOptions {
  listen: Listen[];
  dataRoot: string;
  mirrors: string[];
  insecureRegistries: string[];
  debug: boolean;
  help: boolean;
  version: boolean;
}

export const USAGE = `Usage: drydock [OPTIONS]

The Drydock engine: serves the Docker Engine API for containers that run on an emulated Linux.

  -H, --host ADDRESS            Where to listen, repeatable: unix:///PATH or tcp://127.0.0.1:PORT (default unix://DATA-ROOT/docker.sock)
      --data-root DIR           Where everything is kept (default ~/.local/share/drydock)
      --registry-mirror URL     Registry to try before Docker Hub, repeatable
      --insecure-registry HOST  Registry spoken to over http, repeatable
      --allow-remote            Allow TCP addresses other than loopback. Whoever reaches them controls this engine
  -D, --debug                   Log to standard error
  -v, --version                 Print the version
      --help                    Print this help
`;

export class UsageError extends Error { override name = 'UsageError'; }

export function parseDaemonOptions(argv: readonly string[]): DaemonOptions {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        host: { type: 'string', short: 'H', multiple: true }, 'data-root': { type: 'string' }, 'registry-mirror': { type: 'string', multiple: true },
        'insecure-registry': { type: 'string', multiple: true }, 'allow-remote': { type: 'boolean' }, debug: { type: 'boolean', short: 'D' },
        version: { type: 'boolean', short: 'v' }, help: { type: 'boolean' },
      },
    }));
  } catch (e) { throw new UsageError((e as Error).message); }
  const dataRoot = path.resolve(values['data-root'] ?? path.join(process.env.XDG_DATA_HOME ?? path.join(os.homedir(), '.local/share'), 'drydock'));
  const hosts = values.host ?? [`unix://${path.join(dataRoot, 'docker.sock')}`];
  for (const mirror of values['registry-mirror'] ?? []) if (!/^(oci\+)?https?:\/\//.test(mirror)) throw new UsageError(`invalid mirror "${mirror}": it must be an http(s):// address`);
  return {
    listen: hosts.map((host) => parseHost(host, values['allow-remote'] === true)),
    dataRoot,
    mirrors: values['registry-mirror'] ?? [],
    insecureRegistries: values['insecure-registry'] ?? [],
    debug: values.debug === true,
    help: values.help === true,
    version: values.version === true,
  };
}

function parseHost(text: string, allowRemote: boolean): Listen {
  if (text.startsWith('unix://')) {
    const file = text.slice('unix://'.length);
    if (file === '') throw new UsageError(`invalid address "${text}": a path is missing`);
    return { kind: 'unix', path: path.resolve(file) };
  }
  const tcp = /^(?:tcp:\/\/)?(\[[0-9a-f:.]+\]|[^:/]*)(?::(\d+))?\/?$/i.exec(text);
  if (!tcp) throw new UsageError(`invalid address "${text}": use unix:///PATH or tcp://HOST:PORT`);
  const host = tcp[1].replace(/^\[|\]$/g, '') || '127.0.0.1';
  const port = Number(tcp[2] ?? 2375);
  if (port > 65535) throw new UsageError(`invalid address "${text}": no such port`);
  if (!allowRemote && !isLoopback(host)) throw new UsageError(`${text} is not a loopback address: the API has no authentication, so whoever reaches it controls this engine. Say --allow-remote if that is meant`);
  return { kind: 'tcp', host, port };
}

export function isLoopback(host: string): boolean { return host === 'localhost' || host === '::1' || /^127\./.test(host); }
