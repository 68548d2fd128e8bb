/** Programs whose pages arrive late: the store answers only after a while, as IndexedDB does, and everything parks and goes on. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { S_IFREG } from '../../../../src/abi/stat.ts';
import { TmpRegular } from '../../../../src/kernel/fs/tmpfs/inodes.ts';
import { CachedContent } from '../../../../src/kernel/vfs/cached-content.ts';
import type { ContentSource } from '../../../../src/kernel/vfs/content.ts';
import { compile, Guest } from '../../../support/run-guest.ts';

/** Bytes that must be fetched, one page at a time, before they can be read. */
class SlowSource implements ContentSource {
  fetches = 0;
  private readonly here = new Set<number>();
  private readonly coming = new Map<number, Promise<void>>();
  constructor(private readonly bytes: Uint8Array) {}
  get size(): number { return this.bytes.length; }

  peek(offset: number, into: Uint8Array): boolean {
    if (this.missing(offset, into.length) !== undefined) return false;
    into.fill(0);
    into.set(this.bytes.subarray(offset, offset + into.length));
    return true;
  }

  fetch(offset: number, length: number): Promise<void> | undefined {
    const page = this.missing(offset, length);
    if (page === undefined) return undefined;
    let coming = this.coming.get(page);
    if (coming) return coming;
    this.fetches++;
    coming = new Promise((done) => setTimeout(() => { this.here.add(page); done(); }, 0));
    this.coming.set(page, coming);
    return coming;
  }

  private missing(offset: number, length: number): number | undefined {
    for (let p = Math.floor(offset / 4096); p * 4096 < Math.min(offset + length, this.size); p++) if (!this.here.has(p)) return p;
    return undefined;
  }
}

const source = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static int status = 1;
static char pad[70000] = "x", name[64] = "initialised";
int main(int argc, char **argv) {
  if (argc > 1) { printf("%s %c %d\\n", name, pad[0], argc); return 5; }
  int p[2]; pipe(p);
  if (fork() == 0) { dup2(p[1], 1); char *a[] = {argv[0], "x", 0}; execv(argv[0], a); _exit(127); }
  close(p[1]);
  int n = read(p[0], pad + 30000, 100);
  wait(&status);
  printf("%d %.*s", WEXITSTATUS(status), n, pad + 30000);
  return 0;
}`;

describe('a slow store', () => {
  it('delays programs and harms nothing', async () => {
    const guest = new Guest();
    const slow = new SlowSource(readFileSync(compile(source)));
    const content = new CachedContent(guest.kernel.vfs, slow) as CachedContent & { destroy(): void };
    guest.root.root.link('prog', new TmpRegular(guest.root, 999, S_IFREG | 0o755, { uid: 0, gid: 0 }, content));
    const result = await guest.run(['/prog']);
    expect(result).toMatchObject({ exitCode: 0, stdout: '5 initialised x 2\n' });
    expect(slow.fetches).toBeGreaterThan(10);
    guest.kernel.shutdown();
  });
});
