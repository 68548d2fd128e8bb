/** What the runtime asks of a kernel: starting, signalling, pausing, limits, and the errors of programs that cannot start. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Credentials } from '../../../../src/kernel/task/credentials.ts';
import { compile, Guest, type RunOptions } from '../../../support/run-guest.ts';

const source = `
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void bye(int s) { _exit(33); }
int main(int argc, char **argv) {
  const char *what = argv[1];
  setvbuf(stdout, 0, _IONBF, 0);
  if (!strcmp(what, "wait")) { puts("ready"); for (;;) pause(); }
  if (!strcmp(what, "handle")) { signal(SIGTERM, bye); puts("ready"); for (;;) pause(); }
  if (!strcmp(what, "suicide")) { kill(1, SIGKILL); kill(1, SIGTERM); return getpid() == 1 ? 21 : 22; }
  if (!strcmp(what, "eat")) { int s; if (!fork()) for (;;) memset(malloc(1 << 20), 1, 1 << 20); wait(&s); printf("%d\\n", WTERMSIG(s)); return 0; }
  if (!strcmp(what, "forks")) { int n = 0; while (n < 100) { int p = fork(); if (p < 0) break; if (!p) { pause(); _exit(0); } n++; } printf("%d %s\\n", n, strerror(errno)); return 0; }
  if (!strcmp(what, "tick")) { for (int i = 0;; i++) { write(1, ".", 1); usleep(2000); } }
  if (!strcmp(what, "spin")) for (volatile int i = 0;; i++);
  return 0;
}`;
const program = readFileSync(compile(source));
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const guestWith = (options: { memoryLimit?: number; pidsLimit?: number } = {}): Guest => new Guest({ files: { '/prog': program }, ...options });

describe('kernel', () => {
  it('gives process 1 only the signals it handles, and SIGKILL from outside', async () => {
    const a = guestWith();
    const waiting = a.run(['/prog', 'wait']);
    await sleep(150);
    a.kernel.kill(1, 15);
    await sleep(50);
    expect(a.kernel.processes.has(1)).toBe(true);
    expect(a.kernel.kill(1, 9)).toBe(true);
    expect(await waiting).toMatchObject({ exitCode: 137, stdout: 'ready\n' });
    expect(a.kernel.kill(1, 9)).toBe(false);

    const b = guestWith();
    const handling = b.run(['/prog', 'handle']);
    await sleep(150);
    b.kernel.kill(1, 15);
    expect((await handling).exitCode).toBe(33);
    expect((await guestWith().run(['/prog', 'suicide'])).exitCode).toBe(21);
  });

  it('runs further processes beside process 1 and ends them with it', async () => {
    const guest = guestWith();
    const first = guest.run(['/prog', 'wait']);
    await sleep(100);
    expect((await guest.run(['/prog', 'nothing'])).exitCode).toBe(0);
    const second = guest.run(['/prog', 'spin']);
    await sleep(50);
    expect(guest.kernel.processes.size).toBe(2);
    guest.kernel.kill(1, 9);
    expect((await first).exitCode).toBe(137);
    expect((await second).exitCode).toBe(137);
    expect(guest.kernel.processes.size).toBe(0);
  });

  it('freezes and thaws', async () => {
    const guest = guestWith();
    const run = guest.run(['/prog', 'tick']);
    await sleep(100);
    guest.kernel.pause();
    await sleep(10);
    const { instructions } = guest.kernel.counters();
    await sleep(60);
    expect(guest.kernel.counters().instructions).toBe(instructions);
    guest.kernel.resume();
    await sleep(60);
    expect(guest.kernel.counters().instructions).toBeGreaterThan(instructions);
    guest.kernel.killAll();
    expect((await run).exitCode).toBe(137);
  });

  it('kills for memory and refuses forks beyond the limit of tasks', async () => {
    const eat = guestWith({ memoryLimit: 24 << 20 });
    expect(await eat.run(['/prog', 'eat'])).toMatchObject({ exitCode: 0, stdout: '9\n' });
    expect(eat.kernel.oomKills).toBe(1);
    expect(eat.logged.join()).toContain('Out of memory');
    expect((await guestWith({ pidsLimit: 10 }).run(['/prog', 'forks'])).stdout).toBe('9 Resource temporarily unavailable\n');
  });

  it('gives every page back', async () => {
    const guest = guestWith();
    await guest.run(['/prog', 'nothing']);
    const used = guest.kernel.pages.used;
    for (let i = 0; i < 5; i++) await guest.run(['/prog', 'suicide']);
    expect(guest.kernel.pages.used).toBe(used);
  });

  it('says why a program cannot start', async () => {
    const guest = guestWith();
    guest.file('/text', 'no program', 0o644);
    guest.file('/bad', 'neither ELF nor script');
    guest.file('/lost', '#!/no/such/interpreter\n');
    guest.file('/script', '#!/prog suicide\n');
    const failure = (argv: string[], options?: RunOptions): Promise<string> => guest.run(argv, options).then(() => 'started', (e: Error) => e.message);
    expect(await failure(['nosuch'])).toBe('exec: "nosuch": executable file not found in $PATH');
    expect(await failure(['/nosuch'])).toBe('exec: "/nosuch": stat /nosuch: no such file or directory');
    expect(await failure(['/text'])).toBe('exec: "/text": permission denied');
    expect(await failure(['/tmp'])).toBe('exec: "/tmp": is a directory');
    expect(await failure(['/bad'])).toBe('exec /bad: exec format error');
    expect(await failure(['/lost'])).toBe('exec /lost: no such file or directory');
    expect(await failure(['/prog'], { cwd: '/nowhere' })).toBe('chdir to cwd ("/nowhere") set in config.json failed: no such file or directory');
    expect(guest.kernel.processes.size).toBe(0);
    expect((await guest.run(['/script'], { credentials: Credentials.user(1000, 1000) })).exitCode).toBe(22);
  });
});
