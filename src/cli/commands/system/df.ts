/** docker system df. */
import { renderTable } from '../../format/table.ts';
import { humanSize } from '../../../base/units.ts';
import type { CommandSpec } from '../../spec.ts';

interface Usage {
  LayersSize: number;
  Images: { Size: number; SharedSize: number; Containers: number }[] | null;
  Containers: { SizeRw?: number; State: string }[] | null;
  Volumes: { UsageData?: { Size: number; RefCount: number } }[] | null;
  BuildCache: { Size: number; InUse: boolean }[] | null;
}

export const systemDf: CommandSpec = {
  names: ['system df'], display: 'system df', usage: 'system df [OPTIONS]', summary: 'Show docker disk usage', arity: { min: 0, max: 0 }, flags: [],
  async run({ client, io }) {
    const u = await client.json<Usage>('GET', '/system/df');
    const sum = (xs: number[]): number => xs.reduce((a, b) => a + b, 0);
    const share = (free: number, all: number): string => `${humanSize(free)}${all > 0 ? ` (${Math.floor((free / all) * 100)}%)` : ''}`;
    const images = u.Images ?? [], containers = u.Containers ?? [], volumes = u.Volumes ?? [], cache = u.BuildCache ?? [];
    const idle = sum(images.filter((i) => i.Containers <= 0).map((i) => i.Size - Math.max(0, i.SharedSize)));
    const rw = sum(containers.map((c) => c.SizeRw ?? 0)), stopped = sum(containers.filter((c) => c.State !== 'running').map((c) => c.SizeRw ?? 0));
    const volumeSize = sum(volumes.map((v) => Math.max(0, v.UsageData?.Size ?? 0))), unused = sum(volumes.filter((v) => (v.UsageData?.RefCount ?? 0) === 0).map((v) => Math.max(0, v.UsageData?.Size ?? 0)));
    const cached = sum(cache.map((c) => c.Size));
    io.stdout(renderTable([
      ['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'],
      ['Images', String(images.length), String(images.filter((i) => i.Containers > 0).length), humanSize(u.LayersSize), share(idle, u.LayersSize)],
      ['Containers', String(containers.length), String(containers.filter((c) => c.State === 'running').length), humanSize(rw), share(stopped, rw)],
      ['Local Volumes', String(volumes.length), String(volumes.filter((v) => (v.UsageData?.RefCount ?? 0) > 0).length), humanSize(volumeSize), share(unused, volumeSize)],
      ['Build Cache', String(cache.length), String(cache.filter((c) => c.InUse).length), humanSize(cached), humanSize(cached)],
    ]));
    return 0;
  },
};
