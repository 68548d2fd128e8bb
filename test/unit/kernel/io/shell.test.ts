/** An interactive bash of this machine on a terminal that the host holds: line editing, pipelines, job control. */
import { describe, expect, it } from 'vitest';
import { Credentials } from '../../../../src/kernel/task/credentials.ts';
import { shellExitCode } from '../../../../src/kernel/task/process.ts';
import { Guest } from '../../../support/run-guest.ts';
import { mountDevpts, openSlave } from './rig.ts';

describe('interactive bash', () => {
  it('edits lines, pipes and controls jobs', async () => {
    const guest = new Guest();
    for (const program of ['bash', 'cat', 'sleep', 'tty', 'stty', 'head', 'yes', 'wc']) guest.addProgram(`/usr/bin/${program}`);
    mountDevpts(guest);
    const { kernel } = guest, master = kernel.io.terminals.openHost(), slave = openSlave(guest, master);
    master.resize(24, 80);
    let output = '', status = -1;
    master.onReadable = () => { output += new TextDecoder().decode(master.read()); };
    await kernel.spawn({
      argv: ['bash', '--norc'], env: ['PATH=/usr/bin', 'TERM=dumb', 'PS1=$ '], cwd: '/', files: [slave, slave.retain(), slave.retain()],
      terminal: master.terminal, credentials: Credentials.user(0, 0), onExit: (s) => { status = s; },
    });
    const until = async (f: () => boolean): Promise<void> => {
      for (const end = Date.now() + 15_000; !f(); await new Promise((r) => setTimeout(r, 5))) if (Date.now() > end) throw new Error(`stuck after ${JSON.stringify(output)}`);
    };
    const type = async (keys: string, end = '$ '): Promise<string> => {
      const start = output.length;
      master.write(new TextEncoder().encode(keys));
      await until(() => output.length > start && output.endsWith(end));
      return output.slice(start);
    };
    await until(() => output.endsWith('$ '));
    expect(await type('echo hello | cat\r')).toBe('echo hello | cat\r\nhello\r\n$ ');
    expect(await type('tty; stty size\r')).toBe('tty; stty size\r\n/dev/pts/0\r\n24 80\r\n$ ');
    expect(await type('yes | head -3 | wc -l\r')).toBe('yes | head -3 | wc -l\r\n3\r\n$ ');
    expect(await type('echo ab\x7fc\r')).toMatch(/\r\nac\r\n\$ $/);
    await type('sleep 100\r', 'sleep 100\r\n');
    await new Promise((r) => setTimeout(r, 300));
    expect(await type('\x1a')).toMatch(/Stopped +sleep 100\r\n\$ $/);
    await type('fg\r', 'fg\r\nsleep 100\r\n');
    await type('\x03');
    await type('cat > /tmp/f\r', '/tmp/f\r\n');
    await type('line one\r', 'one\r\n');
    await type('\x04');
    expect(await type('cat /tmp/f; exit 3\r', 'exit\r\n')).toBe('cat /tmp/f; exit 3\r\nline one\r\nexit\r\n');
    await until(() => status >= 0);
    expect({ exitCode: shellExitCode(status), log: guest.logged }).toEqual({ exitCode: 3, log: [] });
  }, 60_000);
});
