/** GET /exec/{name}/json. */
import { json, type Operation } from '../api/call.ts';
import type { ExecInspect } from '../api/types/exec.ts';

export const execInspect: Operation = (engine, call) => {
  const exec = engine.execs.get(call.params.name);
  const { config } = exec;
  const [entrypoint, ...args] = config.cmd;
  return json({
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode,
    ProcessConfig: { tty: config.tty, entrypoint, arguments: args, privileged: config.privileged, ...(config.user ? { user: config.user } : {}) },
    OpenStdin: config.stdin,
    OpenStderr: config.stderr,
    OpenStdout: config.stdout,
    CanRemove: false,
    ContainerID: exec.container.id,
    DetachKeys: config.detachKeys,
    Pid: exec.pid,
  } satisfies ExecInspect);
};
