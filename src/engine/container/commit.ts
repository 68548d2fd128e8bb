/** POST /commit?container=: the container's changes become a layer. Reference: moby daemon/commit.go. */
import { json, type Operation } from '../api/call.ts';
import type { ContainerDefaults, ImageConfig } from '../../image/config.ts';
import { applyChanges } from '../image/changes.ts';
import { joinReference } from '../image/names.ts';
import { emitImage } from '../image/describe.ts';
import { timestamp } from '../ids.ts';
import { withFiles } from './archive-sandbox.ts';
import { emitContainer } from './event.ts';

export const containerCommit: Operation = async (engine, call) => {
  const { query } = call;
  const container = engine.containers.get(query.text('container'));
  const { record } = container;
  const given = await call.json<Partial<ContainerDefaults>>();
  const repo = query.text('repo');
  const references = repo === '' ? [] : [joinReference(repo, query.text('tag'))];
  const base = engine.images.resolve(record.imageId);
  const pause = query.flag('pause', true) && container.running && !container.paused;
  const { run } = container;
  if (pause) await run!.sandbox.api.pause();
  try {
    const image = await withFiles(engine, container, async (sandbox) => {
      const { body, done } = sandbox.layer();
      const layer = await engine.images.createLayer(body);
      await done;
      const created = timestamp(engine.clock);
      const config: ImageConfig = {
        created, author: query.text('author') || undefined, architecture: base.config.architecture, os: base.config.os,
        config: applyChanges({ ...containerDefaults(record.config), ...given }, query.all('changes')),
        rootfs: { type: 'layers', diff_ids: [...base.config.rootfs.diff_ids, layer.diffId] },
        history: [...(base.config.history ?? []), { created, created_by: [record.path, ...record.args].join(' '), author: query.text('author') || undefined, comment: query.text('comment') || undefined }],
      };
      try { return await engine.images.createImage(config, { parent: base.id, references }); } finally { await engine.images.release(layer.diffId); }
    });
    emitContainer(engine, container, 'commit', { comment: query.text('comment'), imageID: image.id, imageRef: references[0] ?? '' });
    if (references[0]) emitImage(engine, 'tag', image.id, references[0]);
    return json({ Id: image.id }, 201);
  } finally {
    if (pause && container.run === run) await run!.sandbox.api.unpause();
  }
};

/** What of a container's configuration belongs to an image. */
function containerDefaults(config: ContainerDefaults): ContainerDefaults {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, StopTimeout, Shell, OnBuild, Healthcheck } = config;
  return { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, StopTimeout, Shell, OnBuild, Healthcheck };
}
