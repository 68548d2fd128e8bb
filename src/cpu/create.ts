/** The CPU of a sandbox: physical memory, software MMU, code cache and interpreter, behind the contract of cpu.ts. */
import { BlockCache } from './blocks.ts';
import { Access, Exit, Vector, type AddressSpace, type Cpu, type CpuContext, type CpuFault } from './cpu.ts';
import { freshContext, RegisterFile } from './cpu-state.ts';
import { generateInterpreter } from './interp/generate.ts';
import { PhysicalMemory } from './memory.ts';
import { SoftMmu } from './mmu.ts';
import * as state from './state.ts';
import { crcTable } from './uops/bits.ts';
import { call, callIndirect, InternalExit, ret } from './uops/branch.ts';
import { helpers, type HelperCpu } from './uops/helper.ts';
import { Offset } from './uops/record.ts';
import { leave, pop, push, pushImm } from './uops/stack.ts';
import { createCpuid } from './x64/cpuid.ts';
import { isLowered } from './x64/lower/index.ts';

export interface CpuOptions {
  /** Bytes of physical memory in all, at most 4 GiB - 64 KiB. What the CPU itself needs (state.RESERVED) is on top, as far as there is room. */
  memoryLimit: number;
  /** One line for each unsupported instruction met. */
  log: (message: string) => void;
  /** Monotonic time in milliseconds: the time-stamp counter counts its nanoseconds. */
  clock: { monotonic(): number };
  /** For rdrand; the host's generator when absent. */
  random?: (into: Uint8Array) => void;
  /** From compileInterpreter(), perhaps of another worker: a module can be posted, and V8 shares its optimised code. */
  interpreter?: WebAssembly.Module;
}

/** The interpreter's module, compiled once for each worker. */
export function compileInterpreter(): WebAssembly.Module {
  return interpreter ??= new WebAssembly.Module(generateInterpreter(state.RESERVED / WASM_PAGE, MAX_PAGES) as Uint8Array<ArrayBuffer>);
}

/** Uops that address the stack without naming it. */
const STACK_UOPS: ReadonlySet<number> = new Set([push[8], push[2], pushImm[8], pushImm[2], pop[8], pop[2], leave, call, callIndirect, ret]);
const WASM_PAGE = 65536;
const MAX_PAGES = 65535;
let interpreter: WebAssembly.Module | undefined;

class Machine implements Cpu {
  readonly memory: PhysicalMemory;
  readonly mmu: SoftMmu;
  readonly code: BlockCache;
  readonly state: RegisterFile;
  readonly fault: CpuFault = { vector: Vector.PF, address: 0, access: 0 };

  private readonly runWasm: () => number;
  private context: CpuContext | undefined;
  private retired = 0;
  private budget = 0;
  /** The fault came from fetching the instruction: RIP is already exact. */
  private fetchFault = false;
  private helperRaised = false;
  private readonly secondPage: () => number;
  private fetchPage = 0;

  constructor(private readonly options: CpuOptions) {
    const limit = Math.min(options.memoryLimit + state.RESERVED, MAX_PAGES * WASM_PAGE);
    this.memory = new PhysicalMemory(state.RESERVED, limit);
    this.memory.u32.set(crcTable(), state.CRC_TABLE >> 2);
    this.mmu = new SoftMmu(this.memory);
    this.code = new BlockCache(this.memory, this.mmu, options.log);
    this.mmu.code = this.code;
    this.state = new RegisterFile(this.memory);
    this.secondPage = () => this.mmu.miss(this.fetchPage + 4096, Access.Execute) & -4096;
    interpreter ??= options.interpreter;
    const helperCpu = this.helperCpu();
    const instance = new WebAssembly.Instance(compileInterpreter(), {
      env: {
        memory: this.memory.memory,
        miss: (low: number, high: number, access: number) => this.miss(low, high, access),
        fetch: (low: number, high: number) => this.fetch(low, high),
        helper: (id: number, record: number) => {
          this.helperRaised = false;
          helpers[id](helperCpu, record);
          return this.helperRaised ? 1 : 0;
        },
      },
    });
    this.runWasm = instance.exports['run'] as () => number;
  }

  get counters() {
    return { instructions: this.retired, blocksDecoded: this.code.blocksDecoded, misses: this.mmu.misses };
  }

  newContext(): CpuContext { return freshContext(); }

  load(context: CpuContext, space: AddressSpace): void {
    this.save();
    this.memory.u8.set(context, state.CONTEXT);
    this.context = context;
    this.memory.u32[state.TABLE_BASE >> 2] = this.mmu.activate(space);
  }

  save(): void {
    this.context?.set(this.memory.u8.subarray(state.CONTEXT, state.CONTEXT_END));
  }

  run(budget: number): Exit {
    this.budget = budget;
    this.memory.i32[state.BUDGET >> 2] = budget;
    this.code.running = true;
    try {
      for (;;) {
        const code = this.runWasm();
        if (code === InternalExit.Full) this.code.reset();
        else if (code === InternalExit.Crossing) this.dropCurrentPage();
        else {
          if (code === Exit.Fault) this.describeFault();
          return code as Exit;
        }
      }
    } finally {
      this.code.running = false;
      this.retired += this.budget - this.memory.i32[state.BUDGET >> 2];
    }
  }

  interrupt(): void {
    if (!this.code.running) return;
    const left = this.memory.i32[state.BUDGET >> 2];
    if (left < 0) return;
    this.budget -= left + 1;
    this.memory.i32[state.BUDGET >> 2] = -1;
  }

  private miss(low: number, high: number, access: number): number {
    const entry = this.mmu.miss(high * 2 ** 32 + (low >>> 0), access);
    if (entry === 0) this.memory.i32[state.FAULT_VECTOR >> 2] = this.mmu.faultVector === Vector.GP && this.usesStack() ? Vector.SS : this.mmu.faultVector;
    return entry;
  }

  /** Whether the current record's access is relative to rsp or rbp: a non-canonical address is #SS then. */
  private usesStack(): boolean {
    const { u16, u32 } = this.memory;
    const record = u32[state.RECORD >> 2];
    if (record === 0) return false;
    const base = u16[(record + Offset.a) >> 1];
    return STACK_UOPS.has(u16[(record + Offset.op) >> 1]) || base === state.gpr(4) || base === state.gpr(5);
  }

  private fetch(low: number, high: number): number {
    const va = high * 2 ** 32 + (low >>> 0);
    const offset = low & 4095;
    // No record is current while fetching: a page dropped on the way drops entirely.
    this.memory.i32[state.RECORD >> 2] = 0;
    this.fetchFault = false;
    const entry = this.miss(low, high, Access.Execute);
    if (entry === 0) return this.leave(true);
    this.fetchPage = va - offset;
    this.mmu.faultAddress = 0;
    const record = this.code.find((entry & -4096) >>> 0, offset, this.secondPage);
    if (record !== 0) return record;
    // The second page of the instruction is missing, or there is no room.
    const missing = this.mmu.faultAddress !== 0 && this.mmu.faultAddress === this.fetchPage + 4096 && this.mmu.miss(this.fetchPage + 4096, Access.Execute) === 0;
    if (missing) this.memory.i32[state.FAULT_VECTOR >> 2] = this.mmu.faultVector;
    return this.leave(missing);
  }

  private leave(faulted: boolean): number {
    this.fetchFault = faulted;
    this.memory.i32[state.FETCH_EXIT >> 2] = faulted ? Exit.Fault : InternalExit.Full;
    return 0;
  }

  private dropCurrentPage(): void {
    const page = this.mmu.miss(this.state.rip, Access.Execute) & -4096;
    this.memory.i32[state.RECORD >> 2] = 0;
    if (page !== 0) this.code.dropPage(page >>> 0);
  }

  /** Sets rip and `fault` from what generated code left behind. */
  private describeFault(): void {
    const { i32, u16, u32 } = this.memory;
    const vector = i32[state.FAULT_VECTOR >> 2] as Vector;
    if (!this.fetchFault) {
      const record = u32[state.RECORD >> 2];
      const trap = vector === Vector.BP || vector === Vector.OF || vector === Vector.DB;
      const page = i32[(state.PAGEVA + 4) >> 2] * 2 ** 32 + u32[state.PAGEVA >> 2];
      this.state.rip = page + u16[(record + (trap ? Offset.c : Offset.pc)) >> 1];
    }
    this.fetchFault = false;
    this.fault.vector = vector;
    this.fault.address = vector === Vector.PF ? this.mmu.faultAddress : vector === Vector.GP || vector === Vector.SS ? 0 : this.state.rip;
    this.fault.access = vector === Vector.PF ? this.mmu.faultAccess : 0;
  }

  private helperCpu(): HelperCpu {
    const { memory, mmu } = this;
    const cpuid = createCpuid(isLowered);
    const raise = (vector: Vector): void => {
      this.helperRaised = true;
      memory.i32[state.FAULT_VECTOR >> 2] = vector;
    };
    const translate = (va: number, access: number): number => {
      const entry = mmu.miss(va, access);
      if (entry === 0) { raise(mmu.faultVector); return -1; }
      return ((entry & -4096) >>> 0) + (va % 4096);
    };
    const copy = (va: number, length: number, access: number, each: (physical: number, at: number, n: number) => void): boolean => {
      for (let at = 0, n = 0; at < length; at += n) {
        n = Math.min(length - at, 4096 - ((va + at) % 4096));
        if (translate(va + at, access) < 0) return false;
      }
      for (let at = 0, n = 0; at < length; at += n) {
        n = Math.min(length - at, 4096 - ((va + at) % 4096));
        each(translate(va + at, access), at, n);
      }
      return true;
    };
    return {
      memory,
      raise,
      translate,
      read: (va, into) => copy(va, into.length, Access.Read, (p, at, n) => into.set(memory.u8.subarray(p, p + n), at)),
      write: (va, from) => copy(va, from.length, Access.Write, (p, at, n) => memory.u8.set(from.subarray(at, at + n), p)),
      cpuid: (leaf, subleaf, out) => cpuid.query(leaf, subleaf, out),
      tsc: () => BigInt(Math.round(this.options.clock.monotonic() * 1e6)),
      random: this.options.random ?? ((into) => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); }),
    };
  }
}

export function createCpu(options: CpuOptions): Cpu { return new Machine(options); }
