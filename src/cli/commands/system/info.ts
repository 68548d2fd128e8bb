/** docker info. */
import { compileTemplate } from '../../template/exec.ts';
import { humanBytes } from '../../../base/units.ts';
import { flagString, type CommandSpec } from '../../spec.ts';

interface Info {
  Containers: number; ContainersRunning: number; ContainersPaused: number; ContainersStopped: number; Images: number; ServerVersion: string; Driver: string; KernelVersion: string;
  OperatingSystem: string; OSType: string; Architecture: string; NCPU: number; MemTotal: number; Name: string; ID: string; DockerRootDir: string; Warnings?: string[] | null;
}

export const info: CommandSpec = {
  names: ['system info', 'info'], display: 'info', usage: 'info [OPTIONS]', summary: 'Display system-wide information', arity: { min: 0, max: 0 },
  flags: [{ name: 'format', short: 'f', type: 'string', usage: 'Format output using a custom template' }],
  async run({ client, io }, { flags }) {
    const i = await client.json<Info>('GET', '/info');
    const format = flagString(flags, 'format');
    if (format !== undefined) { io.stdout((format === 'json' ? JSON.stringify(i) : compileTemplate(format, { strict: true })(i)) + '\n'); return 0; }
    io.stdout(['Server:', ` Containers: ${i.Containers}`, `  Running: ${i.ContainersRunning}`, `  Paused: ${i.ContainersPaused}`, `  Stopped: ${i.ContainersStopped}`, ` Images: ${i.Images}`,
      ` Server Version: ${i.ServerVersion}`, ` Storage Driver: ${i.Driver}`, ` Kernel Version: ${i.KernelVersion}`, ` Operating System: ${i.OperatingSystem}`, ` OSType: ${i.OSType}`, ` Architecture: ${i.Architecture}`,
      ` CPUs: ${i.NCPU}`, ` Total Memory: ${humanBytes(i.MemTotal)}`, ` Name: ${i.Name}`, ` ID: ${i.ID}`, ` Docker Root Dir: ${i.DockerRootDir}`].join('\n') + '\n');
    for (const warning of i.Warnings ?? []) io.stderr(`${warning}\n`);
    return 0;
  },
};
