/** POST /containers/{name}/update. The restart policy changes at once; resource limits only before the next start. Reference: moby daemon/update.go. */
import { Conflict, InvalidParameter } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import type { ContainerUpdateRequest, HostConfig } from '../api/types/container.ts';
import { emitContainer } from './event.ts';
import { normalizeHostConfig } from './host-config.ts';

export const containerUpdate: Operation = async (engine, call) => {
  const request = await call.requiredJson<ContainerUpdateRequest>();
  const container = engine.containers.get(call.params.name);
  const { hostConfig } = container.record;
  const wanted: Partial<HostConfig> = {};
  for (const [key, value] of Object.entries(request)) {
    if (!(key in hostConfig) && key !== 'RestartPolicy') continue;
    const neutral = value === null || value === 0 || value === '' || (Array.isArray(value) && value.length === 0) || (key === 'RestartPolicy' && (value as { Name?: string }).Name === '');
    if (!neutral) (wanted as Record<string, unknown>)[key] = value;
  }
  if (container.record.dead || container.removing) throw new Conflict(`Cannot update container ${container.id}: container is marked for removal and cannot be "update".`);
  if (wanted.RestartPolicy && hostConfig.AutoRemove) throw new InvalidParameter('Restart policy cannot be updated because AutoRemove is enabled for the container');
  const limits = Object.keys(wanted).filter((k) => k !== 'RestartPolicy');
  if (limits.length > 0 && container.running) {
    throw new Conflict(`Cannot update container ${container.id}: ${limits.join(', ')} cannot change while it runs: stop the container first`);
  }
  const { host, warnings } = normalizeHostConfig({ ...hostConfig, ...wanted, PortBindings: {} }, {});
  Object.assign(hostConfig, host, { PortBindings: hostConfig.PortBindings });
  if (wanted.RestartPolicy) container.record.manuallyStopped = false;
  await engine.containers.save(container);
  emitContainer(engine, container, 'update');
  return json({ Warnings: warnings });
};
