/**
 * A running container's place on its network: the address, and the published ports with the connections through them.
 * Exists from start to exit. Reference: libnetwork Endpoint, moby cmd/docker-proxy.
 */
import type { Duplex } from '../../host/ports.ts';
import type { Container } from '../container/container.ts';
import type { Engine } from '../engine.ts';
import { messageOf } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Address } from './ipam.ts';
import { publications, type Publication } from './port-specs.ts';

export interface PublishedPort { port: number; hostIp: string; hostPort: number }

/** How long connections may take to deliver what the container has sent before it ended. */
const DRAIN_MS = 1000;

export class Endpoint {
  readonly ports: PublishedPort[] = [];
  private readonly flows = new Set<Promise<void>>();
  private readonly closers: (() => Promise<void>)[] = [];
  private readonly guest: Promise<Sandbox>;
  /** Connections that came early go on to the container. */
  serve!: (sandbox: Sandbox) => void;

  private constructor(private readonly engine: Engine, readonly id: string, readonly address: Address | undefined) {
    this.guest = new Promise((resolve) => { this.serve = resolve; });
  }

  /** Takes an address and binds the published ports; rejects in Docker's words, with nothing taken. */
  static async join(engine: Engine, container: Container): Promise<Endpoint> {
    const { name, config, hostConfig } = container.record;
    const endpoint = new Endpoint(engine, newId(engine.random), hostConfig.NetworkMode === 'none' ? undefined : engine.ipam.allocate());
    try {
      for (const p of publications(config, hostConfig)) await endpoint.publish(p);
    } catch (e) {
      await endpoint.leave();
      throw new Error(`driver failed programming external connectivity on endpoint ${name} (${endpoint.id}): ${messageOf(e)}`, { cause: e });
    }
    return endpoint;
  }

  private async publish({ port, hostIp, hostPorts: { first, last } }: Publication): Promise<void> {
    const publisher = this.engine.ports;
    if (!publisher) throw new Error('this host cannot publish ports');
    for (let hostPort = first; ; hostPort++) {
      try {
        const bound = await publisher.publish(hostIp, hostPort, (connection) => { this.track(this.forward(connection, port)); });
        this.closers.push(() => bound.close());
        this.ports.push({ port, hostIp, hostPort: bound.port });
        return;
      } catch (e) {
        if ((e as { code?: string }).code !== 'EADDRINUSE') throw e;
        if (hostPort >= last) throw new Error(`Bind for ${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${hostPort} failed: port is already allocated`, { cause: e });
      }
    }
  }

  private track(flow: Promise<void>): void {
    this.flows.add(flow);
    void flow.finally(() => this.flows.delete(flow));
  }

  /** Resolves when everything from the container has been passed on. */
  private async forward(outer: Duplex, port: number): Promise<void> {
    let inner: Duplex;
    try { inner = await (await this.guest).connect(port); } catch {
      await Promise.allSettled([outer.readable.cancel(), outer.writable.abort()]);
      return;
    }
    void outer.readable.pipeTo(inner.writable).catch(() => undefined);
    await inner.readable.pipeTo(outer.writable).catch(() => undefined);
  }

  async leave(): Promise<void> {
    if (this.flows.size > 0) await Promise.race([Promise.all(this.flows), new Promise<void>((resolve) => { setTimeout(resolve, DRAIN_MS); })]);
    await Promise.all(this.closers.map((close) => close()));
    if (this.address) this.engine.ipam.release(this.address);
  }
}
