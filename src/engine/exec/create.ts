/** POST /containers/{name}/exec. Reference: moby daemon/exec.go. */
import { Conflict, InvalidParameter } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';
import type { ExecCreateRequest } from '../api/types/exec.ts';
import { emitContainer } from '../container/event.ts';
import { parseDetachKeys } from '../detach-keys.ts';
import { newId } from '../ids.ts';
import { Exec } from './execs.ts';

export const execCreate: Operation = async (engine, call) => {
  const request = await call.requiredJson<ExecCreateRequest>();
  const cmd = request.Cmd ?? [];
  if (cmd.length === 0) throw new InvalidParameter('No exec command specified');
  const container = engine.containers.get(call.params.name);
  if (!container.run) {
    if (container.restarting) throw new Conflict(`Container ${container.id} is restarting, wait until the container is running`);
    throw new Conflict(`container ${container.id} is not running`);
  }
  if (container.paused) throw new Conflict(`Container ${call.params.name} is paused, unpause the container before exec`);
  if (request.WorkingDir && !request.WorkingDir.startsWith('/')) throw new InvalidParameter(`Cwd must be an absolute path: ${request.WorkingDir}`);
  if (request.DetachKeys) parseDetachKeys(request.DetachKeys);
  const exec = new Exec(newId(engine.random), container, {
    cmd, env: request.Env ?? [], user: request.User ?? '', workingDir: request.WorkingDir ?? '', tty: request.Tty === true, privileged: request.Privileged === true,
    stdin: request.AttachStdin === true, stdout: request.AttachStdout === true, stderr: request.AttachStderr === true, detachKeys: request.DetachKeys ?? '',
    consoleSize: request.ConsoleSize ?? undefined,
  });
  engine.execs.sweep((c) => engine.containers.has(c.id) && c.run !== undefined);
  engine.execs.add(exec);
  container.execs.set(exec.id, exec);
  emitContainer(engine, container, `exec_create: ${cmd.join(' ')}`, { execID: exec.id });
  return json({ Id: exec.id }, 201);
};
