/**
 * The code cache: decodes guest code into blocks of uop records, keyed by physical page and offset, and forgets them when
 * the page's bytes change. Each code page has a map from offset to record that generated code reads (interp/generate.ts).
 * Records of a dropped page all become `stale`, so that whoever still runs or links to them looks its address up again.
 */
import { Vector, type CodeCache } from './cpu.ts';
import type { PhysicalMemory } from './memory.ts';
import type { SoftMmu } from './mmu.ts';
import { ARENA, ARENA_END, CODE_PAGES, PAGE_MAP_BYTES, PAGE_MAP_COUNT, PAGE_MAPS, RECORD } from './state.ts';
import { crossing, fall, raise, stale } from './uops/branch.ts';
import { ALL_FLAGS, uops } from './uops/define.ts';
import { MARK, Offset, RECORD_BYTES } from './uops/record.ts';
import { Decode, decode } from './x64/decode.ts';
import { BlockBuilder } from './x64/lower/builder.ts';
import { loweringOf } from './x64/lower/index.ts';

const PAGE = 4096;
/** Instructions in one decoding, and bytes of arena it may need at most. */
const MAX_INSTRUCTIONS = 64;
const MAX_BLOCK_BYTES = MAX_INSTRUCTIONS * 48 * RECORD_BYTES;

class CodePage {
  /** Record ranges: start, end, start, end … */
  readonly ranges: number[] = [];
  /** Pages with an instruction that ends in this one. */
  dependents: Set<number> | undefined;
  constructor(readonly physical: number, readonly map: number) {}
}

export class BlockCache implements CodeCache {
  blocksDecoded = 0;
  instructionsDecoded = 0;
  /** True while generated code is on the stack: then the current instruction's records must survive a drop. */
  running = false;

  private readonly pages = new Map<number, CodePage>();
  private freeMaps: number[] = [];
  private top = ARENA;
  private readonly builder: BlockBuilder;
  private readonly crossingBytes = new Uint8Array(32);
  private readonly reported = new Set<string>();
  /** By uop number: flags read, surely written, possibly written, and the silent twin. */
  private readonly reads = Uint8Array.from(uops, (u) => u.reads);
  private readonly writes = Uint8Array.from(uops, (u) => u.writes);
  private readonly mayWrite = Uint8Array.from(uops, (u) => u.mayWrite);
  private readonly silent = Uint16Array.from(uops, (u) => u.silent);

  constructor(private readonly memory: PhysicalMemory, private readonly mmu: SoftMmu, private readonly log: (message: string) => void) {
    this.builder = new BlockBuilder(memory);
    this.resetMaps();
  }

  hasCode(physicalPage: number): boolean { return this.memory.u32[(CODE_PAGES + (physicalPage / PAGE) * 4) >> 2] !== 0; }

  /** Record for the code at `physical` + offset; 0 when there is no room and reset() is needed. `secondPage` resolves the following page, 0 if it cannot. */
  find(physical: number, offset: number, secondPage: () => number): number {
    const page = this.pages.get(physical) ?? this.addPage(physical);
    if (page === undefined) return 0;
    const known = this.memory.u32[(page.map >> 2) + offset];
    if (known > MARK) return known;
    if (this.top + MAX_BLOCK_BYTES > ARENA_END) return 0;
    return this.translate(page, offset, secondPage);
  }

  private addPage(physical: number): CodePage | undefined {
    const map = this.freeMaps.pop();
    if (map === undefined) return undefined;
    this.memory.u32.fill(0, map >> 2, (map + PAGE_MAP_BYTES) >> 2);
    const page = new CodePage(physical, map);
    this.pages.set(physical, page);
    this.memory.u32[(CODE_PAGES + (physical / PAGE) * 4) >> 2] = map;
    this.mmu.removeWrite(physical);
    return page;
  }

  private translate(page: CodePage, offset: number, secondPage: () => number): number {
    const b = this.builder;
    const { u8, u32 } = this.memory;
    const map = page.map >> 2;
    const start = this.top;
    b.begin(start, page.map);
    let pc = offset;
    let result = start;
    for (let n = 1; ; n++) {
      const length = decode(u8, page.physical + pc, page.physical + PAGE, b.insn);
      if (length === Decode.Truncated) {
        if (pc === offset) result = this.translateCrossing(page, offset, secondPage);
        else {
          // A block begun here at a branch target is not one after all.
          if (u32[map + pc] === b.at) u32[map + pc] = MARK;
          this.fallInto(pc, 0);
        }
        break;
      }
      this.lowerInstruction(pc, length, u8, page.physical + pc);
      if (b.ended) break;
      pc += length;
      const known = pc < PAGE ? u32[map + pc] : 0;
      if (pc >= PAGE || known > MARK || n === MAX_INSTRUCTIONS) { this.fallInto(pc, known > MARK ? known : 0); break; }
      if (known === MARK) {
        this.fallInto(pc, b.at + RECORD_BYTES);
        u32[map + pc] = b.at;
        b.first = b.at;
        b.count = 0;
        this.blocksDecoded++;
      }
    }
    if (result === 0) return 0;
    this.silence(start, b.at);
    page.ranges.push(start, b.at);
    u32[map + offset] = start;
    this.top = b.at;
    this.blocksDecoded++;
    return start;
  }

  private fallInto(pc: number, record: number): void {
    const b = this.builder;
    b.pc = pc;
    b.emit(fall, b.count, 0, 0, pc);
    if (record !== 0) this.memory.u32[(b.at - RECORD_BYTES + Offset.next) >> 2] = record;
  }

  /** The block of an instruction that reaches into the next page; it checks at every execution that this is still the same page. */
  private translateCrossing(page: CodePage, offset: number, secondPage: () => number): number {
    const second = secondPage();
    if (second === 0) return 0;
    const { u8 } = this.memory;
    const here = PAGE - offset;
    this.crossingBytes.set(u8.subarray(page.physical + offset, page.physical + PAGE));
    this.crossingBytes.set(u8.subarray(second, second + 16), here);
    const other = this.pages.get(second) ?? this.addPage(second);
    if (other === undefined) return 0;
    (other.dependents ??= new Set()).add(page.physical);
    const b = this.builder;
    b.pc = offset;
    b.emit(crossing, 0, 0, 0, 0, second);
    const length = decode(this.crossingBytes, 0, here + 16, b.insn);
    this.lowerInstruction(offset, length, this.crossingBytes, 0);
    if (!b.ended) this.fallInto(offset + length, 0);
    return b.first;
  }

  /** Appends one instruction, or the exception that stands for it. */
  private lowerInstruction(pc: number, length: number, bytes: Uint8Array, at: number): void {
    const b = this.builder;
    b.beginInstruction(pc);
    this.instructionsDecoded++;
    if (length < 0) {
      b.insn.len = 1;
      if (length === Decode.TooLong) { b.end(raise, 0, 0, Vector.GP); return; }
      this.undefinedInstruction(bytes, at, 8, 'bytes');
      return;
    }
    const { row } = b.insn;
    if (row.system) { b.end(raise, 0, 0, Vector.GP); return; }
    const lowering = loweringOf(row);
    const before = b.at;
    if (lowering !== undefined && lowering(b, b.insn) !== false) return;
    b.at = before;
    this.undefinedInstruction(bytes, at, length, row.name);
  }

  private undefinedInstruction(bytes: Uint8Array, at: number, length: number, name: string): void {
    const hex = Array.from(bytes.subarray(at, at + length), (x) => x.toString(16).padStart(2, '0')).join(' ');
    const key = name === 'bytes' ? hex : name;
    if (this.reported.size < 1000 && !this.reported.has(key)) {
      this.reported.add(key);
      this.log(`unsupported instruction ${name}: ${hex}`);
    }
    this.builder.end(raise, 0, 0, Vector.UD);
  }

  /** Backward liveness: flag writers whose flags nobody reads become their silent twins. All flags are live at the end. */
  private silence(start: number, end: number): void {
    const { u16 } = this.memory;
    const { reads, writes, mayWrite, silent } = this;
    let live = ALL_FLAGS;
    for (let at = end - RECORD_BYTES; at >= start; at -= RECORD_BYTES) {
      let op = u16[at >> 1];
      if (silent[op] !== 0 && (mayWrite[op] & live) === 0) u16[at >> 1] = op = silent[op];
      live = (live & ~writes[op]) | reads[op];
    }
  }

  dropPage(physicalPage: number): void {
    const page = this.pages.get(physicalPage);
    if (page === undefined) return;
    const { u16, u32 } = this.memory;
    this.pages.delete(physicalPage);
    u32[(CODE_PAGES + (physicalPage / PAGE) * 4) >> 2] = 0;
    this.freeMaps.push(page.map);
    const current = this.running ? u32[RECORD >> 2] : 0;
    const currentPc = current ? u16[(current + Offset.pc) >> 1] : 0;
    for (let k = 0; k < page.ranges.length; k += 2) {
      const end = page.ranges[k + 1];
      for (let at = page.ranges[k]; at < end; at += RECORD_BYTES) {
        if (at === current) {
          // The rest of the running instruction has to be finished.
          while (at + RECORD_BYTES < end && u16[(at + RECORD_BYTES + Offset.pc) >> 1] === currentPc) at += RECORD_BYTES;
          continue;
        }
        u16[at >> 1] = stale;
      }
    }
    if (page.dependents) for (const other of page.dependents) this.dropPage(other);
  }

  /** Forgets everything. Only between runs. */
  reset(): void {
    const { u32 } = this.memory;
    for (const physical of this.pages.keys()) u32[(CODE_PAGES + (physical / PAGE) * 4) >> 2] = 0;
    this.pages.clear();
    this.top = ARENA;
    this.resetMaps();
  }

  private resetMaps(): void {
    this.freeMaps = Array.from({ length: PAGE_MAP_COUNT }, (_, k) => PAGE_MAPS + (PAGE_MAP_COUNT - 1 - k) * PAGE_MAP_BYTES);
  }
}
