import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../src/host/memory-store.ts';
import { engineFixture } from './fixture.ts';

const create = async (request: object, name = ''): Promise<{ status: number; message: string; id: string; inspect: any; warnings: string[] }> => {
  const { call } = await engineFixture(undefined, { Cmd: ['sh'], Env: ['A=1', 'B=2'], Labels: { from: 'image' }, Volumes: { '/data': {} }, ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT' });
  const made = await call('POST', `/containers/create?name=${name}`, { Image: 'tiny', ...request });
  const inspect = made.status === 201 ? (await call('GET', `/containers/${made.json.Id}/json`)).json : undefined;
  return { status: made.status, message: made.json.message, id: made.json.Id, inspect, warnings: made.json.Warnings };
};

describe('container create', () => {
  it('merges the image\'s configuration', async () => {
    const { inspect, id } = await create({ Env: ['B=3', 'C=4'], Labels: { own: 'x' }, Volumes: { '/more': {} } }, 'web');
    expect(inspect).toMatchObject({
      Name: '/web', Path: 'sh', Args: [], Driver: 'overlay2', Platform: 'linux',
      Config: { Hostname: id.slice(0, 12), Env: ['B=3', 'C=4', 'A=1'], Labels: { from: 'image', own: 'x' }, ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT', Volumes: { '/data': {}, '/more': {} } },
      State: { Status: 'created', Running: false, ExitCode: 0, StartedAt: '0001-01-01T00:00:00Z' },
      HostConfig: { NetworkMode: 'bridge', RestartPolicy: { Name: 'no' }, ShmSize: 67108864, IpcMode: 'private' },
    });
    expect(inspect.Mounts.map((m: { Destination: string }) => m.Destination).sort()).toEqual(['/data', '/more']);
  });

  it('puts an entrypoint before the command, and drops the image\'s command with it', async () => {
    expect((await create({ Entrypoint: ['/init', '-x'] })).inspect).toMatchObject({ Path: '/init', Args: ['-x'] });
    expect((await create({ Entrypoint: '/init', Cmd: ['a', 'b'] })).inspect).toMatchObject({ Path: '/init', Args: ['a', 'b'] });
    expect(await create({ Entrypoint: [''], Cmd: [] })).toMatchObject({ status: 400, message: 'no command specified' });
  });

  it('refuses what is wrong with Docker\'s words', async () => {
    const refusals: [object, number, RegExp][] = [
      [{ Image: 'nope' }, 404, /^No such image: nope:latest$/],
      [{ WorkingDir: 'relative' }, 400, /^the working directory 'relative' is invalid, it needs to be an absolute path$/],
      [{ Env: ['=x'] }, 400, /^invalid environment variable: =x$/],
      [{ StopSignal: 'NOPE' }, 400, /^Invalid signal: NOPE$/],
      [{ HostConfig: { Memory: 1024 } }, 400, /^Minimum memory limit allowed is 6MB$/],
      [{ HostConfig: { RestartPolicy: { Name: 'sometimes' } } }, 400, /^invalid restart policy: unknown policy 'sometimes'/],
      [{ HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } }, 400, /^can't create 'AutoRemove' container with restart policy$/],
      [{ HostConfig: { CapAdd: ['FLY'] } }, 400, /^invalid CapAdd: unknown capability: "CAP_FLY"$/],
      [{ HostConfig: { LogConfig: { Type: 'syslog' } } }, 400, /^error looking up logging plugin syslog: plugin "syslog" not found$/],
      [{ HostConfig: { Binds: ['v:/x', 'w:/x'] } }, 400, /^Duplicate mount point: \/x$/],
      [{ HostConfig: { Binds: ['bad name:/x'] } }, 400, /includes invalid characters for a local volume name/],
      [{ HostConfig: { Binds: ['v:relative'] } }, 400, /mount path must be absolute$/],
      [{ HostConfig: { VolumesFrom: ['nobody'] } }, 404, /^No such container: nobody$/],
      [{ HostConfig: { DeviceRequests: [{ Capabilities: [['gpu']] }] } }, 400, /^could not select device driver "" with capabilities: \[\[gpu\]\]$/],
    ];
    for (const [request, status, text] of refusals) {
      const answer = await create(request);
      expect(answer, JSON.stringify(request)).toMatchObject({ status });
      expect(answer.message).toMatch(text);
    }
  });

  it('refuses what it cannot honour, with the reason, and discards limits aloud', async () => {
    for (const host of [{ PidMode: 'host' }, { IpcMode: 'host' }, { NetworkMode: 'host' }, { NetworkMode: 'container:x' }, { Links: ['a:b'] }, { Devices: [{ PathOnHost: '/dev/kvm' }] },
      { SecurityOpt: ['seccomp={}'] }, { CgroupParent: 'x' }, { Binds: ['/etc:/etc'] }, { VolumeDriver: 'nfs' }, { StorageOpt: { size: '1G' } }]) {
      const answer = await create({ HostConfig: host });
      expect(answer.status, JSON.stringify(host)).toBeGreaterThanOrEqual(400);
      expect(answer.message.length).toBeGreaterThan(20);
    }
    const { warnings, inspect } = await create({ HostConfig: { CpuShares: 512, Privileged: false, Memory: 32 << 20 } });
    expect(warnings).toEqual(['Your kernel does not support CPU shares. Option discarded.']);
    expect(inspect.HostConfig).toMatchObject({ CpuShares: 0, Memory: 32 << 20 });
  });

  it('keeps names unique, finds by name, id and prefix, and survives a restart of the engine', async () => {
    const store = new MemoryStore();
    const { call, engine } = await engineFixture(store);
    const { json: { Id } } = await call('POST', '/containers/create?name=one', { Image: 'tiny', Labels: { a: 'b' } });
    expect(await call('POST', '/containers/create?name=one', { Image: 'tiny' })).toMatchObject({
      status: 409, json: { message: `Conflict. The container name "/one" is already in use by container "${Id}". You have to remove (or rename) that container to be able to reuse that name.` },
    });
    expect(await call('POST', '/containers/create?name=a%20b', { Image: 'tiny' })).toMatchObject({ status: 400, json: { message: 'Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed' } });
    await engine.shutdown();
    const again = await engineFixture(store);
    for (const name of ['one', '/one', Id, Id.slice(0, 12)]) expect((await again.call('GET', `/containers/${encodeURIComponent(name)}/json`)).json.Id).toBe(Id);
    expect((await again.call('GET', '/containers/json?all=1')).json).toMatchObject([{ Names: ['/one'], Image: 'tiny', State: 'created', Status: 'Created', Command: 'sh' }]);
    expect((await again.call('POST', '/containers/one/rename?name=two')).status).toBe(204);
    expect((await again.call('DELETE', '/containers/two')).status).toBe(204);
    expect((await again.call('GET', '/containers/json?all=1')).json).toEqual([]);
  });

  it('removes anonymous volumes with -v and refuses to remove volumes in use', async () => {
    const { call } = await engineFixture(undefined, { Cmd: ['sh'], Volumes: { '/anon': {} } });
    const { json: { Id } } = await call('POST', '/containers/create', { Image: 'tiny', HostConfig: { Binds: ['named:/n'] } });
    expect((await call('GET', '/volumes')).json.Volumes).toHaveLength(2);
    expect(await call('DELETE', '/volumes/named')).toMatchObject({ status: 409, json: { message: `remove named: volume is in use - [${Id}]` } });
    await call('DELETE', `/containers/${Id}?v=1`);
    expect((await call('GET', '/volumes')).json.Volumes.map((v: { Name: string }) => v.Name)).toEqual(['named']);
    expect((await call('DELETE', '/volumes/named')).status).toBe(204);
  });
});
