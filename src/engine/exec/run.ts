/** Starts a process in a running container and follows it to its end: for exec instances and health checks. */
import { capabilitiesOf } from '../container/capabilities.ts';
import type { Container } from '../container/container.ts';
import { environment } from '../container/spec.ts';
import { OUTPUT_GRACE_MS, type Stdio } from '../container/stdio.ts';
import type { ProcessSpec } from '../../runtime/sandbox-api.ts';
import type { ExecConfig } from './execs.ts';

export function execProcessSpec(container: Container, config: ExecConfig): ProcessSpec {
  const { config: own, hostConfig } = container.record;
  return {
    args: config.cmd,
    env: environment(own.Hostname, config.tty, own.Env, config.env),
    cwd: config.workingDir || own.WorkingDir || '/',
    user: config.user || own.User,
    groups: hostConfig.GroupAdd ?? [],
    tty: config.tty,
    rows: config.consoleSize?.[0] || undefined,
    columns: config.consoleSize?.[1] || undefined,
    openStdin: config.stdin,
    noNewPrivileges: (hostConfig.SecurityOpt ?? []).some((o) => /^no-new-privileges([:=]true)?$/.test(o)),
    capabilities: capabilitiesOf(config.privileged ? { ...hostConfig, Privileged: true } : hostConfig),
    rlimits: (hostConfig.Ulimits ?? []).map((u) => ({ name: u.Name, soft: u.Soft, hard: u.Hard })),
  };
}

/** Rejects with StartFailure. `ended` resolves to the exit code once the output has gone to `stdio`'s sinks. */
export async function runProcess(container: Container, spec: ProcessSpec, stdio: Stdio): Promise<{ pid: number; ended: Promise<number> }> {
  const { sandbox } = container.run!;
  const { pid, streams } = await sandbox.start(spec);
  if (streams.stdin) stdio.stdin.connect(streams.stdin); else stdio.stdin.fail();
  const output = Promise.all([stdio.pump('stdout', streams.stdout), streams.stderr ? stdio.pump('stderr', streams.stderr) : undefined]);
  const ended = (async () => {
    const { exitCode } = await sandbox.wait(pid);
    await Promise.race([output, new Promise<void>((resolve) => { setTimeout(resolve, OUTPUT_GRACE_MS); })]);
    return exitCode;
  })();
  return { pid, ended };
}
