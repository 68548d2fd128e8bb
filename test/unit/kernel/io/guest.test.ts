/** Programs about pipes, readiness, events, sockets and terminals print the same natively and in a guest. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Guest, compile, runNative } from '../../../support/run-guest.ts';
import { mountDevpts } from './rig.ts';

const directory = fileURLToPath(new URL('programs/', import.meta.url));

function build(name: string): string {
  return compile(readFileSync(`${directory}${name}.c`, 'utf8').replace('#include "io.h"', () => readFileSync(`${directory}io.h`, 'utf8')));
}

function makeGuest(program: string): Guest {
  const guest = new Guest({ files: { '/prog': readFileSync(program) }, strace: process.env.STRACE !== undefined });
  mountDevpts(guest);
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

