/** POST /containers/{name}/attach: the container's streams on the hijacked connection. Reference: moby daemon/attach.go. */
import { Conflict, InvalidParameter, NotImplemented } from '../../base/errors.ts';
import type { Operation } from '../api/call.ts';
import { frame } from '../api/stdcopy.ts';
import { openAttach } from '../attach.ts';
import { parseDetachKeys } from '../detach-keys.ts';
import { hijackResponse } from '../hijack.ts';
import { emitContainer } from './event.ts';

export const containerAttach: Operation = async (engine, call) => {
  const { query } = call;
  const container = engine.containers.get(call.params.name);
  if (container.paused) throw new Conflict(`container ${call.params.name} is paused, unpause the container before attach`);
  if (container.restarting) throw new Conflict(`container ${call.params.name} is restarting, wait until the container is running before attach`);
  let detachKeys: Uint8Array;
  try { detachKeys = parseDetachKeys(query.text('detachKeys')); } catch { throw new InvalidParameter(`Invalid detach keys (${query.text('detachKeys')}) provided`); }
  const { Tty: tty, OpenStdin, StdinOnce } = container.record.config;
  const stdout = query.flag('stdout'), stderr = query.flag('stderr');
  let replay: Uint8Array[] = [];
  if (query.flag('logs')) {
    if (!container.logs.readable) throw new NotImplemented('configured logging driver does not support reading');
    replay = (await container.logs.read({ stdout, stderr })).map((e) => (tty ? e.data : frame(e.stream, e.data)));
  }
  const session = openAttach(container.stdio, {
    stdin: query.flag('stdin') && query.flag('stream') && OpenStdin, stdout, stderr, tty, detachKeys, closeStdin: StdinOnce, replay, live: query.flag('stream'),
    onDetach: () => emitContainer(engine, container, 'detach'),
  });
  emitContainer(engine, container, 'attach');
  return hijackResponse(call, tty, session);
};
