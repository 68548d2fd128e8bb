/** Programs about pipes, readiness, events, sockets and terminals print the same natively and in a guest. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Guest, compile, runNative } from '../../../support/run-guest.ts';

const directory = fileURLToPath(new URL('programs/', import.meta.url));

function build(name: string): string {
  return compile(readFileSync(`${directory}${name}.c`, 'utf8').replace('#include "io.h"', () => readFileSync(`${directory}io.h`, 'utf8')));
}

/** A guest with what a container has: devpts, and a network interface. */
function makeGuest(program: string): Guest {
  const guest = new Guest({ files: { '/prog': readFileSync(program) }, strace: process.env.STRACE !== undefined });
  const { kernel } = guest;
  guest.directory('/dev/pts');
  guest.device('/dev/ptmx', 5, 2);
  guest.device('/dev/tty', 5, 0);
  const root = kernel.namespace!.root, dev = root.root.lookup('dev')!.lookup('pts')!;
  kernel.namespace!.attach(kernel.vfs.mount(kernel.vfs.create('devpts', { source: 'devpts', flags: 0, data: 'gid=5,mode=620,ptmxmode=666' }), 'devpts'), { mount: root, dentry: dev });
  return guest;
}

describe.each(['pipe', 'poll', 'epoll', 'event', 'unix', 'inet', 'tty'])('%s', (name) => {
  it('prints what it prints natively', async () => {
    const program = build(name), native = runNative(program);
    const guest = makeGuest(program);
    const result = await guest.run(['/prog'], { timeout: 20_000 });
    guest.kernel.shutdown();
    if (process.env.STRACE !== undefined) console.log(guest.trace.join('\n'));
    expect({ out: result.stdout.split('\n'), err: result.stderr, code: result.exitCode, log: guest.logged }).toEqual({ out: native.stdout.split('\n'), err: native.stderr, code: native.exitCode, log: [] });
  }, 40_000);
});

