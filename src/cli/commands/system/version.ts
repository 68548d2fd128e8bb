/** docker version. */
import { compileTemplate } from '../../template/exec.ts';
import { flagString, type CommandSpec } from '../../spec.ts';

interface Version { Version: string; ApiVersion: string; MinAPIVersion: string; Os: string; Arch: string; KernelVersion: string; BuildTime?: string; GitCommit?: string; GoVersion?: string; Platform?: { Name: string } }

const CLIENT = { Version: '28.2.2', ApiVersion: '1.50' };

export const version: CommandSpec = {
  names: ['version'], display: 'version', usage: 'version [OPTIONS]', summary: 'Show the Docker version information', arity: { min: 0, max: 0 },
  flags: [{ name: 'format', short: 'f', type: 'string', usage: 'Format output using a custom template' }],
  async run({ client, io }, { flags }) {
    const server = await client.json<Version>('GET', '/version');
    const format = flagString(flags, 'format');
    if (format !== undefined) {
      const data = { Client: { ...CLIENT, Context: 'default', Os: 'browser', Arch: 'wasm' }, Server: server };
      io.stdout((format === 'json' ? JSON.stringify(data) : compileTemplate(format)(data)) + '\n');
      return 0;
    }
    const line = (key: string, value: string | undefined): string => ` ${`${key}:`.padEnd(19)}${value ?? ''}\n`;
    io.stdout(`Client: Drydock\n${line('Version', CLIENT.Version)}${line('API version', CLIENT.ApiVersion)}${line('Context', 'default')}\n`
      + `Server: ${server.Platform?.Name ?? ''}\n Engine:\n`
      + [['Version', server.Version], ['API version', `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`], ['OS/Arch', `${server.Os}/${server.Arch}`], ['Kernel', server.KernelVersion]].map(([k, v]) => `  ${`${k}:`.padEnd(18)}${v}\n`).join(''));
    return 0;
  },
};
