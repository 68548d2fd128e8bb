/**
 * HEAD, GET and PUT /containers/{name}/archive?path=: docker cp. The path's metadata travel in a header as base64 JSON.
 * Reference: moby daemon/archive_unix.go, server/router/container/copy.go.
 */
import { Conflict, Forbidden, InvalidParameter, NotFound } from '../../base/errors.ts';
import { empty, type Call, type Operation } from '../api/call.ts';
import type { EngineResponse } from '../api/message.ts';
import type { Engine } from '../engine.ts';
import { messageOf } from '../errors.ts';
import { readableToPort } from '../../protocol/port-stream.ts';
import type { PathStat } from '../../runtime/sandbox-api.ts';
import { withFiles } from './archive-sandbox.ts';
import type { Container } from './container.ts';
import { emitContainer } from './event.ts';

function target(engine: Engine, call: Call): { container: Container; path: string } {
  const path = call.query.text('path');
  if (path === '') throw new InvalidParameter('bad parameter: path cannot be empty');
  return { container: engine.containers.get(call.params.name), path };
}

function statHeader(stat: PathStat): Record<string, string> {
  const text = JSON.stringify({ name: stat.name, size: stat.size, mode: stat.mode, mtime: stat.mtime, linkTarget: stat.linkTarget });
  const bytes = new TextEncoder().encode(text);
  return { 'x-docker-container-path-stat': btoa(String.fromCharCode(...bytes)) };
}

/** The sandbox's errno in Docker's words. */
function explain(error: unknown, container: Container, path: string): never {
  const { code } = error as { code?: string };
  if (code === 'ENOENT') throw new NotFound(`Could not find the file ${path} in container ${container.record.name}`);
  if (code === 'ENOTDIR') throw new InvalidParameter(`extraction point is not a directory`);
  if (code === 'EROFS') throw new Forbidden('container rootfs is marked read-only');
  if (code === 'EEXIST') throw new Conflict(messageOf(error));
  throw error;
}

export const containerStatPath: Operation = (engine, call) => {
  const { container, path } = target(engine, call);
  return withFiles(engine, container, async (sandbox): Promise<EngineResponse> => {
    try { return { status: 200, headers: statHeader(await sandbox.api.statPath(path)) }; } catch (e) { return explain(e, container, path); }
  });
};

export const containerGetArchive: Operation = async (engine, call) => {
  const { container, path } = target(engine, call);
  let answer!: (response: EngineResponse) => void;
  let refuse!: (error: unknown) => void;
  const response = new Promise<EngineResponse>((resolve, reject) => { answer = resolve; refuse = reject; });
  // The sandbox of a stopped container must stay until the whole archive is sent.
  void withFiles(engine, container, async (sandbox) => {
    const stat = await sandbox.api.statPath(path).catch((e: unknown) => explain(e, container, path));
    const { body, done } = sandbox.archive(path);
    answer({ status: 200, headers: { 'content-type': 'application/x-tar', ...statHeader(stat) }, body });
    await done;
    emitContainer(engine, container, 'archive-path');
  }).catch(refuse);
  return response;
};

export const containerPutArchive: Operation = async (engine, call) => {
  const { container, path } = target(engine, call);
  if (container.record.hostConfig.ReadonlyRootfs && !container.record.mounts.some((m) => m.RW && (path === m.Destination || path.startsWith(`${m.Destination}/`)))) {
    throw new Forbidden('container rootfs is marked read-only');
  }
  await withFiles(engine, container, async (sandbox) => {
    const channel = new MessageChannel();
    const sent = readableToPort(call.stream(), channel.port1);
    try {
      await sandbox.writeArchive(path, channel.port2, { noOverwriteDirNonDir: call.query.flag('noOverwriteDirNonDir'), copyUidGid: call.query.flag('copyUIDGID') });
      await sent;
    } catch (e) { explain(e, container, path); }
  });
  emitContainer(engine, container, 'extract-to-dir');
  return empty(200);
};

/** GET /containers/{name}/export: the whole filesystem as one tar. */
export const containerExport: Operation = async (engine, call) => {
  const container = engine.containers.get(call.params.name);
  let answer!: (response: EngineResponse) => void;
  let refuse!: (error: unknown) => void;
  const response = new Promise<EngineResponse>((resolve, reject) => { answer = resolve; refuse = reject; });
  void withFiles(engine, container, async (sandbox) => {
    const { body, done } = sandbox.archive('/');
    answer({ status: 200, headers: { 'content-type': 'application/octet-stream' }, body });
    emitContainer(engine, container, 'export');
    await done;
  }).catch(refuse);
  return response;
};

