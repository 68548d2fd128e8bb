/** A CPU with a bare address space, and the assembler: for tests that run hand-written programs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCpu } from '../../../src/cpu/create.ts';
import { Exit, Reg, type AddressSpace, type Cpu } from '../../../src/cpu/cpu.ts';

/** Intel-syntax assembly to flat machine code, linked at `origin`. */
export function assemble(source: string, origin = 0x400000): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-as-'));
  try {
    const [s, o, elf, bin] = ['a.s', 'a.o', 'a.elf', 'a.bin'].map((f) => join(dir, f));
    writeFileSync(s, `.intel_syntax noprefix\n.globl _start\n_start:\n${source}\n`);
    execFileSync('as', [s, '-o', o]);
    execFileSync('ld', ['-N', '--no-warn-rwx-segments', '-e', '_start', `-Ttext=0x${origin.toString(16)}`, o, '-o', elf]);
    execFileSync('objcopy', ['-O', 'binary', elf, bin]);
    return new Uint8Array(readFileSync(bin));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Pages given out one after another; permissions by page. */
export class BareSpace implements AddressSpace {
  readonly pages = new Map<number, { physical: number; access: number }>();
  resolves = 0;
  constructor(private readonly cpu: Cpu) {}

  resolve(page: number, _access: number): number {
    this.resolves++;
    const found = this.pages.get(page);
    return found ? found.physical + found.access : 0;
  }
  map(va: number, length: number, access: number): void {
    for (let page = va - (va % 4096); page < va + length; page += 4096) {
      const { memory } = this.cpu;
      const physical = nextPage.get(this.cpu) ?? memory.reserved;
      if (physical + 4096 > memory.size && !memory.grow(1 << 20)) throw new Error('out of memory');
      nextPage.set(this.cpu, physical + 4096);
      this.pages.set(page, { physical, access });
    }
  }
  write(va: number, bytes: Uint8Array): void {
    bytes.forEach((b, k) => { this.cpu.memory.u8[this.physical(va + k)] = b; });
  }
  read(va: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, k) => this.cpu.memory.u8[this.physical(va + k)]);
  }
  physical(va: number): number {
    const page = this.pages.get(va - (va % 4096));
    if (!page) throw new Error(`0x${va.toString(16)} is not mapped`);
    return page.physical + (va % 4096);
  }
}
const nextPage = new WeakMap<Cpu, number>();

export const CODE = 0x400000, DATA = 0x600000, STACK_TOP = 0x7fff0000;
export const R = 1, W = 2, X = 4;

export interface Program { cpu: Cpu; space: BareSpace; log: string[] }

/** Loads machine code at CODE, 64 KiB of data at DATA and a stack; rip is at the code. */
export function load(code: Uint8Array, cpu = newCpu().cpu, log: string[] = []): Program {
  const space = new BareSpace(cpu);
  space.map(CODE, code.length + 16, R | X);
  space.write(CODE, code);
  space.map(DATA, 0x10000, R | W);
  space.map(STACK_TOP - 0x10000, 0x10000, R | W);
  cpu.load(cpu.newContext(), space);
  cpu.state.rip = CODE;
  cpu.state.set(Reg.rsp, STACK_TOP - 256);
  return { cpu, space, log };
}

export function newCpu(): { cpu: Cpu; log: string[] } {
  const log: string[] = [];
  return { cpu: createCpu({ memoryLimit: 64 << 20, log: (m) => log.push(m), clock: performanceClock }), log };
}
const performanceClock = { monotonic: () => performance.now() };

/** Assembles, loads and runs to the first syscall. */
export function run(source: string, before?: (p: Program) => void): Program {
  const { cpu, log } = newCpu();
  const p = load(assemble(`${source}\nsyscall`), cpu, log);
  before?.(p);
  for (let k = 0; k < 1000; k++) {
    const exit = cpu.run(1_000_000);
    if (exit === Exit.Syscall) return p;
    if (exit === Exit.Fault) throw new Error(`fault ${JSON.stringify(cpu.fault)} at 0x${cpu.state.rip.toString(16)} ${log.join()}`);
  }
  throw new Error('does not end');
}
