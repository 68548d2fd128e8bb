/**
 * Guest instructions per second of an integer workload (crc, calls, array sorting) in our CPU, against the same binary run
 * natively. Prints one line for each stage: the interpreter's baseline code first, its optimised code after that.
 * usage: node bench/cpu-loop.mjs [rounds]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const rounds = Number(process.argv[2] ?? 400);
const TEXT = 0x400000, BSS = 0x600000, STACK = 0x7ff00000, PAGE = 4096;
const C = `
static unsigned char bytes[4096];
static int array[1000];
static unsigned crc(const unsigned char *p, int n) {
  unsigned c = ~0u;
  for (int i = 0; i < n; i++) { c ^= p[i]; for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1; }
  return ~c;
}
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
void _start(void) {
  unsigned s = 0;
  for (int r = 0; r < ${rounds}; r++) {
    for (int i = 0; i < 4096; i++) bytes[i] = i * r + 7;
    s ^= crc(bytes, 4096);
    s += fib(18);
    for (int i = 0; i < 1000; i++) array[i] = (i * 7919 + r) % 1000;
    for (int i = 1; i < 300; i++) { int v = array[i], j = i - 1; while (j >= 0 && array[j] > v) { array[j + 1] = array[j]; j--; } array[j + 1] = v; }
    s += array[500];
  }
  __asm__ volatile("syscall" :: "a"(60), "D"(s & 127));
}`;

const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-'));
try {
  const at = (name) => join(dir, name);
  writeFileSync(at('loop.c'), C);
  execFileSync('gcc', ['-O2', '-static', '-nostdlib', '-fno-pic', '-no-pie', '-fno-stack-protector', '-fcf-protection=none', '-Wl,--build-id=none',
    `-Wl,-Ttext=0x${TEXT.toString(16)}`, `-Wl,-Tbss=0x${BSS.toString(16)}`, '-o', at('loop'), at('loop.c')]);
  execFileSync('objcopy', ['-O', 'binary', '-R', '.note*', '-R', '.comment', '-R', '.eh_frame', at('loop'), at('loop.bin')]);
  const entry = parseInt(/([0-9a-f]+) T _start/.exec(execFileSync('nm', [at('loop')], { encoding: 'utf8' }))[1], 16);

  let start = performance.now();
  const native = spawnSync(at('loop'));
  const nativeMs = performance.now() - start;

  await build({
    configFile: false, root, logLevel: 'error',
    build: { outDir: dir, emptyOutDir: false, minify: false, target: 'es2023', lib: { entry: join(root, 'src/cpu/create.ts'), formats: ['es'], fileName: () => 'cpu.mjs' } },
  });
  const { createCpu } = await import(pathToFileURL(at('cpu.mjs')).href);
  const cpu = createCpu({ memoryLimit: 64 << 20, log: console.error, clock: { monotonic: () => performance.now() } });
  const pages = new Map();
  const map = (va, length, access) => {
    for (let page = va; page < va + length; page += PAGE) {
      const physical = cpu.memory.reserved + pages.size * PAGE;
      if (physical + PAGE > cpu.memory.size) cpu.memory.grow(1 << 20);
      pages.set(page, { physical, access });
    }
  };
  map(TEXT, 2 * PAGE, 5);
  map(BSS, 4 * PAGE, 3);
  map(STACK - 16 * PAGE, 16 * PAGE, 3);
  cpu.memory.u8.set(readFileSync(at('loop.bin')), pages.get(TEXT).physical);
  cpu.load(cpu.newContext(), { resolve: (page) => { const p = pages.get(page); return p ? p.physical + p.access : 0; } });
  cpu.state.rip = entry;
  cpu.state.set(4, STACK - 64);

  start = performance.now();
  let last = start, counted = 0;
  for (let exit = 0; exit === 0;) {
    exit = cpu.run(2_000_000);
    const now = performance.now();
    if (exit === 2) throw new Error(`fault ${JSON.stringify(cpu.fault)} at ${cpu.state.rip.toString(16)}`);
    if (now - last < 200 && exit === 0) continue;
    console.log(`${((cpu.counters.instructions - counted) / (now - last) / 1000).toFixed(0).padStart(5)} M instructions/s`);
    last = now;
    counted = cpu.counters.instructions;
  }
  const ours = performance.now() - start;
  if (cpu.state.get(7) !== native.status) throw new Error(`result ${cpu.state.get(7)}, natively ${native.status}`);
  const millions = cpu.counters.instructions / 1e6;
  console.log(`ours ${ours.toFixed(0)} ms for ${millions.toFixed(0)} M instructions, native ${nativeMs.toFixed(0)} ms (${(millions / nativeMs * 1000).toFixed(0)} M/s): ${(ours / nativeMs).toFixed(1)}x`);
} finally {
  rmSync(dir, { recursive: true });
}
