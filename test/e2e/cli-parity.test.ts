/**
 * Our CLI and the real docker client, run against the same engine: outputs, error texts and exit codes are the same.
 * The engine is Drydock's daemon, or the one that PARITY_HOST names (a real Docker engine checks the CLI alone).
 */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../src/cli/main.ts';
import { splitWords } from '../../src/cli/shell/words.ts';
import { EngineClient } from '../../src/client/engine-client.ts';
import { httpTransport } from '../../src/host/node/http-transport.ts';
import { startDaemon, type Daemon } from '../support/daemon.ts';

interface Result { code: number; stdout: string; stderr: string }

let host: string, daemon: Daemon | undefined;

function real(line: string): Promise<Result> {
  const { words } = splitWords(line);
  return new Promise((resolve) => execFile('docker', words, { env: { ...process.env, DOCKER_HOST: host } }, (error, stdout, stderr) =>
    resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })).stdin!.end());
}

async function ours(line: string): Promise<Result> {
  const out = { stdout: '', stderr: '' };
  const print = (name: 'stdout' | 'stderr') => (data: string | Uint8Array): void => { out[name] += typeof data === 'string' ? data : new TextDecoder().decode(data); };
  const code = await docker(splitWords(line).words, { client: new EngineClient(httpTransport(host)), io: { stdout: print('stdout'), stderr: print('stderr'), interrupt: new AbortController().signal, now: () => Date.now() } });
  return { code, ...out };
}

/** Ids, times and what must differ between two runs of the same command. */
const mask = (text: string): string => text.replace(/\b[0-9a-f]{64}\b/g, '<id>').replace(/\b(\d+|Less than a|About an?) (second|minute|hour)s?\b/g, '<time>').replace(/[ ]+$/gm, '').replace(/<time>( ago)? +/g, '<time>$1 ');

beforeAll(async () => {
  if (process.env.PARITY_HOST) host = process.env.PARITY_HOST;
  else { daemon = await startDaemon(); host = daemon.host; }
  for (const line of ['pull -q busybox', "run --name parity -d -l tier=web -e A=1 -v parity:/data busybox sh -c 'echo out; echo err >&2; sleep 1000'", 'create --name idle busybox true', 'tag busybox parity/copy:2']) {
    const { code, stderr } = await real(line);
    if (code !== 0) throw new Error(`${line}: ${stderr}`);
  }
});
afterAll(async () => {
  await real('rm -f -v parity idle');
  await real('volume rm parity');
  await real('rmi parity/copy:2');
  await daemon?.stop();
});

const SAME = [
  'ps', 'ps -a', 'ps -aq --no-trunc', "ps --format '{{.Names}}: {{.Image}} {{.State}}'", "ps -a --format 'table {{.Names}}\\t{{.Status}}'", "ps --filter name=parity --format '{{.Label \"tier\"}} {{.Ports}} {{.Mounts}}'", 'ps -a --filter status=created -q', 'ps -n 1 -q', 'ps --format json --no-trunc --filter name=idle -a',
  'images', 'images -q', 'images --digests', "images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'", 'images parity/copy', 'images --filter dangling=true',
  'history busybox', 'history -q --no-trunc busybox', 'inspect parity', "inspect -f '{{.State.Status}} {{json .Config.Env}}' parity", "inspect -f '{{.Nope}}' parity", 'inspect parity idle', 'inspect nothere', 'image inspect busybox', "image inspect -f '{{.Architecture}}/{{.Os}} {{len .RootFS.Layers}}' busybox",
  'volume ls', 'volume ls -q --filter name=parity', 'volume inspect parity', 'volume inspect nothere', 'network ls', "network ls --format '{{.Name}} {{.Driver}}'",
  'logs parity', 'logs --tail 1 parity', 'logs nothere', 'port parity', 'port parity 80', 'port parity 81', 'diff parity', 'top parity -o pid,args',
  "exec parity sh -c 'echo in; echo bad >&2; exit 4'", 'exec -e X=5 -w /tmp parity sh -c \'echo $X; pwd\'', 'exec -u nobody parity id -un', 'exec parity nothere', 'exec idle true', 'exec nothere true', 'exec -d parity true',
  'run --rm busybox echo hi', "run --rm busybox sh -c 'exit 9'", 'run --rm busybox nothere', 'run --rm busybox /etc', 'run --rm --entrypoint echo busybox a b', 'run --rm -w /x -e A=b busybox sh -c \'pwd; echo $A\'', 'run --rm -u 12:34 busybox id', 'run --name parity busybox true', 'run --rm -it busybox true', 'run --foo', 'run', 'run -p x busybox', 'run --rm --restart always busybox true', 'run --rm --pull never nothere',
  'start nothere', 'stop nothere', 'rm nothere', 'rm parity', 'rmi nothere', 'kill idle', 'kill -s BOGUS parity', 'wait nothere', 'rename parity idle', 'rename parity', 'pause idle', 'attach idle', 'cp parity:/nothere -', 'cp a b', 'tag nothere x', 'tag busybox BAD', 'volume rm parity', 'volume rm nothere', 'pull nothere.invalid/x', 'pull BAD',
  'bogus', 'container bogus', 'ps x', 'rm', 'exec a', 'ps -z', 'ps --filter x',
];

describe('the same as the docker client', () => {
  it.each(SAME)('docker %s', async (line) => {
    const [a, b] = [await real(line), await ours(line)];
    // The docker client lists the tags of one image in the random order of a Go map.
    const ordered = (text: string): string => line.startsWith('images') ? text.split('\n').sort().join('\n') : text;
    const shown = ({ code, stdout, stderr }: Result): Result => ({ code, stdout: ordered(mask(stdout)), stderr: mask(stderr) });
    expect(shown(b)).toEqual(shown(a));
  });
});
