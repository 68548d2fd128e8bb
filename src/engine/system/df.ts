/** GET /system/df: docker system df. */
import { InvalidParameter } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import type { DiskUsage } from '../api/types/system.ts';
import { summary } from '../container/list.ts';
import { containersOf, summarizeImage } from '../image/describe.ts';

const TYPES = ['container', 'image', 'volume', 'build-cache'];

export const diskUsage: Operation = async (engine, call) => {
  const asked = call.query.all('type');
  for (const type of asked) if (!TYPES.includes(type)) throw new InvalidParameter(`unknown object type: ${type}`);
  const wants = (type: string): boolean => asked.length === 0 || asked.includes(type);
  const { layersSize, shared } = engine.images.diskUsage();
  return json({
    LayersSize: layersSize,
    Images: wants('image') ? engine.images.list().map((i) => summarizeImage(i, { containers: containersOf(engine, i.id), shared: shared.get(i.id) ?? 0 })) : null,
    Containers: wants('container') ? await Promise.all(engine.containers.all().map((c) => summary(engine, c, true))) : null,
    Volumes: wants('volume')
      ? await Promise.all(engine.volumes.all().map(async (v) => ({ ...engine.volumes.describe(v), UsageData: { RefCount: engine.volumes.users(v.name).length, Size: await engine.volumes.size(v) } })))
      : null,
    BuildCache: wants('build-cache') ? [] : null,
    BuilderSize: 0,
  } satisfies DiskUsage);
};
