/** POST /exec/{name}/start: runs the instance, on the hijacked connection unless detached. Reference: moby daemon/exec.go ContainerExecStart. */
import { Conflict } from '../../base/errors.ts';
import { empty, type Operation } from '../api/call.ts';
import type { ExecStartRequest } from '../api/types/exec.ts';
import { frame } from '../api/stdcopy.ts';
import { openAttach } from '../attach.ts';
import { emitContainer } from '../container/event.ts';
import { execFailure } from '../container/start-failure.ts';
import { parseDetachKeys } from '../detach-keys.ts';
import type { Engine } from '../engine.ts';
import { hijackResponse } from '../hijack.ts';
import type { Exec } from './execs.ts';
import { execProcessSpec, runProcess } from './run.ts';

export const execStart: Operation = async (engine, call) => {
  const request = (await call.json<ExecStartRequest>()) ?? {};
  const exec = engine.execs.get(call.params.name);
  const { container, config } = exec;
  if (exec.started) throw new Conflict(exec.running ? `exec ${exec.id} is already running` : `exec command ${exec.id} has already run`);
  if (!container.run) throw new Conflict(`container ${container.id} is not running`);
  if (container.paused) throw new Conflict(`Container ${container.id} is paused, unpause the container before exec`);
  if (request.ConsoleSize) config.consoleSize = request.ConsoleSize;
  exec.started = true;
  exec.running = true;
  if (request.Detach) {
    const started = startExec(engine, exec);
    await started.catch((e: unknown) => { throw new Error(fail(exec, e)); });
    return empty(200);
  }
  const session = openAttach(exec.stdio, {
    stdin: config.stdin, stdout: config.stdout, stderr: config.stderr, tty: config.tty, detachKeys: parseDetachKeys(config.detachKeys), closeStdin: true, live: true,
    onDetach: () => emitContainer(engine, container, 'exec_detach', { execID: exec.id }),
  });
  const response = hijackResponse(call, config.tty, session);
  const carry = response.hijack!;
  // The process starts once the connection is there; what keeps it from starting is told on that connection, as dockerd does.
  response.hijack = (connection) => {
    void startExec(engine, exec).then(() => carry(connection), async (e: unknown) => {
      const text = new TextEncoder().encode(`${fail(exec, e)}\r\n`);
      session.drop();
      const writer = connection.writable.getWriter();
      await writer.write(config.tty ? text : frame('stdout', text)).catch(() => undefined);
      await writer.close().catch(() => undefined);
      void connection.readable.cancel().catch(() => undefined);
    });
  };
  return response;
};

async function startExec(engine: Engine, exec: Exec): Promise<void> {
  const { container, config } = exec;
  const { pid, ended } = await runProcess(container, execProcessSpec(container, config), exec.stdio);
  exec.pid = pid;
  emitContainer(engine, container, `exec_start: ${config.cmd.join(' ')}`, { execID: exec.id });
  if (exec.pendingSize) await container.run?.sandbox.api.resize(pid, ...exec.pendingSize).catch(() => undefined);
  void ended.then(async (code) => {
    exec.exitCode = code;
    exec.running = false;
    container.execs.delete(exec.id);
    emitContainer(engine, container, 'exec_die', { execID: exec.id, exitCode: String(code) });
    await exec.stdio.end();
  }, () => exec.lost());
}

function fail(exec: Exec, error: unknown): string {
  const { exitCode, text } = execFailure(error);
  exec.exitCode = exitCode;
  exec.running = false;
  exec.container.execs.delete(exec.id);
  return text;
}
