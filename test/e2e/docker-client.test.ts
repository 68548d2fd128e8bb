/**
 * The real docker client against the Node daemon. The expectations are what a real Docker engine answers to the same
 * commands (Debian's docker.io, compared by hand); texts that changed since its version are those of moby 28.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDaemon, type Daemon } from '../support/daemon.ts';

interface Result { code: number; stdout: string; stderr: string }

let daemon: Daemon;
const work = mkdtempSync(join(tmpdir(), 'drydock-client-'));
beforeAll(async () => { daemon = await startDaemon(); });
afterAll(async () => { expect(await daemon?.stop()).toBe(0); rmSync(work, { recursive: true, force: true }); });

/** Runs a shell script with DOCKER_HOST set. */
const sh = (script: string): Promise<Result> => new Promise((resolve) => execFile('sh', ['-c', script], { env: { ...process.env, DOCKER_HOST: daemon.host }, cwd: work }, (error, stdout, stderr) =>
  resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })).stdin!.end());
const out = async (script: string): Promise<string> => (await sh(script)).stdout;

describe('run', () => {
  it('pulls what is missing, attaches, and gives the exit code', async () => {
    const { code, stdout, stderr } = await sh("docker run --rm busybox sh -c 'echo out; echo err >&2; exit 7'");
    expect(code).toBe(7);
    expect(stdout).toBe('out\n');
    expect(stderr).toMatch(/^Unable to find image 'busybox:latest' locally\nlatest: Pulling from library\/busybox\n[^]*Status: Downloaded newer image for busybox:latest\nerr\n$/);
  });

  it('forwards stdin and its end', async () => {
    expect(await out('printf "a\\nb\\n" | docker run -i --rm busybox wc -l')).toBe('2\n');
    expect(await out('head -c 3000000 /dev/zero | docker run -i --rm busybox wc -c')).toBe('3000000\n');
    expect(await out('docker run --rm busybox sh -c "cat; echo eof"')).toBe('eof\n');
  });

  it('takes -e -w -u -h --entrypoint --read-only', async () => {
    expect(await out(`docker run --rm -e FOO=bar -w /a/b -u 5:6 -h box --entrypoint sh busybox -c 'echo $FOO $HOME; pwd; id; hostname'`)).toBe('bar /\n/a/b\nuid=5 gid=6 groups=6\nbox\n');
    expect(await sh('docker run --rm --read-only busybox touch /x')).toMatchObject({ code: 1, stderr: 'touch: /x: Read-only file system\n' });
    expect(await out('docker run --rm busybox id')).toBe('uid=0(root) gid=0(root) groups=0(root)\n');
  });

  it('says 125, 126 and 127 as Docker does', async () => {
    expect(await sh('docker run --rm busybox nope')).toMatchObject({ code: 127, stderr: expect.stringContaining('exec: "nope": executable file not found in $PATH: unknown') as string });
    expect(await sh('docker run --rm busybox /nope')).toMatchObject({ code: 127, stderr: expect.stringContaining('exec: "/nope": stat /nope: no such file or directory: unknown') as string });
    expect(await sh('docker run --rm busybox /etc/passwd')).toMatchObject({ code: 126, stderr: expect.stringContaining('exec: "/etc/passwd": permission denied: unknown') as string });
    expect(await sh('docker run --rm -u nouser busybox true')).toMatchObject({ code: 125, stderr: expect.stringContaining('unable to find user nouser: no matching entries in passwd file') as string });
  });

  it('runs an interactive Debian shell on a terminal', async () => {
    const child = spawn('script', ['-qec', 'docker run --rm -it debian bash', '/dev/null'], { env: { ...process.env, DOCKER_HOST: daemon.host, TERM: 'xterm' } });
    let screen = '';
    child.stdout.on('data', (d: Buffer) => { screen += d.toString().replace(/\x1b\[\?2004[hl]\r?/g, ''); });
    const shown = async (pattern: RegExp): Promise<void> => {
      for (let i = 0; i < 600 && !pattern.test(screen); i++) await new Promise((r) => setTimeout(r, 50));
      expect(screen).toMatch(pattern);
    };
    await shown(/root@[0-9a-f]{12}:\/# $/);
    child.stdin.write(`perl -e 'print 2**64,"\\n"'; tty; apt list --installed 2>/dev/null | wc -l\r`);
    await shown(/1\.84467440737096e\+19\r\n\/dev\/pts\/0\r\n\d+\r\n/);
    child.stdin.write('sleep 1000\r');
    await shown(/sleep 1000\r\n$/);
    child.stdin.write('\x03');
    await shown(/\^C\r\n.*# $/);
    child.stdin.write('exit 3\r');
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(3);
  });
});

describe('a container\'s life', () => {
  it('detaches, logs, follows, waits', async () => {
    expect(await out('docker run --name aa -d busybox sh -c "echo start; sleep 1; echo err >&2; echo end; exit 5"')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await sh('docker logs -f aa')).toEqual({ code: 0, stdout: 'start\nend\n', stderr: 'err\n' });
    expect(await out('docker wait aa')).toBe('5\n');
    expect(await out('docker ps -a --filter name=aa --format "{{.Status}}"')).toMatch(/^Exited \(5\) /);
    expect(await out('docker logs -t --tail 1 aa 2>&1')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (end|err)\n$/);
    expect(await out('docker rm aa')).toBe('aa\n');
  });

  it('execs, stops, starts with its files, pauses, restarts, renames', async () => {
    await sh('docker run -d --name bb busybox sleep 1000');
    expect(await sh("docker exec bb sh -c 'echo hi > /f; cat /f; exit 3'")).toMatchObject({ code: 3, stdout: 'hi\n' });
    expect(await sh('docker exec bb nope')).toMatchObject({ code: 127 });
    expect(await out('docker exec -e A=1 -w /tmp -u nobody bb sh -c "id -un; pwd; echo \\$A"')).toBe('nobody\n/tmp\n1\n');
    expect(await out('docker stop -t 1 bb && docker ps -a --filter name=bb --format "{{.Status}}"')).toMatch(/^bb\nExited \(137\) /);
    expect((await sh('docker exec bb true')).stderr).toMatch(/^Error response from daemon: container [0-9a-f]{64} is not running\n$/);
    expect(await out('docker diff bb')).toBe('A /f\n');
    expect(await out('docker start bb && docker exec bb cat /f')).toBe('bb\nhi\n');
    expect(await out('docker pause bb && docker ps --filter name=bb --format "{{.Status}}" && docker unpause bb')).toMatch(/^bb\nUp .* \(Paused\)\nbb\n$/);
    expect(await out('docker rename bb cc && docker restart -t 0 cc && docker exec cc cat /f')).toBe('cc\nhi\n');
    expect((await sh('docker rm cc')).stderr).toContain('container is running: stop the container before removing or force remove');
    expect(await out('docker rm -f cc')).toBe('cc\n');
  });

  it('copies files in and out', async () => {
    writeFileSync(join(work, 'up'), 'data\n');
    await sh('docker create --name dd busybox true');
    expect((await sh('docker cp up dd:/root/up && docker cp dd:/root/up down')).code).toBe(0);
    expect(readFileSync(join(work, 'down'), 'utf8')).toBe('data\n');
    expect(await out('docker cp dd:/etc/passwd - | tar t')).toBe('passwd\n');
    expect((await sh('docker cp dd:/nope x')).stderr).toContain('Could not find the file /nope in container dd');
    await sh('docker rm dd');
  });

  it('keeps volumes and binds host folders', async () => {
    expect(await out('docker run --rm -v vv:/data busybox sh -c "echo x > /data/f" && docker run --rm -v vv:/data:ro busybox cat /data/f')).toBe('x\n');
    expect((await sh('docker run --rm -v vv:/data:ro busybox touch /data/g')).stderr).toBe('touch: /data/g: Read-only file system\n');
    expect(await out(`docker run --rm -v ${work}:/b busybox sh -c 'cat /b/up; echo back > /b/c' && cat c`)).toBe('data\nback\n');
    expect(await out('docker volume ls -q && docker volume rm vv')).toBe('vv\nvv\n');
  });

  it('reports events in order', async () => {
    const since = Date.now() / 1000 - 0.001;
    await sh('docker run --rm --name ev busybox true');
    const events = (await out(`docker events --since ${since.toFixed(3)} --until ${(Date.now() / 1000 + 0.5).toFixed(3)} --filter container=ev --format '{{.Action}}'`)).trim().split('\n');
    expect(events).toEqual(['create', 'attach', 'start', 'die', 'destroy']);
  });

  it('kills for memory', async () => {
    const { code } = await sh('docker run --name hog -m 64m busybox sh -c "x=a; while true; do x=\\$x\\$x; done"');
    expect(code).toBe(137);
    expect(await out("docker inspect -f '{{.State.OOMKilled}}' hog; docker rm hog")).toBe('true\nhog\n');
  });
});

describe('images', () => {
  it('tags, saves, loads and removes', async () => {
    expect(await out('docker tag busybox my/img:v2 && docker save -o saved.tar my/img:v2 && docker rmi my/img:v2')).toBe('Untagged: my/img:v2\n');
    expect(await out('docker load -i saved.tar')).toBe('Loaded image: my/img:v2\n');
    expect(await out('docker run --rm my/img:v2 echo loaded; docker rmi my/img:v2')).toBe('loaded\nUntagged: my/img:v2\n');
    expect((await sh('docker rmi nope')).stderr).toBe('Error response from daemon: No such image: nope:latest\n');
  });

  it('loads what skopeo writes', async () => {
    await sh(`skopeo copy --quiet oci:${process.cwd()}/.cache/images/busybox:latest docker-archive:skopeo.tar:from/skopeo:1`);
    expect(await out('docker load -q -i skopeo.tar && docker run --rm from/skopeo:1 echo yes')).toBe('Loaded image: from/skopeo:1\nyes\n');
  });
});

it('state survives the daemon, and SIGTERM stops containers', async () => {
  await sh("docker run -d --name stays -v keep:/k busybox sh -c 'echo kept > /k/file; echo changed > /changed; sleep 1000'; sleep 1");
  const { dataRoot } = daemon;
  expect(await daemon.stop(true)).toBe(0);
  daemon = await startDaemon({ dataRoot });
  expect(await out("docker ps -a --filter name=stays --format '{{.State}}'")).toBe('exited\n');
  expect(await out('docker run --rm -v keep:/k busybox cat /k/file && docker diff stays | grep changed')).toBe('kept\nA /changed\n');
  expect(await out('docker rm stays && docker volume rm keep')).toBe('stays\nkeep\n');
});
