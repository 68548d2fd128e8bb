/**
 * What starting things costs, under Node with the real docker client; each figure beside this machine's own. Outputs are checked.
 *   npm run bench            (builds, starts a daemon of its own, pulls the demo images from .cache/images)
 */
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = mkdtempSync(join(tmpdir(), 'drydock-bench-'));
const mirror = createServer((request, response) => createReadStream(join('.cache', decodeURIComponent(request.url))).on('error', () => response.writeHead(404).end()).pipe(response));
await new Promise((resolve) => mirror.listen(0, '127.0.0.1', resolve));
const daemon = spawn(process.execPath, ['dist/node/daemon.js', '--host', `unix://${root}/docker.sock`, '--data-root', join(root, 'data'), '--registry-mirror', `oci+http://127.0.0.1:${mirror.address().port}/images`], { stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve) => daemon.stdout.once('data', resolve));
const env = { ...process.env, DOCKER_HOST: `unix://${root}/docker.sock` };
const docker = (...args) => new Promise((resolve, reject) => {
  const child = spawn('docker', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  child.on('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(`docker ${args.join(' ')}: ${code}`))));
});

const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
async function time(work, runs = 7) {
  const took = [];
  for (let i = 0; i < runs; i++) { const start = performance.now(); await work(); took.push(performance.now() - start); await new Promise((r) => setTimeout(r, 500)); }
  return median(took);
}
const row = (what, ours, native) => console.log(`${what.padEnd(58)} ${ours.toFixed(1).padStart(8)} ms${native === undefined ? '' : `   native ${native.toFixed(1).padStart(7)} ms   ratio ${(ours / native).toFixed(1)}`}`);
const native = async (command, ...args) => time(async () => { execFileSync(command, args); });
/** CPU time of the daemon, all its workers included, ms: what a start costs whatever else the machine does. */
const cpu = () => readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((n, ticks) => n + Number(ticks) * 10, 0);
async function cpuTime(work, runs = 9) {
  const took = [];
  for (let i = 0; i < runs; i++) { const start = cpu(); await work(); await new Promise((r) => setTimeout(r, 1500)); took.push(cpu() - start); }
  return median(took);
}
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))[1]) / 1024;

try {
  for (const image of ['busybox', 'python']) await docker('pull', '-q', image);
  await docker('run', '--rm', 'busybox', 'true');
  row('docker run --rm busybox true', await time(() => docker('run', '--rm', 'busybox', 'true')));
  row("docker run --rm python python3 -c 'print(1)'", await time(() => docker('run', '--rm', 'python', 'python3', '-c', 'print(1)')), await native('python3', '-c', 'print(1)'));
  await docker('run', '-d', '--name', 'box', 'python', 'sleep', '10000');
  await docker('exec', 'box', 'python3', '-c', 'print(1)');
  row("docker exec box python3 -c 'print(1)'", await time(() => docker('exec', 'box', 'python3', '-c', 'print(1)')));
  const loop = 'i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done';
  row('fork + exec + wait of /bin/true, each of 200 (dynamic)', (await time(() => docker('exec', 'box', 'bash', '-c', loop), 3)) / 200, (await native('bash', '-c', loop)) / 200);

  // Two images, 1 GB of 4,000 files and 2 MB: a start must not notice.
  const big = join(root, 'big');
  mkdirSync(join(big, 'data'), { recursive: true });
  mkdirSync(join(big, 'bin'));
  writeFileSync(join(big, 'bin/true'), execFileSync('docker', ['run', '--rm', 'busybox', 'cat', '/bin/busybox'], { env, maxBuffer: 1 << 26 }), { mode: 0o755 });
  execFileSync('sh', ['-c', `tar -C ${big} -c . > ${root}/small.tar`]);
  const block = randomBytes(256 * 1024);
  for (let i = 0; i < 4000; i++) { block.writeUInt32LE(i); writeFileSync(join(big, `data/${i}`), block); }
  execFileSync('sh', ['-c', `tar -C ${big} -c . > ${root}/big.tar`]);
  for (const name of ['small', 'big']) await docker('import', join(root, `${name}.tar`), name);
  const took = {};
  for (const name of ['small', 'big']) {
    await docker('run', '--rm', name, '/bin/true');
    const before = memory();
    await docker('run', '-d', '--name', `m-${name}`, '--entrypoint', '/bin/true', name, 'sleep', '1');
    console.log(`${`memory of the daemon around a start from ${name}`.padEnd(58)} ${before.toFixed(0)} -> ${memory().toFixed(0)} MiB`);
    took[name] = await cpuTime(() => docker('run', '--rm', name, '/bin/true'));
    row(`docker run --rm ${name} /bin/true, cpu with the next spare worker`, took[name]);
  }
  row('difference between 1 GB and 2 MB', Math.abs(took.big - took.small));
} finally {
  daemon.kill('SIGKILL');
  mirror.close();
  mirror.closeAllConnections();
  rmSync(root, { recursive: true, force: true });
}
