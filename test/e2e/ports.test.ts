/** Published ports and container addresses, through the real docker client and real connections. */
import { execFile } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDaemon, type Daemon } from '../support/daemon.ts';

let daemon: Daemon;

async function docker(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => execFile('docker', args, { env: { ...process.env, DOCKER_HOST: daemon.host } }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout: stdout.trim(), stderr: stderr.trim() })).stdin!.end());
}
async function out(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await docker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** docker-proxy too accepts connections before the program inside listens, and breaks them. */
async function get(port: number, path: string): Promise<string> {
  for (let tries = 50; ; tries--) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return `${response.status} ${await response.text()}`;
    } catch (e) { if (tries === 0) throw e; await new Promise((r) => setTimeout(r, 100)); }
  }
}

beforeAll(async () => {
  daemon = await startDaemon();
  await out('pull', '-q', 'busybox');
  await out('run', '-d', '--name', 'web', '-h', 'webhost', '-p', '127.0.0.1:0:80', '--expose', '90', 'busybox', 'httpd', '-f', '-p', '80', '-h', '/etc');
});
afterAll(async () => { await daemon?.stop(); });

const portOf = async (name: string, inner = '80'): Promise<number> => Number((await out('port', name, inner)).split(':').pop());

it('serves a file of the container', async () => {
  const port = await portOf('web');
  expect(await get(port, '/hostname')).toBe('200 webhost\n');
  expect(await get(port, '/passwd')).toBe(`200 ${await out('exec', 'web', 'cat', '/etc/passwd')}\n`);
  expect((await get(port, '/nothere')).slice(0, 3)).toBe('404');
});

it('serves many connections at once, and large answers whole', async () => {
  const port = await portOf('web');
  await out('exec', 'web', 'sh', '-c', 'seq 1 200000 > /etc/numbers');
  const numbers = Array.from({ length: 200000 }, (_, i) => `${i + 1}\n`).join('');
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => get(port, i % 10 === 0 ? '/numbers' : '/hostname')));
  expect(answers.every((a, i) => a === (i % 10 === 0 ? `200 ${numbers}` : '200 webhost\n'))).toBe(true);
});

it('shows addresses and ports as Docker does', async () => {
  const port = await portOf('web'), inspect = JSON.parse(await out('inspect', '-f', '{{json .NetworkSettings}}', 'web'));
  expect(inspect).toMatchObject({
    IPAddress: '172.17.0.2', IPPrefixLen: 16, Gateway: '172.17.0.1', MacAddress: '02:42:ac:11:00:02', Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }], '90/tcp': null },
    Networks: { bridge: { IPAddress: '172.17.0.2', Gateway: '172.17.0.1', MacAddress: '02:42:ac:11:00:02', EndpointID: inspect.EndpointID } },
  });
  expect(inspect.EndpointID).toMatch(/^[0-9a-f]{64}$/);
  expect(await out('ps', '--format', '{{.Ports}}')).toBe(`90/tcp, 127.0.0.1:${port}->80/tcp`);
  expect(await out('port', 'web')).toBe(`80/tcp -> 127.0.0.1:${port}`);
  expect(await out('ps', '-q', '--filter', `publish=${port}`)).not.toBe('');
  expect(await out('ps', '-q', '--filter', 'publish=1')).toBe('');
  expect(Object.values(JSON.parse(await out('network', 'inspect', '-f', '{{json .Containers}}', 'bridge')))).toEqual([{ Name: 'web', EndpointID: inspect.EndpointID, MacAddress: '02:42:ac:11:00:02', IPv4Address: '172.17.0.2/16', IPv6Address: '' }]);
  expect(await out('exec', 'web', 'tail', '-n1', '/etc/hosts')).toBe('172.17.0.2\twebhost');
  expect(await out('exec', 'web', 'ip', '-4', 'addr', 'show', 'eth0')).toContain('inet 172.17.0.2/16 brd 172.17.255.255');
  expect(await out('exec', 'web', 'wget', '-qO-', 'http://172.17.0.2/hostname')).toBe('webhost');
});

it('refuses a port that is taken, by a container or another program', async () => {
  const port = await portOf('web');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  for (const taken of [port, (other.address() as AddressInfo).port]) {
    const { code, stderr } = await docker('run', '-d', '--name', 'second', '-p', `${taken}:80`, 'busybox', 'sleep', '9');
    expect(code).toBe(125);
    expect(stderr).toMatch(new RegExp(`^docker: Error response from daemon: driver failed programming external connectivity on endpoint second \\([0-9a-f]{64}\\): Bind for 127\\.0\\.0\\.1:${taken} failed: port is already allocated$`, 'm'));
    expect(await out('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.NetworkSettings.IPAddress}}', 'second')).toBe('created 128');
    await out('rm', 'second');
  }
  other.close();
});

it('takes any free port with -P, the next free one of a range, and refuses udp', async () => {
  const taken = await portOf('web');
  await out('run', '-d', '--name', 'all', '-P', '--expose', '8000', '-p', `${taken}-${taken + 5}:9000`, 'busybox', 'httpd', '-f', '-p', '8000', '-h', '/etc');
  expect(await get(await portOf('all', '8000'), '/hostname')).toMatch(/^200 [0-9a-f]{12}\n$/);
  expect(await portOf('all', '9000')).toBeGreaterThan(taken);
  await expect(fetch(`http://127.0.0.1:${await portOf('all', '9000')}/`)).rejects.toThrow();
  await out('rm', '-f', 'all');
  expect((await docker('create', '-p', '53:53/udp', 'busybox')).stderr).toContain('only tcp ports can be published');
});

it('passes the ends of both directions on, and what was sent last', async () => {
  await out('run', '-d', '--name', 'once', '-p', '127.0.0.1::7', 'busybox', 'sh', '-c', 'nc -l -p 7 > /got; wc -c < /got; echo listening; yes | head -c 300000 | nc -l -p 7');
  const port = await portOf('once', '7');
  // Without a text the other side ends first: nc leaves at the end of what it receives.
  const talk = (text?: string): Promise<number> => new Promise((resolve) => {
    let received = 0;
    const socket = connect(port, '127.0.0.1', () => { if (text !== undefined) socket.end(text); });
    socket.on('data', (d) => { received += d.length; }).on('error', () => resolve(-1)).on('close', () => resolve(received));
  });
  const logs = async (): Promise<string> => out('logs', 'once');
  for (let i = 0; i < 50 && !(await logs()).includes('100000'); i++) await talk('x'.repeat(100000));
  expect(await logs()).toBe('100000\nlistening');
  let received = 0;
  for (let i = 0; i < 50 && received <= 0; i++) received = await talk();
  expect(received).toBe(300000);
  await out('rm', '-f', 'once');
});

it('has no eth0 without a network', async () => {
  expect(await out('run', '--rm', '--network', 'none', 'busybox', 'sh', '-c', 'ip link | grep -c eth0; tail -n1 /etc/hosts')).toContain('0\nff02::2');
});

it('frees ports and address as the container ends', async () => {
  const port = await portOf('web');
  await out('stop', '-t', '0', 'web');
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  expect(await out('inspect', '-f', '{{json .NetworkSettings.Ports}}{{.NetworkSettings.IPAddress}}', 'web')).toBe('{}');
  await out('run', '-d', '--name', 'next', '-p', `127.0.0.1:${port}:80`, 'busybox', 'httpd', '-f', '-h', '/etc');
  expect(await get(port, '/hosts')).toContain('172.17.0.2\t');
  await out('restart', '-t', '0', 'next');
  expect(await get(port, '/hosts')).toContain('172.17.0.2\t');
});
