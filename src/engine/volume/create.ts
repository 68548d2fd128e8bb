/** POST /volumes/create. */
import { NotFound, NotImplemented } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import type { VolumeCreateRequest } from '../api/types/volume.ts';

export const volumeCreate: Operation = async (engine, call) => {
  const request = await call.requiredJson<VolumeCreateRequest>();
  const driver = request.Driver || 'local';
  if (driver !== 'local') throw new NotFound(`create ${request.Name ?? ''}: error looking up volume plugin ${driver}: plugin "${driver}" not found`);
  if (request.DriverOpts && Object.keys(request.DriverOpts).length > 0) throw new NotImplemented(`create ${request.Name ?? ''}: options of the local volume driver (${Object.keys(request.DriverOpts).join(', ')}) are not supported`);
  const { volume } = await engine.volumes.obtain(request.Name ?? '', request.Labels ?? null);
  return json(engine.volumes.describe(volume), 201);
};
