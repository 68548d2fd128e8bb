/**
 * GET /containers/{name}/stats. CPU time is the time the container's worker spent on guest code; network counters are absent,
 * since a container has no network interface but loopback. Reference: moby daemon/stats.go.
 */
import type { SandboxStats } from '../../runtime/sandbox-api.ts';
import { json, type Operation } from '../api/call.ts';
import { jsonStream } from '../api/json-stream.ts';
import type { ContainerStats, CpuStats } from '../api/types/container.ts';
import type { Engine } from '../engine.ts';
import { timestamp } from '../ids.ts';
import type { Container } from './container.ts';

const INTERVAL_MS = 1000;
const NO_CPU: CpuStats = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 }, throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 } };

interface Sample { at: string; monotonic: number; stats: SandboxStats | undefined }

async function sample(engine: Engine, container: Container): Promise<Sample> {
  const stats = await container.run?.sandbox.api.stats().catch(() => undefined);
  return { at: timestamp(engine.clock), monotonic: engine.clock.monotonic(), stats };
}

function cpu(engine: Engine, { stats, monotonic }: Sample): CpuStats {
  if (!stats) return NO_CPU;
  const total = Math.floor(stats.cpuMs * 1e6);
  return {
    cpu_usage: { total_usage: total, usage_in_kernelmode: 0, usage_in_usermode: total },
    system_cpu_usage: Math.floor(monotonic * 1e6 * engine.host.cpus),
    online_cpus: engine.host.cpus,
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}

function render(engine: Engine, container: Container, now: Sample, before: Sample | undefined): ContainerStats {
  const { stats } = now;
  return {
    name: `/${container.record.name}`,
    id: container.id,
    read: stats ? now.at : '0001-01-01T00:00:00Z',
    preread: before?.stats ? before.at : '0001-01-01T00:00:00Z',
    pids_stats: stats ? { current: stats.pids, limit: container.record.hostConfig.PidsLimit ?? undefined } : {},
    blkio_stats: {
      io_service_bytes_recursive: stats ? [{ major: 0, minor: 0, op: 'read', value: stats.readBytes }, { major: 0, minor: 0, op: 'write', value: stats.writtenBytes }] : null,
      io_serviced_recursive: null, io_queue_recursive: null, io_service_time_recursive: null, io_wait_time_recursive: null, io_merged_recursive: null,
      io_time_recursive: null, sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(engine, now),
    precpu_stats: before ? cpu(engine, before) : NO_CPU,
    memory_stats: stats ? { usage: stats.memoryBytes, limit: stats.memoryLimit || engine.host.memory, stats: {} } : {},
  };
}

export const containerStats: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  const pause = (cancelled?: AbortSignal): Promise<void> => new Promise((resolve) => {
    const timer = setTimeout(resolve, INTERVAL_MS);
    cancelled?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
  if (!call.query.flag('stream', true)) {
    const first = await sample(engine, container);
    if (call.query.flag('one-shot') || !first.stats) return json(render(engine, container, first, undefined));
    await pause();
    return json(render(engine, container, await sample(engine, container), first));
  }
  return jsonStream(async (emit, cancelled) => {
    for (let before: Sample | undefined; !cancelled.aborted && engine.containers.has(container.id); await pause(cancelled)) {
      const now = await sample(engine, container);
      emit(render(engine, container, now, before));
      before = now;
    }
  });
};
