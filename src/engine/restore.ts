/**
 * What the daemon does at start: reads containers and volumes back. A container that ran when the engine died has exited
 * with 255, as after a crash of dockerd; restart policies then decide who starts again. Reference: moby daemon.restore.
 */
import { autoRemove } from './container/remove.ts';
import { Container, type ContainerRecord } from './container/container.ts';
import { restartsAtBoot } from './container/restart-policy.ts';
import { startContainer } from './container/run.ts';
import type { Engine } from './engine.ts';
import { messageOf } from './errors.ts';
import { newId, timestamp } from './ids.ts';
import { allRecords, decodeRecord, putRecord } from './records.ts';

/** The engine's exit code for a container whose end it did not see. */
const LOST = 255;

export async function restore(engine: Engine): Promise<void> {
  const known = await engine.store.get('engine/id');
  engine.id = known ? decodeRecord<string>(known) : newId(engine.random);
  if (!known) await putRecord(engine.store, 'engine/id', engine.id);
  await engine.volumes.restore();
  const toStart: Container[] = [];
  for (const record of await allRecords<ContainerRecord>(engine.store, 'container/')) {
    const container = new Container(record, engine.store);
    const ran = record.state.Running;
    if (ran) container.setStopped({ exitCode: LOST, oomKilled: false, at: timestamp(engine.clock) });
    engine.containers.add(container);
    if (ran) await engine.containers.save(container);
    if (restartsAtBoot(record, ran)) toStart.push(container);
  }
  for (const container of engine.containers.all()) {
    if (container.record.dead || (container.record.hostConfig.AutoRemove && container.record.state.StartedAt !== container.record.created && !toStart.includes(container) && container.hasRun)) {
      await autoRemove(engine, container);
    }
  }
  for (const container of toStart) {
    void startContainer(engine, container).catch((e: unknown) => engine.log('engine', `cannot restart container ${container.id}: ${messageOf(e)}`));
  }
}
