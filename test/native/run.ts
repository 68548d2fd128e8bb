/** Runs differential cases on this machine's processor (harness.c) and on our Cpu. Both answer in the same record layout. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Access, Exit, Vector, type Cpu } from '../../src/cpu/cpu.ts';
import { At, CODE, CODE_SIZE, DATA, DATA_SIZE, GS_BASE, HIGH, READONLY, RECORD, WINDOWS } from './layout.ts';

const PAGE = 4096;
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = fileURLToPath(new URL('harness.c', import.meta.url));

/** True where the oracle exists: x86-64 Linux with gcc. */
export function oracleAvailable(): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let built: string | undefined;

function harness(): string {
  if (built !== undefined) return built;
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const binary = `${root}/.cache/harness-${digest}`;
  if (!existsSync(binary)) {
    mkdirSync(`${root}/.cache`, { recursive: true });
    execFileSync('gcc', ['-O1', '-fno-stack-protector', '-o', `${binary}.${process.pid}`, source]);
    renameSync(`${binary}.${process.pid}`, binary);
  }
  return built = binary;
}

export function runNative(cases: Uint8Array): Uint8Array {
  const binary = harness();
  const base = `${root}/.cache/cases-${process.pid}-${Math.floor(performance.now() * 1000)}`;
  try {
    writeFileSync(`${base}.in`, cases);
    execFileSync(binary, [`${base}.in`, `${base}.out`]);
    return new Uint8Array(readFileSync(`${base}.out`));
  } finally {
    rmSync(`${base}.in`, { force: true });
    rmSync(`${base}.out`, { force: true });
  }
}

/** Our Cpu with the address space of the cases loaded. */
class OurSide {
  private readonly codeAt: number;
  private readonly dataAt: number;

  constructor(private readonly cpu: Cpu) {
    const { memory } = cpu;
    this.codeAt = memory.size;
    this.dataAt = this.codeAt + CODE_SIZE;
    const readonlyAt = this.dataAt + DATA_SIZE;
    if (!memory.grow(CODE_SIZE + DATA_SIZE + PAGE)) throw new Error('no memory');
    const { codeAt, dataAt } = this;
    cpu.load(cpu.newContext(), {
      resolve(va: number): number {
        const page = va >= HIGH ? va - HIGH : va;
        if (page >= CODE && page < CODE + CODE_SIZE) return codeAt + (page - CODE) + Access.Read + Access.Execute;
        if (page >= DATA && page < DATA + DATA_SIZE) return dataAt + (page - DATA) + Access.Read + Access.Write;
        return page === READONLY ? readonlyAt + Access.Read : 0;
      },
    });
    cpu.state.gsBase = GS_BASE;
  }

  run(cases: Uint8Array): Uint8Array {
    const { cpu, codeAt, dataAt } = this;
    const { memory, state, code } = cpu;
    const results = new Uint8Array(cases.length);
    const input = new DataView(cases.buffer, cases.byteOffset), output = new DataView(results.buffer);
    for (let at = 0; at < cases.length; at += RECORD) {
      memory.u8.fill(0xcc, codeAt, codeAt + CODE_SIZE);
      const rip = Number(input.getBigUint64(at + At.rip, true)), offset = (rip % 2 ** 32) - CODE;
      const length = Math.min(Number(input.getBigUint64(at + At.length, true)), CODE_SIZE - offset);
      memory.u8.set(cases.subarray(at + At.code, at + At.code + length), codeAt + offset);
      for (let p = codeAt; p < codeAt + CODE_SIZE; p += PAGE) if (code.hasCode(p)) code.dropPage(p);
      let from = at + At.data;
      for (const w of WINDOWS) {
        memory.u8.set(cases.subarray(from, from + w.size), dataAt + w.offset);
        from += w.size;
      }
      for (let i = 0; i < 16; i++) state.setBig(i, input.getBigInt64(at + At.gpr + i * 8, true));
      state.rflags = Number(input.getBigUint64(at + At.rflags, true));
      state.rip = rip;
      state.fxrstor(cases.subarray(at + At.fx, at + At.fx + 512));
      // The harness ends at int3; a run that does not stop is a bug worth seeing.
      let exit: Exit = Exit.Interrupted;
      for (let n = 0; n < 4 && exit === Exit.Interrupted; n++) exit = cpu.run(1000);
      const vector = exit === Exit.Fault ? cpu.fault.vector : exit === Exit.Syscall ? 0x100 : 0x101;
      for (let i = 0; i < 16; i++) output.setBigInt64(at + At.gpr + i * 8, state.getBig(i), true);
      output.setBigUint64(at + At.rflags, BigInt(state.rflags), true);
      let end = state.rip;
      // Past the int3 that ends every case.
      if (vector === Vector.BP) end -= 1;
      output.setBigUint64(at + At.rip, BigInt.asUintN(64, BigInt(end)), true);
      state.fxsave(results.subarray(at + At.fx, at + At.fx + 512));
      output.setBigUint64(at + At.vector, BigInt(vector), true);
      output.setBigUint64(at + At.address, vector === Vector.PF ? BigInt.asUintN(64, BigInt(cpu.fault.address)) : 0n, true);
      let done = 0, to = at + At.data;
      for (const w of WINDOWS) {
        if (memory.u8.subarray(dataAt + done, dataAt + w.offset).some((b) => b !== 0)) {
          output.setBigUint64(at + At.stray, 1n, true);
          memory.u8.fill(0, dataAt + done, dataAt + w.offset);
        }
        results.set(memory.u8.subarray(dataAt + w.offset, dataAt + w.offset + w.size), to);
        to += w.size;
        done = w.offset + w.size;
      }
    }
    return results;
  }
}

const sides = new WeakMap<Cpu, OurSide>();

export function runOurs(cpu: Cpu, cases: Uint8Array): Uint8Array {
  let side = sides.get(cpu);
  if (side === undefined) sides.set(cpu, side = new OurSide(cpu));
  return side.run(cases);
}
