/** Addresses of the bridge, and which ports are published where. */
import { describe, expect, it } from 'vitest';
import type { ContainerConfig, HostConfig, PortMap } from '../../../src/engine/api/types/container.ts';
import { Ipam } from '../../../src/engine/network/ipam.ts';
import { exposedPorts, publications } from '../../../src/engine/network/port-specs.ts';
import { engineFixture } from './fixture.ts';

describe('ipam', () => {
  it('gives the lowest free address, and the MAC address of it', () => {
    const ipam = new Ipam(), [a, b, c] = [ipam.allocate(), ipam.allocate(), ipam.allocate()];
    expect([a, b, c].map((x) => x.ip)).toEqual(['172.17.0.2', '172.17.0.3', '172.17.0.4']);
    expect(a).toEqual({ ip: '172.17.0.2', prefix: 16, gateway: '172.17.0.1', mac: '02:42:ac:11:00:02' });
    ipam.release(b);
    expect(ipam.allocate()).toEqual(b);
    expect(ipam.allocate().ip).toBe('172.17.0.5');
  });

  it('crosses into the next byte', () => {
    const ipam = new Ipam(), ips = Array.from({ length: 260 }, () => ipam.allocate());
    expect(new Set(ips.map((x) => x.ip)).size).toBe(260);
    expect(ips[254]).toMatchObject({ ip: '172.17.1.0', mac: '02:42:ac:11:01:00' });
  });
});

const publish = (PortBindings: PortMap, more: Partial<HostConfig> = {}, exposed: string[] = []): ReturnType<typeof publications> =>
  publications({ ExposedPorts: Object.fromEntries(exposed.map((e) => [e, {}])) } as ContainerConfig, { NetworkMode: 'bridge', PublishAllPorts: false, PortBindings, ...more } as HostConfig);

describe('publications', () => {
  it('reads bindings; without an address they are on loopback', () => {
    expect(publish({ '80/tcp': [{ HostIp: '', HostPort: '8080' }, { HostIp: '0.0.0.0', HostPort: '' }], 443: [{ HostIp: '::1', HostPort: '9000-9010' }], '1/tcp': null })).toEqual([
      { port: 443, hostIp: '::1', hostPorts: { first: 9000, last: 9010 } },
      { port: 80, hostIp: '127.0.0.1', hostPorts: { first: 8080, last: 8080 } },
      { port: 80, hostIp: '0.0.0.0', hostPorts: { first: 0, last: 0 } },
    ]);
  });

  it('publishes every exposed port that has no binding with -P, and nothing without a network', () => {
    const bindings = { '80/tcp': [{ HostIp: '', HostPort: '8080' }] };
    expect(publish(bindings, { PublishAllPorts: true }, ['80/tcp', '90-91']).map((p) => [p.port, p.hostPorts.first])).toEqual([[80, 8080], [90, 0], [91, 0]]);
    expect(publish(bindings, { PublishAllPorts: true, NetworkMode: 'none' }, ['90/tcp'])).toEqual([]);
    expect(exposedPorts({ ExposedPorts: { '53/udp': {}, 80: {} } } as unknown as ContainerConfig, { PortBindings: bindings } as unknown as HostConfig).sort()).toEqual(['53/udp', '80/tcp']);
  });

  it('refuses what it cannot do', () => {
    const one = (HostPort: string, HostIp = ''): PortMap => ({ '80/tcp': [{ HostIp, HostPort }] });
    expect(() => publish({ '53/udp': [{ HostIp: '', HostPort: '53' }] })).toThrow('only tcp ports can be published');
    for (const bad of ['x', '70000', '9-8', '-1']) expect(() => publish(one(bad)), bad).toThrow(`invalid port specification: "${bad}"`);
    expect(() => publish(one('80', 'host.example'))).toThrow('invalid IP address: host.example');
  });

  it('says at create that a tab has nowhere to publish', async () => {
    const { call } = await engineFixture();
    expect(await call('POST', '/containers/create', { Image: 'tiny', HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '80' }] } } })).toMatchObject({
      status: 501, json: { message: 'publishing port 80/tcp is not possible in a browser tab: nothing outside of it can connect to a container' },
    });
  });
});
